// Trainings through a real Redis server. What trains is made up: a training's history follows from its task, so that it is the
// same wherever and however often it runs.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { TcpProxy } from "../../../scripts/bench/queue/tcp-proxy.ts";
import type { EpochReport } from "../../../src/child/reward.ts";
import { InterruptedError, RunError, UsageError } from "../../../src/common/errors.ts";
import { writeSubsets } from "../../../src/dataset/subset-file.ts";
import { noAugmentation } from "../../../src/policy/policy.ts";
import { type ContentRef, contentRef } from "../../../src/search/content.ts";
import type { Executor, TrainOptions } from "../../../src/search/executors/executor.ts";
import { BlobCache } from "../../../src/search/executors/queue/blob-cache.ts";
import { QueueConnection } from "../../../src/search/executors/queue/connection.ts";
import { QueueExecutor, type QueueExecutorOptions } from "../../../src/search/executors/queue/executor.ts";
import { platformOf } from "../../../src/search/executors/queue/platform.ts";
import { createRunner } from "../../../src/search/executors/queue/runner.ts";
import { readState } from "../../../src/search/executors/queue/state.ts";
import { TRAINING_KIND } from "../../../src/search/executors/queue/training-kind.ts";
import { QueueWorker } from "../../../src/search/executors/queue/worker.ts";
import { RetryingExecutor } from "../../../src/search/executors/retrying.ts";
import type { TrainingResult, TrainingTask } from "../../../src/search/training.ts";
import { loadSample, slice } from "../../fixtures/sample.ts";
import { RedisServer, SKIPPED } from "./redis-server.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-queue-"));
let server: RedisServer;
let subsets: ContentRef;
let ownModel: ContentRef;
let runs = 0;
let run = "";

before(async () => {
  if (SKIPPED) return;
  server = await RedisServer.start();
  const { train } = await loadSample();
  const path = join(root, "subsets.bin");
  writeSubsets(path, { train: slice(train, 0, 20), validation: slice(train, 32, 42), classes: 10 });
  subsets = contentRef(path);
  writeFileSync(join(root, "model.json"), "{}");
  ownModel = contentRef(join(root, "model.json"));
});
after(async () => {
  await server?.end();
  rmSync(root, { recursive: true, force: true });
});
beforeEach(() => {
  run = `test-${runs++}`;
});

const WASM = { name: "wasm", precision: "float32", kernels: null } as const;

const taskOf = (trial: number, more: Partial<TrainingTask> = {}): TrainingTask => ({
  ...{ trial, sample: 0, policy: noAugmentation(1, 2), seed: 1, model: "basiccnn" },
  ...{ engine: "wasm", precision: "float32", threads: 1, epochs: 3, batchSize: 10, subsets },
  ...more,
});

/** Its accuracy is its trial's number in thousandths. */
const historyOf = ({ trial, epochs }: TrainingTask) =>
  Array.from({ length: epochs }, (_, index) => ({
    epoch: index + 1,
    ...{ loss: trial === 66 ? Number.NaN : 1 / (trial + 1), accuracy: trial / 1000 },
    ...{ validationLoss: 1, validationAccuracy: trial / 1000, seconds: index + 1 },
  }));

/** Trainings of some milliseconds per epoch. */
class MadeUpExecutor implements Executor {
  readonly workers = 100;
  readonly started: number[] = [];
  readonly ended: number[] = [];
  readonly #milliseconds: number;

  constructor(milliseconds = 5) {
    this.#milliseconds = milliseconds;
  }

  async train(task: TrainingTask, { signal, onEpoch }: TrainOptions): Promise<TrainingResult> {
    this.started.push(task.trial);
    assert.equal(readFileSync(task.subsets.path).length, readFileSync(subsets.path).length);
    for (const epoch of historyOf(task)) {
      await sleep(this.#milliseconds);
      if (signal?.aborted) throw new InterruptedError("interrupted");
      if (task.trial === 13 && epoch.epoch === 2) throw new RangeError("no memory");
      onEpoch?.(epoch);
    }
    this.ended.push(task.trial);
    return { history: historyOf(task), ...(task.returnsWeights && { weights: new Uint8Array(5e6).fill(7) }) };
  }

  async close(): Promise<void> {}
}

interface Machine {
  readonly worker: QueueWorker;
  readonly connection: QueueConnection;
  readonly notes: string[];
  /** As if its power failed. */
  fail(): void;
  stop(): Promise<void>;
}

async function startMachine(
  executor: Executor = new MadeUpExecutor(),
  more: { slots?: number; engine?: "auto" | "wasm"; finishes?: boolean; name?: string } = {},
): Promise<Machine> {
  const notes: string[] = [];
  const connection = await QueueConnection.open({
    ...{ url: server.url, prefix: "test" },
    onNote: (line) => notes.push(line),
  });
  const worker = new QueueWorker({
    ...{ connection, cache: new BlobCache(1e9, join(root, more.name ?? "cache")), slots: more.slots ?? 2 },
    ...{ threads: 1, engine: more.engine ?? "auto", shownEngine: "made up", lostAfter: 1500 },
    runners: [createRunner(TRAINING_KIND, executor)],
  });
  const stop = new AbortController();
  const never = new AbortController();
  const serving = worker.serve(stop.signal, more.finishes ? never.signal : stop.signal);
  let hasFailed = false;
  serving.catch((error) => notes.push(String(error)));
  return {
    ...{ worker, connection, notes },
    fail: () => {
      hasFailed = true;
      connection.close();
    },
    stop: async () => {
      stop.abort();
      if (!hasFailed) await serving;
      connection.close();
    },
  };
}

async function coordinator(
  more: Partial<QueueExecutorOptions> = {},
): Promise<QueueExecutor<TrainingTask, TrainingResult, EpochReport> & { readonly notes: string[] }> {
  const notes: string[] = [];
  const executor = await QueueExecutor.open(TRAINING_KIND, {
    ...{
      url: server.url,
      prefix: "test",
      run,
      isMixed: false,
      inFlight: 4,
      checkInterval: 300,
      lostAfter: 1500,
    },
    ...{ platform: await platformOf(WASM), onNote: (line) => notes.push(line) },
    ...more,
  });
  return Object.assign(executor, { notes });
}

const accuracies = (results: readonly TrainingResult[]) =>
  results.map(({ history }) => Math.round(1000 * history[0].accuracy));

describe("trainings through a queue", { skip: SKIPPED, timeout: 120_000 }, () => {
  it("give what they measured, with every epoch, in the order of the calls", async () => {
    const made = new MadeUpExecutor();
    const places: string[] = [];
    const executor = await coordinator({
      onPlace: (training, { engine }) => places.push(`${training}: ${engine}`),
    });
    const epochs: string[] = [];
    const running = [1, 2, 3, 4, 5, 66].map((trial) =>
      executor.train(
        taskOf(trial, { returnsWeights: trial === 5, model: trial === 3 ? ownModel : "basiccnn" }),
        {
          onStart: () => epochs.push(`${trial}`),
          onEpoch: ({ epoch }) => epochs.push(`${trial}.${epoch}`),
        },
      ),
    );
    const machine = await startMachine(made, { slots: 1 });
    const results = await Promise.all(running);
    assert.deepEqual(accuracies(results), [1, 2, 3, 4, 5, 66]);
    assert.deepEqual(results[0].history, historyOf(taskOf(1)));
    assert.ok(Number.isNaN(results[5].history[0].loss));
    assert.deepEqual(results[4].weights, new Uint8Array(5e6).fill(7));
    assert.deepEqual(made.started, [1, 2, 3, 4, 5, 66]);
    const expected = [1, 2, 3, 4, 5, 66].flatMap((trial) => [
      `${trial}`,
      `${trial}.1`,
      `${trial}.2`,
      `${trial}.3`,
    ]);
    assert.deepEqual(epochs, expected);
    assert.equal(places[0], "trial 1, sample 0: wasm");
    await executor.close();
    const left = await machine.connection.redis.keys(`test:*${run}*`);
    assert.deepEqual(left, []);
    await machine.stop();
    assert.deepEqual([executor.notes, machine.notes], [[], []]);
    assert.deepEqual(readdirSync(join(root, "cache")).sort(), [ownModel.digest, subsets.digest].sort());
  });

  it("leave nothing of their run, also if machines look for lost trainings after its end", async () => {
    const executor = await coordinator();
    const machine = await startMachine();
    await executor.train(taskOf(1), {});
    await executor.close();
    const probe = await QueueConnection.open({ url: server.url, prefix: "test", onNote: () => {} });
    const left = () => probe.redis.keys(`test:*${run}*`);
    await until(async () => (await left()).some((key) => key.endsWith(":stalled-check")));
    await machine.stop();
    await until(async () => !(await left()).some((key) => key.endsWith(":stalled-check"))); // it expires
    assert.deepEqual(await left(), []);
    probe.close();
  });

  it("run again, before the others, if they fail", async () => {
    const made = new MadeUpExecutor();
    const executor = await coordinator();
    const watched = new RetryingExecutor(executor);
    const running = [13, 1, 2].map((trial) => watched.train(taskOf(trial), {}));
    const machine = await startMachine(made, { slots: 1 });
    const [failed, ...others] = await Promise.allSettled(running);
    assert.ok(failed.status === "rejected");
    assert.match(failed.reason.message, /^the training of trial 13, sample 0 failed twice: no memory \(on /);
    assert.ok(others.every(({ status }) => status === "fulfilled"));
    assert.equal(made.started.filter((trial) => trial === 13).length, 2);
    assert.ok(made.started.lastIndexOf(13) <= 2, String(made.started));
    await executor.close();
    await machine.stop();
  });

  it("end when they are aborted, waiting or running", async () => {
    const made = new MadeUpExecutor(200);
    const executor = await coordinator();
    const stop = new AbortController();
    const first = executor.train(taskOf(1, { epochs: 500 }), {
      signal: stop.signal,
      onEpoch: () => stop.abort(),
    });
    const second = executor.train(taskOf(2, { epochs: 500 }), { signal: stop.signal });
    const machine = await startMachine(made, { slots: 1 });
    await assert.rejects(first, InterruptedError);
    await assert.rejects(second, InterruptedError);
    const third = await executor.train(taskOf(3, { epochs: 1 }), {});
    assert.deepEqual(accuracies([third]), [3]);
    assert.deepEqual(made.started, [1, 3]);
    await executor.close();
    await machine.stop();
  });

  it("begin again elsewhere if their machine fails, or gives them back; others finish them first", async () => {
    const executor = await coordinator();
    const failing = await startMachine(new MadeUpExecutor(10_000), { name: "failing" });
    const running = [1, 2, 3, 4].map((trial) => executor.train(taskOf(trial), {}));
    await until(() => failing.worker.taken === 2);
    failing.fail();
    const leaving = new MadeUpExecutor(10_000);
    const machine = await startMachine(leaving, { name: "leaving" });
    await until(() => leaving.started.length === 2);
    await machine.stop();
    const finishing = new MadeUpExecutor(100);
    const polite = await startMachine(finishing, { finishes: true, slots: 1 });
    await until(() => finishing.started.length === 1);
    await polite.stop();
    assert.equal(finishing.ended.length, 1);
    const last = await startMachine();
    assert.deepEqual(accuracies(await Promise.all(running)), [1, 2, 3, 4]);
    assert.match(executor.notes.join("\n"), /the worker of trial \d, sample 0 has gone/);
    await executor.close();
    await last.stop();
    await failing.stop();
  });

  it("survive a server that is killed, and comes back empty", async () => {
    const executor = await coordinator();
    const watched = new RetryingExecutor(executor, { silence: { first: 2000, least: 2000 } });
    const machine = await startMachine(new MadeUpExecutor(150));
    const running = [1, 2, 3, 4, 5, 6].map((trial) => watched.train(taskOf(trial), {}));
    for (let i = 0; i < 2; i++) {
      await until(() => machine.worker.counts.finished > i);
      await server.kill();
      await sleep(i * 3000); // longer than the limit on silence
      await server.restart();
    }
    assert.deepEqual(accuracies(await Promise.all(running)), [1, 2, 3, 4, 5, 6]);
    assert.match(executor.notes[0], /^the connection to redis:\/\/127\.0\.0\.1:\d+\/0 is lost; /);
    assert.match(
      executor.notes.join("\n"),
      /connected to .* again\ntrainings that .* has lost are put there again/,
    );
    await executor.close();
    await machine.stop();
  });

  it("survive a network that is cut", async () => {
    const network = await TcpProxy.start(server.port);
    const executor = await coordinator({ url: `redis://127.0.0.1:${network.port}/0` });
    const watched = new RetryingExecutor(executor, { silence: { first: 5000, least: 5000 } });
    const made = new MadeUpExecutor();
    const machine = await startMachine(made);
    const running = [1, 2, 3].map((trial) => watched.train(taskOf(trial), {}));
    await until(() => made.started.length > 0);
    network.cut();
    await sleep(7000); // longer than the limit on silence
    network.restore();
    assert.deepEqual(accuracies(await Promise.all(running)), [1, 2, 3]);
    assert.equal(made.started.length, 3);
    await executor.close();
    await machine.stop();
    network.close();
  });

  it("are found by a coordinator that resumes elsewhere", async () => {
    const network = await TcpProxy.start(server.port);
    const first = await coordinator({ url: `redis://127.0.0.1:${network.port}/0` });
    for (const trial of [1, 2, 3]) first.train(taskOf(trial), {}).catch(() => {});
    const made = new MadeUpExecutor();
    await until(async () => (await stateOf()).waiting === 3);
    network.close(); // for the server, as if its machine failed
    const machine = await startMachine(made);
    await until(() => made.ended.length === 3);
    const second = await coordinator();
    const results = await Promise.all([1, 2, 3].map((trial) => second.train(taskOf(trial), {})));
    assert.deepEqual(accuracies(results), [1, 2, 3]);
    assert.equal(made.started.length, 3);
    await second.close();
    await first.close();
    await machine.stop();
  });

  it("are refused by machines of another version or with another engine, which both sides say", async () => {
    const executor = await coordinator({ platform: { ...(await platformOf(WASM)), precision: "bfloat16" } });
    const machine = await startMachine();
    const { redis } = machine.connection;
    const record = { version: "2.0.0", host: "old", kind: "train" };
    await redis.set("test:run:old", JSON.stringify(record));
    await redis.sadd("test:runs", "old");
    await until(() => machine.notes.length === 2 && executor.notes.length === 1);
    assert.match(
      machine.notes.join("\n"),
      /this worker does not train for run test-\d+: it has wasm \(float32\), but the results must be those of wasm \(bfloat16\); with --mixed/,
    );
    assert.match(
      machine.notes.join("\n"),
      /this worker does not train for run old: this worker is deepaugment .*, the run on old is 2\.0\.0; install/,
    );
    assert.match(executor.notes[0], /^worker .* does not train here: it has wasm \(float32\), but/);
    await executor.close();

    run = `mixed-${run}`;
    const mixed = await coordinator({
      ...{ isMixed: true, platform: { ...(await platformOf(WASM)), kernels: "none such" } },
    });
    assert.deepEqual(accuracies([await mixed.train(taskOf(4), {})]), [4]);
    await mixed.close();
    await redis.del("test:run:old");
    await redis.srem("test:runs", "old");
    await machine.stop();
  });

  it("wait for files that are not there yet, and are refused files of another content", async () => {
    const executor = await coordinator();
    const machine = await startMachine(undefined, { name: "other-cache" });
    const { redis } = machine.connection;
    const [result] = await Promise.all([
      executor.train(taskOf(1), {}),
      until(
        async () =>
          (await redis.del(`test:blob:${subsets.digest}`)) === 1 || machine.worker.counts.finished === 1,
      ),
    ]);
    assert.deepEqual(accuracies([result]), [1]);
    await assert.rejects(
      executor.train(taskOf(2, { subsets: { digest: "0".repeat(64), path: subsets.path } }), {}),
      (error: Error) =>
        error instanceof UsageError && /is not the file that the training was given/.test(error.message),
    );
    await executor.close();
    await machine.stop();
  });
});

describe("a queue's server", { skip: SKIPPED }, () => {
  it("that is missing, or needs a password, is an error of one line without the password", async () => {
    const open = (url: string) => QueueConnection.open({ url, prefix: "test", onNote: () => {} });
    await assert.rejects(open("redis://user:secret@127.0.0.1:1/0"), (error: Error) => {
      assert.ok(error instanceof RunError);
      assert.match(
        error.message,
        /^cannot reach the queue redis:\/\/127\.0\.0\.1:1\/0: nothing listens there; start/,
      );
      return true;
    });
    const locked = await RedisServer.start("--requirepass", "right");
    for (const url of [locked.url, locked.url.replace("//", "//:secret@")]) {
      await assert.rejects(open(url), (error: Error) => {
        assert.ok(error instanceof UsageError, error.message);
        assert.match(error.message, /refuses the user or password; set DEEPAUGMENT_QUEUE_USER and/);
        assert.doesNotMatch(error.message, /secret/);
        return true;
      });
    }
    (await open(locked.url.replace("//", "//:right@"))).close();
    await locked.end();
    await assert.rejects(open("redis:/user:secret@host"), (error: Error) => {
      assert.doesNotMatch(error.message, /secret/);
      return /^queue: expected a URL such as/.test(error.message);
    });
  });

  it("without such a database, that refuses the keys, or that is something else, is an error of one line", async () => {
    const server = await RedisServer.start();
    const open = (url: string, prefix = "test") => QueueConnection.open({ url, prefix, onNote: () => {} });
    await assert.rejects(
      open(server.url.replace(/\/\d+$/, "/99")),
      /^UsageError: redis:\/\/\S+\/99 has no database 99: .*out of range; by default there are 0 to 15$/,
    );
    const connection = await open(server.url);
    await connection.redis.call("ACL", "SETUSER", "team", "on", ">secret", "~team:*", "&team:*", "+@all");
    connection.close();
    const url = server.url.replace("//", "//team:secret@");
    await assert.rejects(open(url, "other"), (error: Error) => {
      assert.match(
        error.message,
        /^redis:\/\/127\S+ does not let this user use keys and channels that begin with "other:"; give --queue-prefix, or/,
      );
      return error instanceof UsageError;
    });
    (await open(url, "team")).close();
    await server.end();
    const answers: [string, RegExp][] = [
      [
        "-DENIED Redis is running in protected mode\r\n",
        /as a Redis server without a password does to other machines; start it with/,
      ],
      [
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        /: what listens there is not a Redis server; give another --queue$/,
      ],
    ];
    for (const [answer, message] of answers) {
      const other = createServer((socket) => socket.on("error", () => {}).end(answer)).listen(0, "127.0.0.1");
      await once(other, "listening");
      await assert.rejects(open(`redis://127.0.0.1:${(other.address() as AddressInfo).port}/0`), message);
      other.close();
    }
  });

  it("that may drop keys is refused", async () => {
    const full = await RedisServer.start("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru");
    await assert.rejects(
      QueueConnection.open({ url: full.url, prefix: "test", onNote: () => {} }),
      /it drops keys if memory runs out \(maxmemory-policy allkeys-lru\); set maxmemory-policy to noeviction/,
    );
    await full.end();
  });
});

async function stateOf() {
  const { runs: all } = await readState({ url: server.url, prefix: "test", onNote: () => {} });
  return all.find(({ id }) => id === run) ?? { waiting: 0, active: 0 };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20);
}
