// Metrics of a worker for Prometheus, served over HTTP.

import { createServer } from "node:http";
import { RunError, systemReason } from "../common/errors.ts";
import type { QueueWorker } from "../search/executors/queue/worker.ts";

/**
 * Serves the metrics at /metrics until the function that it returns is called.
 * @throws RunError if the port is not free.
 */
export async function serveMetrics(
  worker: Pick<QueueWorker, "taken" | "tempo" | "counts">,
  slots: number,
  port: number,
): Promise<() => void> {
  const { Counter, Gauge, Registry } = await import("prom-client");
  const registry = new Registry();
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      ...{ name: `deepaugment_${name}`, help, registers: [registry] },
      collect() {
        this.set(value());
      },
    });
  const counter = (name: string, help: string, value: () => number) =>
    new Counter({
      ...{ name: `deepaugment_${name}`, help, registers: [registry] },
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  gauge("slots", "Trainings that may run at the same time", () => slots);
  gauge("running", "Trainings that run now", () => worker.taken);
  gauge(
    "busy_ratio",
    "Share of the slots' time spent on trainings, over the last minute",
    () => worker.tempo.busy,
  );
  gauge(
    "images_per_second",
    "Images trained per second, over the last minute",
    () => worker.tempo.imagesPerSecond,
  );
  counter("images_total", "Images trained since the start", () => worker.counts.images);
  counter("trainings_finished_total", "Trainings finished since the start", () => worker.counts.finished);
  counter("trainings_failed_total", "Trainings failed since the start", () => worker.counts.failed);
  const server = createServer((request, response) => {
    if (request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { "content-type": registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        new RunError(
          `cannot serve metrics on port ${port}: ${systemReason(error)}; give another --metrics-port`,
        ),
      ),
    );
    server.listen(port, resolve);
  });
  return () => {
    server.close();
    server.closeAllConnections();
  };
}
