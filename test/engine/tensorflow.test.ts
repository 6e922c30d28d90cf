// Engine `tensorflow`: its errors if tfjs-node is unavailable, with imitations of the package that fail in the same
// ways. The package itself is not a dependency: TFJS_NODE=<a folder in which it is installed> adds trainings on it.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeSubsets } from "../../src/dataset/subset-file.ts";
import type { EngineFound, EngineMissing } from "../../src/engine/types.ts";
import { noAugmentation } from "../../src/policy/policy.ts";
import { contentRef } from "../../src/search/content.ts";
import type { TrainingTask } from "../../src/search/training.ts";
import { loadSample, slice } from "../fixtures/sample.ts";
import { imitate, REGISTERS } from "./tfjs-node.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-tensorflow-"));
after(() => rmSync(root, { recursive: true }));

/** The value of the script's expression, evaluated in a separate process in this working directory. */
function evaluate<Result>(
  folder: string,
  module: string,
  expression: string,
): { result: Result; stderr: string } {
  const script = `
import * as tf from ${JSON.stringify(import.meta.resolve("@tensorflow/tfjs-core"))};
import * as module from ${JSON.stringify(new URL(`../../src/${module}`, import.meta.url))};
console.log(JSON.stringify(await (${expression})));`;
  const args = ["--input-type=module", "-e", script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  assert.ok(stdout, stderr);
  return { result: JSON.parse(stdout), stderr };
}

function probe(folder: string) {
  const { result, stderr } = evaluate<Partial<EngineFound & EngineMissing>>(
    folder,
    "engine/tensorflow/probe.ts",
    "module.probeTensorflow()",
  );
  assert.equal(stderr, "");
  return result;
}

describe("engine tensorflow", () => {
  it("if not installed, reports the command to install it", () => {
    const { missing, fix } = probe(mkdtempSync(join(root, "empty-")));
    assert.equal(missing, "is not installed");
    assert.match(
      fix ?? "",
      /^npm install @tensorflow\/tfjs-node@4\.22\.0, or .*-gpu@4\.22\.0 .*CUDA 11\.2 and cuDNN 8\.1$/,
    );
  });

  it("requires the package's version that matches this program's TensorFlow.js", () => {
    const { missing, fix } = probe(imitate(root, "tfjs-node", "4.17.0", ""));
    assert.equal(missing, "finds @tensorflow/tfjs-node 4.17.0, but needs 4.22.0");
    assert.equal(fix, "npm install @tensorflow/tfjs-node@4.22.0");
  });

  it("reports a missing addon on systems and Node versions that it was not built for", () => {
    // The package's own message.
    const error =
      "The Node.js native addon module (tfjs_binding.node) can not be found at path: /somewhere. \\nPlease run command";
    const { missing, fix } = probe(imitate(root, "tfjs-node", "4.22.0", `throw new Error("${error}");`));
    assert.equal(missing, "finds @tensorflow/tfjs-node without its compiled addon for this system and Node");
    assert.match(
      fix ?? "",
      /^npm rebuild @tensorflow\/tfjs-node --build-addon-from-source, .*C\+\+ compiler; or install it with Node 22 or older$/,
    );
  });

  it("reports any other reason that it cannot be loaded, with Node's version", () => {
    const { missing } = probe(imitate(root, "tfjs-node", "4.22.0", `require("node:util").goneInThisNode();`));
    const { node } = process.versions;
    assert.ok(missing?.startsWith(`cannot load @tensorflow/tfjs-node on Node ${node}: `), missing);
    assert.match(missing ?? "", /goneInThisNode is not a function$/);
  });

  it("reports another package of the same name that registers no backend", () => {
    assert.match(probe(imitate(root, "tfjs-node", "4.22.0", "")).missing ?? "", /it registers no backend/);
  });

  it("reports the missing CUDA library of the package for graphics cards", {
    skip:
      (process.platform !== "linux" || existsSync("/proc/driver/nvidia")) &&
      "it is a system with CUDA, or not Linux",
  }, () => {
    const { missing, fix } = probe(imitate(root, "tfjs-node-gpu", "4.22.0", REGISTERS));
    assert.equal(missing, "finds no graphics card, since the system does not find libcuda.so.1");
    assert.match(
      fix ?? "",
      /^install CUDA 11\.2 and cuDNN 8\.1, .*LD_LIBRARY_PATH; or .*tfjs-node, for the processor$/,
    );
  });

  it("provides the Node functions that the package calls and Node 23 removed", () => {
    const code = `
const util = require("util");
if (!util.isNullOrUndefined(undefined) || util.isNullOrUndefined(0) || !util.isArray([])) throw new Error("gone");
${REGISTERS}`;
    const { version, isSoftware, precisions, kernels } = probe(imitate(root, "tfjs-node", "4.22.0", code));
    assert.equal(version, "4.22.0, libtensorflow 2.9.1");
    assert.deepEqual([isSoftware, precisions, kernels], [false, ["float32"], null]);
  });
});

describe("asking for engine tensorflow", () => {
  it("keeps the engine that has been started the current one", () => {
    const { result } = evaluate(
      imitate(root, "tfjs-node", "4.22.0", REGISTERS),
      "engine/choose.ts",
      `module.startEngine("wasm", "float32")
        .then(() => module.probeEngine("tensorflow"))
        .then(({ version }) => [version, tf.getBackend()])`,
    );
    assert.deepEqual(result, ["4.22.0, libtensorflow 2.9.1", "wasm"]);
  });
});

describe("engine tensorflow, installed", {
  skip: !process.env.TFJS_NODE && "TFJS_NODE names no folder in which tfjs-node is installed",
}, () => {
  const folder = process.env.TFJS_NODE as string;
  const subsetsPath = join(root, "subsets.bin");

  before(async () => {
    const { train } = await loadSample();
    writeSubsets(subsetsPath, { train: slice(train, 0, 40), validation: slice(train, 40, 60), classes: 10 });
  });

  function lossesOf(engine: TrainingTask["engine"], model: string): number[] {
    const task: TrainingTask = {
      ...{ trial: 0, sample: 0, policy: noAugmentation(1, 2), seed: 1, model, engine, precision: "float32" },
      ...{ threads: 1, epochs: 2, batchSize: 16, subsets: contentRef(subsetsPath) },
    };
    const { result, stderr } = evaluate<{ loss: number; validationLoss: number }[]>(
      folder,
      "search/training.ts",
      `module.runTraining(${JSON.stringify(task)}).then(({ history }) => history)`,
    );
    assert.equal(stderr, "");
    return result.flatMap(({ loss, validationLoss }) => [loss, validationLoss]);
  }

  for (const model of ["basiccnn", "wrn_10_1"]) {
    it(`trains ${model} like engine wasm, and reproducibly`, () => {
      const losses = lossesOf("tensorflow", model);
      assert.deepEqual(lossesOf("tensorflow", model), losses);
      for (const [i, loss] of lossesOf("wasm", model).entries()) {
        assert.ok(Math.abs(losses[i] - loss) < 1e-3 * loss, `${losses} on tensorflow, ${loss} on wasm`);
      }
    });
  }
});
