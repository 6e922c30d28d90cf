import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serveMetrics } from "../../src/cli/metrics.ts";
import { RunError } from "../../src/common/errors.ts";
import { Tempo } from "../../src/search/executors/queue/tempo.ts";

describe("the metrics of a worker", () => {
  it("are what Prometheus reads, at /metrics only", async () => {
    const worker = { taken: 1, tempo: new Tempo(2), counts: { finished: 3, failed: 1, images: 500 } };
    const port = 20_000 + (process.pid % 20_000);
    const close = await serveMetrics(worker, 2, port);
    try {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`);
      assert.match(response.headers.get("content-type") ?? "", /^text\/plain/);
      const text = await response.text();
      for (const line of ["slots 2", "running 1", "images_total 500", "trainings_finished_total 3"])
        assert.ok(text.includes(`\ndeepaugment_${line}\n`), text);
      // Counters are those of the worker, however often they are read.
      worker.counts.finished = 4;
      assert.match(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text(), /finished_total 4\n/);
      assert.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 404);
      await assert.rejects(
        serveMetrics(worker, 2, port),
        (error) =>
          error instanceof RunError &&
          /^cannot serve metrics on port \d+: .*; give another/.test(error.message),
      );
    } finally {
      close();
    }
  });
});
