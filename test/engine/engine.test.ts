// What a choice of engine and precision comes to, on a machine with the native engine's addon and on one without.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import type { EngineChoice, PrecisionChoice, ResolvedEngine } from "../../src/engine/engine.ts";
import { findAddon } from "../../src/engine/native/addon.ts";

type Outcome = ResolvedEngine & { readonly error?: string; readonly exitCode?: number };

const SCRIPT = `
import { resolveEngine, startEngine } from ${JSON.stringify(new URL("../../src/engine/engine.ts", import.meta.url))};
const [choice, precision, isStarted] = JSON.parse(process.argv[1]);
try {
  const { optimizers, ...identity } = isStarted ? await startEngine(choice, precision) : resolveEngine(choice, precision);
  console.log(JSON.stringify(identity));
} catch ({ name, message, exitCode }) {
  console.log(JSON.stringify({ error: message, exitCode }));
}
`;

const NO_ADDON = { DEEPAUGMENT_NATIVE_ADDON: "/nowhere/deepaugment.node" };
const HERE = {};

/** In a process of its own: the addon is looked for once. */
function resolve(
  environment: Record<string, string>,
  choice: EngineChoice,
  precision: PrecisionChoice = "auto",
  isStarted = false,
): Outcome {
  const args = ["--input-type=module", "-e", SCRIPT, JSON.stringify([choice, precision, isStarted])];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, ...environment },
    encoding: "utf8",
  });
  assert.ok(stdout, stderr);
  return JSON.parse(stdout);
}

describe("without the native engine's addon", () => {
  it("auto is wasm, with one line that says why", () => {
    const { note, ...identity } = resolve(NO_ADDON, "auto");
    assert.deepEqual(identity, { name: "wasm", precision: "float32", kernels: null });
    assert.match(
      note ?? "",
      /^engine native cannot be loaded \(.*nowhere.*\); trainings run on engine wasm$/,
    );
  });

  it("auto starts wasm", () => {
    assert.deepEqual(resolve(NO_ADDON, "auto", "auto", true), {
      name: "wasm",
      precision: "float32",
      kernels: null,
    });
  });

  it("wasm is no matter for a note", () => {
    assert.equal(resolve(NO_ADDON, "wasm").note, undefined);
  });

  it("native is a usage error of one line", () => {
    const { error, exitCode } = resolve(NO_ADDON, "native");
    assert.equal(exitCode, 2);
    assert.match(error ?? "", /^engine native cannot be loaded .*; or use engine wasm$/);
  });

  it("bfloat16 is not to be had, and the line says that native would have it", () => {
    assert.match(
      resolve(NO_ADDON, "auto", "bfloat16").error ?? "",
      /^precision "bfloat16" is not to be had on engine wasm; engine native cannot be loaded .*; or use precision: float32/,
    );
  });
});

describe("with the native engine's addon", {
  skip: "missing" in findAddon() && "it is not built here",
}, () => {
  it("auto is native, with the name of its kernels", () => {
    const { name, precision, kernels, note } = resolve(HERE, "auto");
    assert.equal(name, "native");
    assert.ok(["float32", "bfloat16"].includes(precision));
    assert.match(kernels ?? "", /^[a-z0-9]+$/);
    assert.equal(note, undefined);
  });

  it("native starts, in the precision and with the kernels that were resolved", () => {
    assert.deepEqual(resolve(HERE, "native", "float32", true), resolve(HERE, "native", "float32"));
    assert.equal(resolve(HERE, "native", "float32").precision, "float32");
  });

  it("takes the kernels that are asked for, or is missing where this processor has them not", () => {
    assert.equal(resolve({ DEEPAUGMENT_NATIVE_KERNELS: "portable" }, "auto").kernels, "portable");
    const { name, note } = resolve({ DEEPAUGMENT_NATIVE_KERNELS: "altivec" }, "auto");
    assert.equal(name, "wasm");
    assert.match(note ?? "", /^engine native has no kernels altivec/);
  });
});

describe("any machine", () => {
  it("has no bfloat16 on wasm, and no engine that is not part of this version", () => {
    assert.equal(
      resolve(HERE, "wasm", "bfloat16").error,
      'precision "bfloat16" is not to be had on engine wasm; use precision: float32, or auto',
    );
    for (const choice of ["webgpu", "tensorflow"] as const) {
      const { error, exitCode } = resolve(HERE, choice);
      assert.equal(exitCode, 2);
      assert.equal(
        error,
        `engine "${choice}" is not part of this version; use engine: native, wasm, or auto`,
      );
    }
  });
});
