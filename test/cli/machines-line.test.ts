import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MachinesLog, machinesLine } from "../../src/cli/machines-line.ts";
import { widthOf } from "../../src/cli/text.ts";
import { machinesOf } from "../../src/search/executors/queue/machines.ts";

const machine = (host: string, trainings: number, imagesPerSecond = 0) => ({
  ...{ host, trainings, imagesPerSecond },
});

describe("machinesLine", () => {
  it("has each machine's trainings, and the images per second of all", () => {
    const machines = [machine("box-a", 4, 800), machine("box-b", 2, 450)];
    assert.equal(machinesLine(machines), "2 machines: box-a 4, box-b 2 trainings; 1,250 images/s");
    assert.equal(machinesLine([machine("box-a", 1)]), "1 machine: box-a 1 training");
    assert.equal(
      machinesLine([machine("box-a", 0, 800), machine("box-b", 0)]),
      "2 machines: box-a, box-b; 800 images/s",
    );
    assert.equal(
      machinesLine([]),
      "no machine trains: start a worker with the same --queue and --queue-prefix",
    );
  });

  it("names as many as fit", () => {
    const machines = Array.from({ length: 200 }, (_, i) => machine(`box-${i}`, 300 - i, 10));
    assert.equal(
      machinesLine(machines, 79),
      "200 machines: box-0 300, box-1 299, 198 others 39,501 trainings; 2,000 images/s",
    );
    assert.equal(machinesLine(machines, 40), "200 machines; 2,000 images/s");
    for (let columns = 28; columns < 200; columns++)
      assert.ok(widthOf(machinesLine(machines, columns)) <= columns, String(columns));
  });
});

describe("MachinesLog", () => {
  it("says when machines have come or gone, at most once a minute", () => {
    let now = 0;
    const lines: string[] = [];
    const log = new MachinesLog(
      (line) => lines.push(line),
      () => now,
    );
    log.show([machine("box-a", 0)]);
    now = 30_000;
    log.show([machine("box-a", 3), machine("box-b", 0)]);
    now = 61_000;
    log.show([machine("box-a", 4), machine("box-b", 1)]);
    now = 200_000;
    log.show([machine("box-b", 9), machine("box-a", 4)]);
    assert.deepEqual(lines, ["1 machine: box-a", "2 machines: box-a 4, box-b 1 trainings"]);
  });

  it("says at once when the first machine comes", () => {
    const lines: string[] = [];
    const log = new MachinesLog(
      (line) => lines.push(line),
      () => 0,
    );
    log.show([]);
    log.show([machine("box-a", 0)]);
    assert.deepEqual(lines, [
      "no machine trains: start a worker with the same --queue and --queue-prefix",
      "1 machine: box-a",
    ]);
  });
});

describe("machinesOf", () => {
  it("adds up the workers of a machine, and leaves out machines that are gone", () => {
    const workers = [
      { host: "b", imagesPerSecond: 1 },
      { host: "a", imagesPerSecond: 2 },
      { host: "b", imagesPerSecond: 4 },
    ];
    assert.deepEqual(machinesOf(workers, ["b", "gone", "b"]), [machine("b", 2, 5), machine("a", 0, 2)]);
  });
});
