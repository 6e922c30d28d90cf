// The result of choosing an engine and a precision, on machines with and without the native engine's addon.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import type { EngineChoice, EngineName, PrecisionChoice } from "../../src/config/engines.ts";
import { resolveEngine } from "../../src/engine/choose.ts";
import { findAddon } from "../../src/engine/native/addon.ts";
import type { EngineFound, EngineProbe } from "../../src/engine/types.ts";

type Outcome = {
  readonly identity?: { readonly name: string; readonly precision: string; readonly kernels: string | null };
  readonly note?: string;
  readonly error?: string;
  readonly exitCode?: number;
};

const SCRIPT = `
import { resolveEngine, startEngine } from ${JSON.stringify(new URL("../../src/engine/choose.ts", import.meta.url))};
const [choice, precision, isStarted] = JSON.parse(process.argv[1]);
try {
  const start = async () => {
    const { name, precision: computed, kernels } = await startEngine(choice, precision);
    return { identity: { name, precision: computed, kernels } };
  };
  const outcome = isStarted ? await start() : await resolveEngine(choice, precision);
  console.log(JSON.stringify(outcome));
} catch ({ name, message, exitCode }) {
  console.log(JSON.stringify({ error: message, exitCode }));
}
`;

const NO_ADDON = { DEEPAUGMENT_NATIVE_ADDON: "/nowhere/deepaugment.node" };
const HERE = {};

/** Resolves a choice in a separate process, because a process looks for the addon only once. */
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
  it("auto is wasm, with the reason in one line", () => {
    const { note, identity } = resolve(NO_ADDON, "auto");
    assert.deepEqual(identity, { name: "wasm", precision: "float32", kernels: null });
    assert.match(
      note ?? "",
      /^engine native cannot be loaded: .*nowhere.* \(unset DEEPAUGMENT_NATIVE_ADDON\); trainings run on engine wasm$/,
    );
  });

  it("auto starts wasm", () => {
    assert.deepEqual(resolve(NO_ADDON, "auto", "auto", true).identity, {
      name: "wasm",
      precision: "float32",
      kernels: null,
    });
  });

  it("choosing wasm gives no note", () => {
    assert.equal(resolve(NO_ADDON, "wasm").note, undefined);
  });

  it("native is a one-line usage error", () => {
    const { error, exitCode } = resolve(NO_ADDON, "native");
    assert.equal(exitCode, 2);
    assert.match(
      error ?? "",
      /^engine native cannot be loaded: .* \(.*\); deepaugment doctor shows the others$/,
    );
  });

  it("bfloat16 is unavailable, and the error says that it needs native", () => {
    assert.match(
      resolve(NO_ADDON, "auto", "bfloat16").error ?? "",
      /^precision "bfloat16" is not available here: engine native cannot be loaded: .*; use precision: float32, or auto$/,
    );
  });
});

describe("with the native engine's addon", {
  skip: "missing" in findAddon() && "it is not built here",
}, () => {
  it("auto is native, with the name of its kernels", () => {
    const { identity, note } = resolve(HERE, "auto");
    assert.equal(identity?.name, "native");
    assert.match(identity.precision, /^(float32|bfloat16)$/);
    assert.match(identity.kernels ?? "", /^[a-z0-9]+$/);
    assert.equal(note, undefined);
  });

  it("native starts in the resolved precision and with the resolved kernels", () => {
    const { identity } = resolve(HERE, "native", "float32");
    assert.deepEqual(resolve(HERE, "native", "float32", true).identity, identity);
    assert.equal(identity?.precision, "float32");
  });

  it("native uses the requested kernels, or is unavailable if this processor does not support them", () => {
    assert.equal(resolve({ DEEPAUGMENT_NATIVE_KERNELS: "portable" }, "auto").identity?.kernels, "portable");
    const { identity, note } = resolve({ DEEPAUGMENT_NATIVE_KERNELS: "altivec" }, "auto");
    assert.equal(identity?.name, "wasm");
    assert.match(note ?? "", /^engine native has no kernels altivec/);
  });
});

describe("any machine", () => {
  it("has no bfloat16 on wasm", () => {
    assert.equal(
      resolve(HERE, "wasm", "bfloat16").error,
      'precision "bfloat16" is not available on engine wasm; use precision: float32, or auto',
    );
  });
});

describe("auto", () => {
  const cpu: EngineFound = {
    ...{ version: "1.0.0", device: "a processor", isSoftware: false },
    ...{ precisions: ["float32"], kernels: null },
  };
  const gpu: EngineFound = { ...cpu, device: "a graphics card" };
  const native: EngineFound = { ...cpu, precisions: ["bfloat16", "float32"], kernels: "avx512bf16" };
  const missing = { missing: "is not here", fix: "bring it" };

  /** The result of auto with these answers of the engines; an engine that is not listed must not be probed. */
  async function auto(
    answers: Partial<Record<EngineName, EngineProbe>>,
    precision: PrecisionChoice = "auto",
  ) {
    const { identity, why, note } = await resolveEngine("auto", precision, async (name) => {
      const answer = answers[name];
      assert.ok(answer, `${name} is asked`);
      return answer;
    });
    return [identity.name, identity.precision, why, note];
  }

  it("takes a graphics card without probing further engines", async () => {
    const [name, , , note] = await auto({ webgpu: gpu });
    assert.deepEqual([name, note], ["webgpu", undefined]);
  });

  it("prefers native to a software renderer and reports the reason", async () => {
    const software = { ...gpu, device: "SwiftShader", isSoftware: true };
    const [name, precision, why, note] = await auto({ webgpu: software, native });
    assert.deepEqual([name, precision, note], ["native", "bfloat16", undefined]);
    assert.equal(why, "the fastest on a processor; engine webgpu finds only SwiftShader");
  });

  it("takes wasm if neither is available, and notes how to get native", async () => {
    assert.deepEqual(await auto({ webgpu: missing, native: missing, wasm: cpu }), [
      ...["wasm", "float32", "it runs anywhere; engine webgpu is not here; engine native is not here"],
      "engine native is not here (bring it); trainings run on engine wasm",
    ]);
  });

  it("takes the first engine with the requested precision", async () => {
    const [name, precision, why] = await auto({ webgpu: gpu, native }, "bfloat16");
    assert.deepEqual([name, precision], ["native", "bfloat16"]);
    assert.equal(why, "the fastest on a processor; engine webgpu has no bfloat16");
  });

  it("notes that a requested engine has no graphics card", async () => {
    const software = { ...gpu, device: "SwiftShader", isSoftware: true };
    const { identity, note } = await resolveEngine("webgpu", "auto", async () => software);
    assert.equal(identity.name, "webgpu");
    assert.match(note ?? "", /^engine webgpu finds no graphics card here and runs on SwiftShader/);
  });
});
