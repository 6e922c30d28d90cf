// The processes of a bench measure together and end on request.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InterruptedError, RunError } from "../../src/common/errors.ts";
import { benchTraining, TrainingBench } from "../../src/measure/bench.ts";
import { runMeasuring } from "../../src/measure/measuring.ts";

const setup = { engine: "wasm", precision: "float32", threads: 1, model: "wrn_10_1", batch: 4 } as const;

describe("a bench", () => {
  it("measures repeatedly with the requested number of processes", async () => {
    const bench = new TrainingBench(2);
    try {
      for (const processes of [2, 1]) {
        assert.deepEqual(await bench.prepare(setup, processes), {
          ...{ name: "wasm", precision: "float32", kernels: null },
        });
        const { imagesPerSecond, residentMegabytes } = await bench.measure(processes, 1);
        assert.ok(imagesPerSecond > 0);
        assert.equal(residentMegabytes.length, processes);
      }
    } finally {
      await bench.close();
    }
  });

  it("ends at once when interrupted", async () => {
    const { model, batch } = setup;
    const settings = { engine: "wasm", precision: "auto", workers: 1, threads: 1 } as const;
    const running = new AbortController();
    const bench = benchTraining({
      ...{ ...settings, model, batch, seconds: 600, profile: false, signal: running.signal },
      onNotes: () => setTimeout(() => running.abort(), 100),
    });
    await assert.rejects(bench, InterruptedError);
  });

  it("does not measure a process started in place of a dead one", async () => {
    await assert.rejects(runMeasuring({ type: "train", seconds: 1 }), RunError);
  });
});
