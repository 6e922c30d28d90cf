// A process with many simulated workers of a queue: each is as a worker on a machine of its own, but for the trainings, which
// sleep. Started by scripts/bench/queue.ts: node worker.ts <url> <workers> <seconds of a training>

import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BlobCache } from "../../../src/search/executors/queue/blob-cache.ts";
import { QueueConnection } from "../../../src/search/executors/queue/connection.ts";
import { createRunner } from "../../../src/search/executors/queue/runner.ts";
import { TRAINING_KIND } from "../../../src/search/executors/queue/training-kind.ts";
import { QueueWorker } from "../../../src/search/executors/queue/worker.ts";

const [url, workers, seconds] = process.argv.slice(2);
const EPOCHS = 10;

const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
process.on("disconnect", () => process.exit(0));
const cache = new BlobCache(1e9, join(tmpdir(), `deepaugment-bench-${process.pid}`));
await Promise.all(
  Array.from({ length: Number(workers) }, async () => {
    const connection = await QueueConnection.open({
      url,
      prefix: "bench",
      onNote: (line) => console.error(line),
    });
    const worker = new QueueWorker({
      ...{ connection, cache, slots: 1, threads: 1, engine: "wasm", shownEngine: "sleeping" },
      runners: [
        createRunner(TRAINING_KIND, {
          workers: 1,
          train: async (_, { onEpoch }) => {
            const history = [];
            for (let epoch = 1; epoch <= EPOCHS; epoch++) {
              await sleep((1000 * Number(seconds)) / EPOCHS);
              const result = {
                ...{ epoch, loss: 1 / epoch, accuracy: 0.5, seconds: epoch },
                ...{ validationLoss: 1 / epoch, validationAccuracy: 0.5 },
              };
              history.push(result);
              onEpoch?.(result);
            }
            return { history };
          },
          close: async () => {},
        }),
      ],
    });
    await worker.serve(stop.signal, stop.signal);
    connection.close();
  }),
);
process.exit(0);
