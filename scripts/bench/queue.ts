// What a queue costs: the overhead of a training at several delays of the network, and many simulated workers on one server, with
// the memory of the server and of the coordinator. Needs redis-server. Trainings sleep; all else is as in a search.
//
//   npm run bench:queue                                        # 1 and 20 ms, 200 workers
//   npm run bench:queue -- --workers 50 --trainings 150 --seconds 5

import { type ChildProcess, fork, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { writeSubsets } from "../../src/dataset/subset-file.ts";
import { noAugmentation } from "../../src/policy/policy.ts";
import { contentRef } from "../../src/search/content.ts";
import { QueueConnection } from "../../src/search/executors/queue/connection.ts";
import { QueueExecutor } from "../../src/search/executors/queue/executor.ts";
import { platformOf } from "../../src/search/executors/queue/platform.ts";
import { TRAINING_KIND } from "../../src/search/executors/queue/training-kind.ts";
import type { TrainingTask } from "../../src/search/training.ts";
import { TcpProxy } from "./queue/tcp-proxy.ts";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "200" },
    trainings: { type: "string", default: "2000" },
    seconds: { type: "string", default: "10" },
    delays: { type: "string", default: "1,20" },
    processes: { type: "string", default: "4" },
    port: { type: "string", default: "16399" },
  },
});
const folder = mkdtempSync(join(tmpdir(), "deepaugment-bench-queue-"));
const port = Number(values.port);

/** Of a search of the default sizes, at 32 × 32 pixels. */
function writeImages(): string {
  const set = (count: number) => ({
    images: {
      ...{ count, height: 32, width: 32, channels: 3 },
      data: Uint8Array.from({ length: count * 3072 }, (_, i) => (i * 2654435761) >>> 13),
    },
    labels: Int32Array.from({ length: count }, (_, i) => i % 10),
  });
  const path = join(folder, "subsets.bin");
  writeSubsets(path, { train: set(2000), validation: set(5000), classes: 10 });
  return path;
}

/** Trainings through a network of this delay, in milliseconds each way. */
async function measure(delay: number, workers: number, trainings: number, seconds: number) {
  const server = spawn("redis-server", ["--port", String(port), "--save", "", "--appendonly", "no"], {
    ...{ cwd: folder, stdio: "ignore" },
  });
  await sleep(500);
  const network = await TcpProxy.start(port, delay);
  const url = `redis://127.0.0.1:${network.port}/0`;
  const processes = startWorkers(url, workers, seconds);
  const executor = await QueueExecutor.open(TRAINING_KIND, {
    ...{ url, prefix: "bench", run: `bench-${delay}`, isMixed: false, inFlight: workers },
    platform: await platformOf({ name: "wasm", precision: "float32", kernels: null }),
    onNote: (line) => console.error(line),
  });
  const taskOf = (trial: number): TrainingTask => ({
    ...{ trial, sample: 0, policy: noAugmentation(1, 1), seed: 0, model: "basiccnn", engine: "wasm" },
    ...{ precision: "float32", threads: 1, epochs: 10, batchSize: 64, subsets: images },
  });
  // Once all workers have the files.
  await Promise.all(Array.from({ length: workers }, (_, i) => executor.train(taskOf(1_000_000 + i), {})));
  const redisSeconds = async () => {
    const connection = await QueueConnection.open({ url, prefix: "bench", onNote: () => {} });
    const info = await connection.redis.info();
    connection.close();
    const used = [...info.matchAll(/^used_cpu_(?:user|sys):([\d.]+)/gm)];
    return {
      seconds: used.reduce((sum, [, seconds]) => sum + Number(seconds), 0),
      megabytes: Number(/used_memory_peak:(\d+)/.exec(info)?.[1]) / 1e6,
    };
  };
  const redisBefore = await redisSeconds();
  const before = process.cpuUsage();
  const start = performance.now();
  let [next, busy] = [0, 0];
  const ends: number[] = [];
  const train = async () => {
    while (next < trainings) {
      const trial = next++;
      await executor.train(taskOf(trial), {});
      ends.push(performance.now());
      busy += seconds;
    }
  };
  // As a search does: the next training is put into the queue when one has ended; one more than workers is under way.
  await Promise.all(Array.from({ length: workers + Math.ceil(workers / 10) }, train));
  const wall = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  const redis = await redisSeconds();
  await executor.close();
  const ended = processes.map((each) => new Promise((resolve) => each.once("exit", resolve)));
  for (const each of processes) each.kill("SIGTERM");
  await Promise.all(ended);
  network.close();
  server.kill("SIGTERM");
  await sleep(500);
  const between = ends.slice(1).map((end, index) => (end - ends[index]) / 1000);
  return {
    ...{ wall, utilization: busy / (wall * workers), redisMegabytes: redis.megabytes },
    /** Processor time of a training, in milliseconds, on a machine that may have other work. */
    cpu: {
      coordinator: (user + system) / 1000 / trainings,
      redis: (1000 * (redis.seconds - redisBefore.seconds)) / trainings,
    },
    /** Seconds from one result to the next, the median. */
    cycle: between.sort((a, b) => a - b)[Math.floor(between.length / 2)],
  };
}

function startWorkers(url: string, workers: number, seconds: number): ChildProcess[] {
  const processes = Math.min(workers, Number(values.processes));
  return Array.from({ length: processes }, (_, i) => {
    const share = Math.floor(workers / processes) + (i < workers % processes ? 1 : 0);
    return fork(join(import.meta.dirname, "queue", "worker.ts"), [url, String(share), String(seconds)]);
  });
}

const images = contentRef(writeImages());
try {
  for (const delay of values.delays.split(",").map(Number)) {
    const [trainings, seconds] = [30, 1];
    const { cycle } = await measure(delay, 1, trainings, seconds);
    const overhead = 1000 * (cycle - seconds);
    console.log(
      `${delay} ms each way: ${overhead.toFixed(0)} ms a training (${trainings} of ${seconds} s, one worker); of 10 s: ${(overhead / 100).toFixed(2)}%`,
    );
  }
  const [workers, trainings, seconds] = [values.workers, values.trainings, values.seconds].map(Number);
  const { wall, utilization, redisMegabytes, cpu } = await measure(1, workers, trainings, seconds);
  console.log(
    `${workers} workers, ${trainings} trainings of ${seconds} s, 1 ms: ${wall.toFixed(1)} s, workers busy ${(100 * utilization).toFixed(1)}%`,
  );
  console.log(
    `processor time of a training: Redis ${cpu.redis.toFixed(1)} ms, coordinator (with the emulated network) ${cpu.coordinator.toFixed(1)} ms`,
  );
  console.log(
    `memory: Redis ${redisMegabytes.toFixed(0)} MB at its peak, coordinator ${(process.memoryUsage().rss / 1e6).toFixed(0)} MB`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
