// What experiment.json records of the machine.

import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { resolveConfig } from "../../../src/config/load.ts";
import type { Dataset } from "../../../src/dataset/dataset.ts";
import { createBatch } from "../../../src/image/batch.ts";
import { factsOf } from "../../../src/search/settle/experiment-facts.ts";

describe("the facts of an experiment", () => {
  it("have the memory that a container leaves, not the machine's", () => {
    const { mock: stub } = mock.method(process, "constrainedMemory", () => 2 ** 30);
    const train = { images: createBatch(1, 4, 4), labels: Int32Array.of(0) };
    const dataset = { name: "mine", classNames: ["a", "b"], train, digest: "0" } as unknown as Dataset;
    const drawn = { train: Int32Array.of(0), validation: Int32Array.of(0), validationFrom: "train" } as const;
    const engine = { name: "wasm", precision: "float32", kernels: null } as const;
    const { machine } = factsOf(resolveConfig({ data: "cifar10" }), dataset, drawn, engine, 1);
    stub.restore();
    assert.equal(machine.memoryGiB, 1);
  });
});
