// `doctor` from the command line, on this machine as it is and with engines that are missing or fail. No test checks a
// speed, or whether a busy machine has time for all engines.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { Diagnosis } from "../../src/measure/doctor.ts";
import { imitate, REGISTERS } from "../engine/tfjs-node.ts";
import { run, runMain } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-doctor-"));
after(() => rmSync(root, { recursive: true }));

describe("deepaugment doctor", () => {
  it("reports as JSON what each engine runs on and how fast it trains in each precision, or why it does not", async () => {
    // It has a backend of its own, but none of the operations.
    const folder = imitate(root, "tfjs-node", "4.22.0", REGISTERS);
    const { code, stdout, stderr } = await run(["doctor", "--json"], {}, folder);
    assert.equal(code, 0, stderr);
    const { auto, engines, machine, training }: Diagnosis = JSON.parse(stdout);
    assert.deepEqual([training.model, training.batch, training.imageShape], ["basiccnn", 64, [32, 32, 3]]);
    assert.ok(machine.cpu && machine.cores >= 1 && machine.memoryGigabytes >= 1);
    assert.deepEqual(
      [...new Set(engines.map(({ engine }) => engine))],
      ["native", "webgpu", "tensorflow", "wasm"],
    );
    // Engine native has a row for each of its precisions, the others have one.
    assert.deepEqual(
      engines.filter(({ engine }) => engine !== "native").map(({ engine }) => engine),
      ["webgpu", "tensorflow", "wasm"],
    );
    const native = engines.filter(({ engine }) => engine === "native");
    const precisions = native.map(({ precision }) => precision).sort();
    assert.deepEqual(precisions, native[0].version ? ["bfloat16", "float32"] : [null]);
    const taken = engines.find(({ engine }) => engine === auto.engine);
    assert.ok(taken?.version && taken.device, auto.engine);
    assert.equal(taken.precision, auto.precision);
    assert.equal(taken.isSoftware, false);
    assert.ok(auto.why);
    for (const { engine, imagesPerSecond, problem, workers } of engines) {
      assert.ok(imagesPerSecond === null ? problem : imagesPerSecond > 0, engine);
      if (imagesPerSecond !== null) assert.ok(workers && workers >= 1, engine);
    }
    const tensorflow = engines.find(({ engine }) => engine === "tensorflow");
    assert.equal(tensorflow?.version, "4.22.0, libtensorflow 2.9.1");
    assert.match(tensorflow?.problem ?? "", /^(cannot be measured: |was not measured in time)/);
  });

  it("shows a table, what would bring a missing engine, and one that crashes", async () => {
    const folder = imitate(root, "tfjs-node", "4.22.0", "process.abort();");
    const environment = { DEEPAUGMENT_NATIVE_ADDON: "/nowhere/deepaugment.node" };
    const { code, stdout, stderr } = await run(["doctor", "--seconds", "0.1"], environment, folder);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^Probing the engines…\n(.*\n)*Measuring engine wasm…\n/);
    assert.match(
      stdout,
      /^DeepAugment {2}\S+, Node \S+, \S+ \S+\nProcessor {4}\S.*\nFeatures {5}\S.*\nMemory {7}\d+ GB\n\n/,
    );
    assert.match(stdout, /\nengine +version +runs on +precision +instructions +workers +images\/s\n/);
    assert.match(stdout, /\nnative +– +– +– +– +– +–\n/);
    assert.match(
      stdout,
      /\nBy default, optimize takes wasm, for basiccnn in float32: it runs anywhere; engine webgpu .*\n/,
    );
    assert.match(stdout, /\nwasm +4\.22\.0 +\S.* +float32 +– +\d+ +(–|[\d,.]+)\n/);
    assert.match(
      stdout,
      /\nnative cannot be loaded: .*nowhere.*\. To fix it: unset DEEPAUGMENT_NATIVE_ADDON\n/,
    );
    assert.match(
      stdout,
      /\ntensorflow fails when it is probed: a worker process \(probe\) ended 2 times .*SIGABRT/,
    );
    for (const text of [stdout, stderr]) assert.ok(!text.includes("\u001b"), "it has no colour");
  });

  it("refuses in one line to measure for too long", async () => {
    const { code, stdout, stderr } = await runMain(["doctor", "--seconds", "3"]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^deepaugment: --seconds: expected a number above 0 and at most 2, received "3"\n$/);
  });
});
