import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { ready, setBackend, type Tensor, tensor } from "@tensorflow/tfjs-core";
import { input, model } from "@tensorflow/tfjs-layers";
import "@tensorflow/tfjs-backend-cpu";
import { Stack } from "../../../src/child/own/shape-layers.ts";

describe("Stack", () => {
  before(async () => {
    await setBackend("cpu");
    await ready();
  });

  function stacked(inputs: number, axis: number): { shape: number[]; values: number[] } {
    const places = Array.from({ length: inputs }, () => input({ shape: [2] }));
    const layer = new Stack({ name: "stack", axis });
    const output = layer.apply(inputs === 1 ? places[0] : places);
    const built = model({ inputs: places, outputs: output as ReturnType<typeof input> });
    const given = places.map((_, i) => tensor([[10 * i + 1, 10 * i + 2]]));
    const result = built.predict(inputs === 1 ? given[0] : given) as Tensor;
    return { shape: result.shape, values: [...result.dataSync()] };
  }

  it("puts its inputs along a new axis", () => {
    assert.deepEqual(stacked(2, 1), { shape: [1, 2, 2], values: [1, 2, 11, 12] });
    assert.deepEqual(stacked(2, -1), { shape: [1, 2, 2], values: [1, 11, 2, 12] });
  });

  it("takes one input", () => {
    assert.deepEqual(stacked(1, 1), { shape: [1, 1, 2], values: [1, 2] });
    assert.deepEqual(stacked(1, -1), { shape: [1, 2, 1], values: [1, 2] });
  });
});
