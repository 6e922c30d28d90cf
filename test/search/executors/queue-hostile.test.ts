// What somebody with access to the queue may put into it: each message is refused, with one line if anybody should know, and
// the trainings that this program put there are done all the same.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { Random } from "../../../src/common/random.ts";
import { VERSION } from "../../../src/common/version.ts";
import { writeSubsets } from "../../../src/dataset/subset-file.ts";
import { noAugmentation } from "../../../src/policy/policy.ts";
import { contentRef } from "../../../src/search/content.ts";
import { BlobCache } from "../../../src/search/executors/queue/blob-cache.ts";
import { QueueConnection } from "../../../src/search/executors/queue/connection.ts";
import { QueueExecutor } from "../../../src/search/executors/queue/executor.ts";
import { packTask } from "../../../src/search/executors/queue/kind.ts";
import { createRunner } from "../../../src/search/executors/queue/runner.ts";
import { readState } from "../../../src/search/executors/queue/state.ts";
import { TRAINING_KIND } from "../../../src/search/executors/queue/training-kind.ts";
import { QueueWorker } from "../../../src/search/executors/queue/worker.ts";
import type { TrainingResult, TrainingTask } from "../../../src/search/training.ts";
import { loadSample, slice } from "../../fixtures/sample.ts";
import { RedisServer, SKIPPED } from "./redis-server.ts";

const MESSAGES = Number(process.env.QUEUE_MESSAGES ?? 500);
const SEED = Number(process.env.QUEUE_SEED ?? 0);

const root = mkdtempSync(join(tmpdir(), "deepaugment-hostile-queue-"));
const images = mkdtempSync(join(tmpdir(), "deepaugment-hostile-images-"));
let server: RedisServer;
let task: TrainingTask;

before(async () => {
  if (SKIPPED) return;
  server = await RedisServer.start();
  const { train } = await loadSample();
  const path = join(images, "subsets.bin");
  writeSubsets(path, { train: slice(train, 0, 20), validation: slice(train, 32, 42), classes: 10 });
  task = {
    ...{ trial: 1, sample: 0, policy: noAugmentation(1, 2), seed: 1, model: "basiccnn" },
    ...{
      engine: "wasm",
      precision: "float32",
      threads: 1,
      epochs: 2,
      batchSize: 10,
      subsets: contentRef(path),
    },
  };
});
after(async () => {
  await server?.end();
  for (const folder of [root, images]) rmSync(folder, { recursive: true, force: true });
});

const RUN = "the-run";
const EVIL = [
  ...[
    "",
    "null",
    "{}",
    "[]",
    "[[[[",
    '"',
    "\u0000\u001b[2J\u202e",
    "x".repeat(10_000),
    "[".repeat(5000),
    "../../etc",
  ],
  ...['{"__proto__":{"polluted":1}}', '{"task":1}', '{"task":"{}"}', "1e999", "-1", "NaN", "true"],
];

/** A message that is nearly a real one: one of its values is replaced, removed or added. */
function mutated(value: unknown, random: Random): unknown {
  const evil = () => {
    const text = EVIL[random.integer(0, EVIL.length - 1)];
    return random.integer(0, 2 - 1) === 0
      ? text
      : [text, -1, 1e308, 2 ** 53, null, { digest: "../../../x" }][random.integer(0, 6 - 1)];
  };
  if (typeof value !== "object" || value === null) return evil();
  const copy: Record<string, unknown> = { ...value };
  const keys = Object.keys(copy);
  const key = keys[random.integer(0, Math.max(1, keys.length) - 1)] ?? "key";
  const kind = random.integer(0, 4 - 1);
  if (kind === 0) delete copy[key];
  else if (kind === 1) copy[`${key}x`] = evil();
  else if (kind === 2) copy[key] = evil();
  else copy[key] = mutated(copy[key], random);
  return copy;
}

const historyOf = ({ epochs, trial }: TrainingTask) =>
  Array.from({ length: epochs }, (_, index) => ({
    ...{ epoch: index + 1, loss: 1, accuracy: trial / 1000, seconds: 1 },
    ...{ validationLoss: 1, validationAccuracy: 0.5 },
  }));

async function startWorker(trained: TrainingTask[], notes: string[]) {
  const connection = await QueueConnection.open({
    ...{ url: server.url, prefix: "test" },
    onNote: (line) => notes.push(line),
  });
  const worker = new QueueWorker({
    ...{ connection, cache: new BlobCache(1e9, join(root, "cache")), slots: 4, threads: 1, engine: "auto" },
    ...{ shownEngine: "made up", lostAfter: 1500 },
    runners: [
      createRunner(TRAINING_KIND, {
        workers: 4,
        train: async (each, { onEpoch }): Promise<TrainingResult> => {
          trained.push(each);
          for (const epoch of historyOf({ ...each, epochs: Math.min(each.epochs, 3) })) onEpoch?.(epoch);
          return { history: historyOf({ ...each, epochs: Math.min(each.epochs, 3) }) };
        },
        close: async () => {},
      }),
    ],
  });
  return { worker, connection };
}

describe("a queue that others write to", { skip: SKIPPED, timeout: 100_000 }, () => {
  it(`refuses ${MESSAGES} hostile messages`, async () => {
    const [trained, notes, coordinatorNotes]: [TrainingTask[], string[], string[]] = [[], [], []];
    const { worker, connection } = await startWorker(trained, notes);
    const stop = new AbortController();
    let failure: unknown;
    const serving = worker.serve(stop.signal, stop.signal).catch((error) => {
      failure = error;
    });
    const executor = await QueueExecutor.open(TRAINING_KIND, {
      ...{ url: server.url, prefix: "test", run: RUN, isMixed: false, inFlight: 4, checkInterval: 200 },
      platform: { engine: "wasm", precision: "float32", kernels: null, device: null },
      onNote: (line) => coordinatorNotes.push(line),
    });
    const { redis, bullmq } = connection;
    const queue = new bullmq.Queue(`run-${RUN}`, connection.options);
    const { text } = packTask(TRAINING_KIND, task);
    const random = new Random(SEED, "hostile messages");
    const evil = () => EVIL[random.integer(0, EVIL.length - 1)];
    const run = { version: VERSION, kind: "train", isMixed: false, host: "h", platform: { engine: "wasm" } };
    const kinds: (() => Promise<unknown>)[] = [
      // Trainings.
      () =>
        queue.add(
          "train",
          { task: JSON.stringify(mutated(JSON.parse(text), random)) },
          { jobId: `j${random.integer(0, 1e9 - 1)}x` },
        ),
      () => queue.add("train", mutated({ task: text }, random) as object),
      async () => {
        const job = await queue.add("train", { task: text });
        await redis.hset(`test:run-${RUN}:${job.id}`, "data", evil());
      },
      () => redis.rpush(`test:run-${RUN}:wait`, `${evil()}${random.integer(0, 1000 - 1)}`),
      // Events, notices, runs, workers, refusals.
      () => redis.xadd(`test:run-${RUN}:events`, "*", "event", "progress", "jobId", evil(), "data", evil()),
      () => redis.rpush(`test:run:${RUN}:wake`, evil()),
      () => redis.xadd(`test:run-${RUN}:events`, "*", "event", evil(), "jobId", evil()),
      () => redis.publish("test:notices", evil()),
      () =>
        redis.publish(
          "test:notices",
          JSON.stringify(mutated({ type: "cancel", run: RUN, jobs: ["x"] }, random)),
        ),
      async () => {
        const id = random.integer(0, 2 - 1) === 0 ? `r${random.integer(0, 1e6 - 1)}` : evil();
        await redis.set(
          `test:run:${id}`,
          random.integer(0, 2 - 1) === 0 ? evil() : JSON.stringify(mutated(run, random)),
        );
        await redis.sadd("test:runs", id);
      },
      async () => {
        const name = `w${random.integer(0, 1e6 - 1)}${evil()}`.slice(0, 200);
        await redis.set(
          `test:worker:${name}`,
          random.integer(0, 2 - 1) === 0 ? evil() : JSON.stringify({ version: evil() }),
        );
        await redis.sadd("test:workers", name);
      },
      () =>
        redis.hset(
          `test:run:${RUN}:refusals`,
          `w${random.integer(0, 10 - 1)}${evil()}`.slice(0, 300),
          evil(),
        ),
      // Files: others than their names say, bombs, and none.
      async () => {
        const digest = random
          .integer(0, 1e9 - 1)
          .toString(16)
          .padStart(64, "0");
        const bomb = [gzipSync(Buffer.alloc(50e6)), Buffer.from(evil()), gzipSync(evil())][
          random.integer(0, 3 - 1)
        ];
        await redis.set(
          `test:blob:${digest}`,
          random.integer(0, 4 - 1) === 0 ? evil() : JSON.stringify({ bytes: 5, chunks: 1 }),
        );
        await redis.set(`test:blob:${digest}:0`, bomb);
        await queue.add("train", { task: JSON.stringify({ ...JSON.parse(text), subsets: { digest } }) });
      },
    ];
    const own: Promise<TrainingResult>[] = [];
    for (let i = 0; i < MESSAGES; i++) {
      await kinds[i % kinds.length]();
      if (i % 100 === 0) own.push(executor.train({ ...task, trial: i + 1 }, {}));
    }
    const results = await Promise.all(own);
    assert.deepEqual(
      results.map(({ history }) => Math.round(1000 * history[0].accuracy)),
      own.map((_, index) => 100 * index + 1),
    );
    assert.equal(failure, undefined);
    await readState({ url: server.url, prefix: "test", onNote: (line) => notes.push(line) });
    stop.abort();
    await serving;
    assert.equal(failure, undefined);
    // Only what the schemas allow was trained, on the one real file; nothing was written besides it.
    for (const { subsets, model } of trained)
      assert.deepEqual([subsets.digest, model], [task.subsets.digest, "basiccnn"]);
    assert.deepEqual(readdirSync(root), ["cache"]);
    assert.deepEqual(readdirSync(join(root, "cache")), [task.subsets.digest]);
    assert.equal(({} as { polluted?: number }).polluted, undefined);
    for (const line of notes.concat(coordinatorNotes))
      assert.doesNotMatch(line, /\n|this is a bug|call stack/);
    await queue.close();
    await executor.close();
    connection.close();
  });

  it("refuses what is not a result, with one line", async () => {
    const executor = await QueueExecutor.open(TRAINING_KIND, {
      ...{ url: server.url, prefix: "other", run: RUN, isMixed: false, inFlight: 4, checkInterval: 200 },
      ...{
        platform: { engine: "wasm", precision: "float32", kernels: null, device: null },
        onNote: () => {},
      },
    });
    const connection = await QueueConnection.open({ url: server.url, prefix: "other", onNote: () => {} });
    const worker = new connection.bullmq.Worker(`run-${RUN}`, null, {
      ...connection.options,
      autorun: false,
    });
    const random = new Random(SEED, "hostile results");
    const place = { engine: "wasm", precision: "float32", kernels: null, device: null, host: "h" };
    const result = { result: { history: historyOf(task) }, place };
    for (let trial = 0; trial < 40; trial++) {
      const training = executor.train({ ...task, trial: 1000 + trial }, {});
      const settled = training.then(
        () => "",
        (error: Error) => error.message,
      );
      let job = await worker.getNextJob("token", { block: false });
      while (!job) {
        await sleep(5);
        job = await worker.getNextJob("token", { block: false });
      }
      const message = mutated(result, random);
      await job.moveToCompleted(trial % 2 === 0 ? message : JSON.stringify(message), "token", false);
      const line = await settled;
      if (line === "") continue; // what was changed is allowed, such as the host's name
      assert.match(line, new RegExp(`^the result of trial ${1000 + trial}, sample 0 is not `));
      assert.doesNotMatch(line, /\n/);
    }
    await worker.close(true);
    await executor.close();
    connection.close();
  });
});
