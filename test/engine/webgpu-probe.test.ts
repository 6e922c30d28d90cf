// The probe of engine webgpu, with any behaviour of the graphics driver. No adapter is needed.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { InterruptedError, RunError } from "../../src/common/errors.ts";
import { resolveEngine } from "../../src/engine/choose.ts";
import { probeAdapter, probeWebgpu } from "../../src/engine/webgpu/probe.ts";

const card = { device: "NVIDIA H100", driver: "NVIDIA: 550.54.15", isSoftware: false };
const standIn = { device: "llvmpipe", driver: "Mesa 22.3.6", isSoftware: true };

describe("the probe of engine webgpu", () => {
  it("reports the card, its driver, and the only precision", async () => {
    const { version, ...found } = (await probeAdapter(async () => card)) as { version: string };
    assert.match(version, /^\d+\.\d+\.\d+$/);
    assert.deepEqual(found, {
      ...{ device: "NVIDIA H100 (NVIDIA: 550.54.15)", isSoftware: false },
      ...{ precisions: ["float32"], kernels: null },
    });
  });

  it("reports in one line what is missing and how to get it, also for a driver that crashes or hangs", async () => {
    const answers = [
      async () => null,
      async () => Promise.reject(new RunError("a worker process ended 2 times: killed by SIGSEGV")),
      async () => Promise.reject(new InterruptedError("interrupted")),
    ];
    const missing: string[] = [];
    for (const answer of answers) {
      const probe = await probeAdapter(answer);
      assert.ok("missing" in probe);
      assert.doesNotMatch(probe.missing + probe.fix, /\n/);
      assert.match(probe.fix, /driver/);
      missing.push(probe.missing);
    }
    assert.match(missing[0], /^finds no graphics card/);
    assert.match(missing[1], /SIGSEGV/);
    assert.match(missing[2], /^got no answer/);
  });

  it("works on this machine", async () => {
    const probe = await probeWebgpu();
    assert.ok("missing" in probe ? probe.fix : probe.device);
  });
});

describe("the choice of an engine", () => {
  const only = (adapter: typeof card) => async (name: string) => {
    if (name === "webgpu") return probeAdapter(async () => adapter);
    return {
      ...{ version: "1.0.0", device: "a processor", isSoftware: false, kernels: null },
      precisions: ["float32"],
    };
  };

  it("is webgpu by auto for a graphics card, but never for a software renderer", async () => {
    const choose = async (adapter: typeof card) =>
      (await resolveEngine("auto", "auto", only(adapter) as never)).identity.name;
    assert.equal(await choose(card), "webgpu");
    assert.equal(await choose(standIn), "native");
  });

  it("is webgpu if requested, with a note that a software renderer is slow; bfloat16 is rejected", async () => {
    const { identity, note } = await resolveEngine("webgpu", "auto", only(standIn) as never);
    assert.equal(identity.name, "webgpu");
    assert.match(note ?? "", /llvmpipe.*slow/);
    await assert.rejects(
      resolveEngine("webgpu", "bfloat16", only(card) as never),
      /^UsageError: precision "bfloat16" is not available on engine webgpu; use precision: float32, or auto$/,
    );
  });
});
