// Real trainings on real images through a real Redis server: programs that are started as a user starts them, killed, and
// resumed. The notebook must be that of a search on one machine.

import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { RedisServer, SKIPPED } from "../search/executors/redis-server.ts";
import { kill } from "./processes.ts";
import { run, runMain, type Started, start, until } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-queue-cli-"));
const home = (name: string) => ({ DEEPAUGMENT_HOME: join(root, name) });
const PASSWORD = "not-to-be-seen";
let server: RedisServer;

before(async () => {
  if (!SKIPPED) server = await RedisServer.start("--requirepass", PASSWORD);
});
after(async () => {
  await server?.end();
  rmSync(root, { recursive: true, force: true });
});

const SETTINGS = {
  data: SAMPLE_ARCHIVE,
  ...{ image_size: 10, train_set_size: 20, validation_set_size: 10, model: "basiccnn", child_batch_size: 10 },
  ...{
    iterations: 5,
    confirm_top: 1,
    confirm_samples: 2,
    child_epochs: 3,
    families: "none",
    bases: "[none]",
  },
  ...{ engine: "wasm", in_flight: 3, seed: 3 },
};

const optimize = (name: string, more: Record<string, unknown> = {}) => [
  ...["optimize", "--out", join(root, name)],
  ...Object.entries({ ...SETTINGS, ...more }).flatMap(([key, value]) => ["--set", `${key}=${value}`]),
];

const experimentIn = (name: string) => join(root, name, readdirSync(join(root, name))[0]);

/** Without the seconds, which are the last column. */
const notebook = (folder: string, file = "notebook.csv") =>
  readFileSync(join(folder, file), "utf8")
    .trimEnd()
    .split("\n")
    .map((row) => row.slice(0, row.lastIndexOf(",")))
    .join("\n");

const urlWithPassword = () => server.url.replace("//", `//:${PASSWORD}@`);

function startWorker(name: string, ...more: string[]): Started {
  const args = ["worker", "--queue", urlWithPassword(), "--workers", "1", "--engine", "wasm", ...more];
  return start(args, home(name));
}

/** What `workers` says of the queue. */
async function listed() {
  const { code, stdout, stderr } = await runMain(["workers", "--queue", server.url, "--json"], {
    DEEPAUGMENT_QUEUE_PASSWORD: PASSWORD,
  });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

/** The report knows the machine of each training. */
async function assertAllListed(folder: string): Promise<void> {
  const { code, stdout, stderr } = await runMain(["report", folder, "--json"], home("home"));
  assert.equal(code, 0, stderr);
  const { machines, stages } = JSON.parse(stdout).times;
  const sum = (all: { trainings: number }[]) => all.reduce((count, { trainings }) => count + trainings, 0);
  // A stage of the search counts trials, which have one training each here.
  assert.equal(sum(machines), sum(stages));
}

describe("a search through a queue", { skip: SKIPPED, timeout: 600_000 }, () => {
  let local: string;
  let workers: Started[] = [];

  before(async () => {
    const { code, stderr } = await runMain(optimize("local", { workers: 2 }), home("local-home"));
    assert.equal(code, 0, stderr);
    local = experimentIn("local");
    workers = [startWorker("worker-1"), startWorker("worker-2")];
    while ((await listed()).workers.length < 2) await sleep(100);
  });
  after(() => {
    for (const { process } of workers) process.kill("SIGKILL");
  });

  it("gives the notebook of a search on one machine, and keeps the password to itself", async () => {
    const { code, stderr, stdout } = await runMain(
      optimize("queue", { queue: urlWithPassword() }),
      home("home"),
    );
    assert.equal(code, 0, stderr);
    const folder = experimentIn("queue");
    assert.equal(notebook(folder), notebook(local));
    const policies = (of: string) => JSON.parse(readFileSync(join(of, "policies.json"), "utf8"));
    assert.deepEqual(policies(folder), policies(local));
    const places = readFileSync(join(folder, "machines.csv"), "utf8").trimEnd().split("\n");
    assert.equal(places[0], "training,host,engine,precision,kernels,device");
    assert.ok(places.length >= 1 + 6);
    assert.match(stderr, /^1 machine: [^\s;]+( \d+ trainings?)?(;|$)/m);
    await assertAllListed(folder);
    assert.match(
      readFileSync(join(folder, "config.yaml"), "utf8"),
      /^queue: redis:\/\/127\.0\.0\.1:\d+\/0$/m,
    );
    for (const file of globSync("**", { cwd: root }).map((name) => join(root, name))) {
      if (statSync(file).isFile()) assert.ok(!readFileSync(file).includes(PASSWORD), file);
    }
    assert.doesNotMatch(stderr + stdout, new RegExp(PASSWORD));
    for (const { process: worker } of workers) {
      const path = `/proc/${worker.pid}/cmdline`;
      if (existsSync(path)) assert.doesNotMatch(readFileSync(path, "utf8"), new RegExp(PASSWORD));
    }
  });

  it("lists what each training ran on if it continues without the queue", async () => {
    const folder = join(root, "alone");
    cpSync(experimentIn("queue"), folder, { recursive: true });
    const more = ["--queue", "null", "--workers", "1", "--iterations", "6"];
    const { code, stderr } = await runMain(["optimize", "--resume", folder, ...more], home("home"));
    assert.equal(code, 0, stderr);
    assert.match(readFileSync(join(folder, "machines.csv"), "utf8"), /^"trial 5, sample 0",/m);
    await assertAllListed(folder);
  });

  it("lists its machines, with what they have done", async () => {
    const state = await listed();
    assert.equal(state.workers.length, 2);
    assert.deepEqual(state.runs, []);
    for (const { engine, slots } of state.workers) assert.deepEqual([engine, slots], ["wasm (float32)", 1]);
    const text = (await runMain(["workers", "--queue", urlWithPassword()])).stdout;
    assert.match(
      text,
      /^redis:\/\/127\.0\.0\.1:\d+\/0: 2 workers on 1 machine, 0 of 2 trainings at a time, 0 waiting, /,
    );
  });

  it("gives the same notebook if workers, the server and the coordinator are killed", async () => {
    const args = optimize("disturbed", { queue: urlWithPassword() });
    const environment = home("disturbed-home");
    const first = start(args, environment);
    const trainings = () => {
      const folder = existsSync(join(root, "disturbed")) ? experimentIn("disturbed") : undefined;
      const places = folder && join(folder, "machines.csv");
      return places && existsSync(places) ? readFileSync(places, "utf8").trimEnd().split("\n").length - 1 : 0;
    };
    await until(first, () => trainings() >= 1);
    kill(workers[0].process.pid!, true);
    workers[0] = startWorker("worker-3");
    await until(first, () => trainings() >= 2);
    await server.kill();
    await server.restart();
    await until(first, () => trainings() >= 3);
    kill(first.process.pid!, true);
    await first.finished;
    // Another machine, which has only the experiment's folder, and which trains, too.
    const elsewhere = join(root, "elsewhere");
    cpSync(experimentIn("disturbed"), elsewhere, { recursive: true });
    rmSync(join(root, "disturbed"), { recursive: true });
    for (const name of readdirSync(elsewhere).filter((each) => each.endsWith(".lock")))
      rmSync(join(elsewhere, name));
    const resumed = ["optimize", "--resume", elsewhere, "--queue", urlWithPassword(), "--workers", "1"];
    const { code, stderr } = await run(resumed, home("elsewhere-home"));
    assert.equal(code, 0, stderr);
    assert.equal(notebook(elsewhere), notebook(local));
  });

  it("that evaluates gives the results of an evaluation on one machine", async () => {
    const evaluate = (name: string, more: string[]) =>
      runMain(
        [
          ...["evaluate", "--data", SAMPLE_ARCHIVE, "--arms", "none,flip", "--samples", "2", "--epochs", "2"],
          ...[
            "--set",
            "image_size=10",
            "--train-size",
            "20",
            "--engine",
            "wasm",
            "--out",
            join(root, name),
            ...more,
          ],
        ],
        home("home"),
      );
    const here = await evaluate("evaluated-here", ["--workers", "2"]);
    assert.equal(here.code, 0, here.stderr);
    const there = await evaluate("evaluated-there", ["--queue", urlWithPassword()]);
    assert.equal(there.code, 0, there.stderr);
    for (const file of ["evaluation.csv", "predictions.csv"]) {
      const [a, b] = ["evaluated-here", "evaluated-there"].map((name) => experimentIn(name));
      const without = (folder: string) =>
        file === "predictions.csv" ? readFileSync(join(folder, file), "utf8") : notebook(folder, file);
      assert.equal(without(b), without(a), file);
    }
  });

  it("has workers that give back their training when they are stopped", async () => {
    const worker = workers[1];
    worker.process.kill("SIGTERM");
    const { code, stderr } = await worker.finished;
    assert.equal(code, 130);
    assert.match(stderr, /deepaugment: stopped; \d+ trainings finished, 0 failed\n$/);
  });
});

describe("the commands of a queue", () => {
  it("begin no experiment if the server cannot be reached", async () => {
    const { code, stderr } = await runMain(
      optimize("unreachable", { queue: "redis://127.0.0.1:1/0" }),
      home("local-home"),
    );
    assert.equal(code, 1);
    assert.match(
      stderr,
      /deepaugment: cannot reach the queue redis:\/\/127\.0\.0\.1:1\/0: nothing listens there; /,
    );
    assert.ok(!existsSync(join(root, "unreachable")));
  });

  it("say what is wrong with a queue in one line, without the password", async () => {
    const cases: [string[], RegExp][] = [
      [["worker"], /no queue is given; add --queue redis:\/\/host:6379\/0, or set DEEPAUGMENT_QUEUE/],
      [["workers", "--queue", "http://u:secret@h"], /queue: expected a URL such as redis:/],
      [
        ["worker", "--queue", "redis://h", "--queue-prefix", "a b"],
        /--queue-prefix: expected 1 to 64 letters/,
      ],
      [
        ["optimize", "x", "--queue", "redis://u:secret@h:1/x/y"],
        /queue: expected a URL such as redis:.*\(--queue\)/,
      ],
      [["optimize", "x", "--queue-prefix", "a"], /--queue-prefix: there is no queue; add --queue redis:/],
      [
        ["evaluate", "--data", "x", "--policy", "p", "--mixed"],
        /--mixed: there is no queue; add --queue redis:/,
      ],
      [["optimize", "x", "--set", "queue=redis:/u:secret@h"], /queue: expected a URL such as redis:/],
      [
        ["optimize", "x", "--queue", "redis://h", "--budget", "1h"],
        /--budget plans with the speed of this machine/,
      ],
    ];
    for (const [args, pattern] of cases) {
      const { code, stderr } = await runMain(args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, pattern);
      assert.doesNotMatch(stderr, /secret/, args.join(" "));
      assert.equal(stderr.trimEnd().split("\n").length, 1);
    }
  });
});
