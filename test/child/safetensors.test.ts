// Files of weights that were damaged, or written to do damage.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type LayersModel, layers, sequential } from "@tensorflow/tfjs-layers";
import { formatSafetensors, parseSafetensors, readSafetensors } from "../../src/child/safetensors.ts";
import { areFinite, checkWeights, loadWeights, serializeWeights } from "../../src/child/weights.ts";
import { UsageError } from "../../src/common/errors.ts";
import { startEngine } from "../../src/engine/choose.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-weights-"));
after(() => rmSync(root, { recursive: true }));

const values = [Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(7, 8)];
const whole = Buffer.from(
  formatSafetensors(
    [
      { name: "a/kernel", shape: [2, 3], values: values[0] },
      { name: "a/bias", shape: [2], values: values[1] },
    ],
    { format: "pt" },
  ),
);
const headerLength = Number(whole.readBigUInt64LE(0));
const header = () => JSON.parse(whole.toString("utf8", 8, 8 + headerLength));
const data = whole.subarray(8 + headerLength);

/** A file with this header. */
function withHeader(json: unknown, length?: bigint): Buffer {
  const text = Buffer.from(typeof json === "string" ? json : JSON.stringify(json));
  const start = Buffer.alloc(8);
  start.writeBigUInt64LE(length ?? BigInt(text.length));
  return Buffer.concat([start, text, data]);
}

/** A file in which a key of the first tensor has another value; undefined removes it. */
function withEntry(key: string, value: unknown): Buffer {
  const changed = header();
  if (value === undefined) delete changed["a/kernel"][key];
  else changed["a/kernel"][key] = value;
  return withHeader(changed);
}

describe("a safetensors file", () => {
  it("is read as it was written", () => {
    const { tensors, metadata } = parseSafetensors(whole);
    assert.deepEqual(metadata, { format: "pt" });
    assert.deepEqual([...tensors.keys()], ["a/kernel", "a/bias"]);
    assert.deepEqual(tensors.get("a/kernel")?.shape, [2, 3]);
    assert.deepEqual(new Float32Array(tensors.get("a/bias")!.bytes.slice().buffer), values[1]);
    // Of other programs: a scalar, an empty tensor, tensors in another order, spaces after the header.
    const others = {
      i: { dtype: "I32", shape: [7], data_offsets: [4, 32] },
      n: { dtype: "F64", shape: [0, 5], data_offsets: [4, 4] },
      s: { dtype: "I32", shape: [], data_offsets: [0, 4] },
    };
    assert.equal(parseSafetensors(withHeader(`${JSON.stringify(others)}   `)).tensors.size, 3);
  });

  const overlapping = () => {
    const changed = header();
    changed["a/bias"].data_offsets = [16, 24];
    return withHeader(changed);
  };
  const damages: Record<string, [files: Buffer[], problem: RegExp]> = {
    "is empty or shorter than its header": [
      [
        Buffer.alloc(0),
        whole.subarray(0, 7),
        withHeader({}, 2n ** 63n),
        withHeader({}, BigInt(data.length + 3)),
      ],
      /^it has \d bytes$|its header of \d+ bytes is longer than the file/,
    ],
    "has a header of another kind": [
      [withHeader("[]"), withHeader("null"), withHeader("5"), withHeader('"x"')],
      /its header is not an object/,
    ],
    "has a header that is not JSON": [[withHeader("{"), withHeader("\0\0")], /JSON|token/],
    "has a header of many levels": [
      [withHeader(`{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`)],
      /it has more than 100 levels/,
    ],
    "has something else for a tensor": [
      [null, 5, [], "x"].map((entry) => withHeader({ ...header(), "a/kernel": entry })),
      /^tensor a\/kernel: expected object/,
    ],
    "has a tensor without a shape": [
      [undefined, null, 5, "x", {}, [[2], 3], [2, -3], [2.5], [1e30], [null]].map((shape) =>
        withEntry("shape", shape),
      ),
      /^tensor a\/kernel: shape/,
    ],
    "has a tensor without a place": [
      [undefined, null, {}, [], [0], [0, 1e30], [-4, 20], ["0", "24"], [0, 24, 24]].map((offsets) =>
        withEntry("data_offsets", offsets),
      ),
      /^tensor a\/kernel: data_offsets/,
    ],
    "has a tensor of an unknown type": [
      [undefined, null, 5, "F31"].map((dtype) => withEntry("dtype", dtype)),
      /^tensor a\/kernel: dtype/,
    ],
    "has a tensor of another size than its shape says": [
      [
        ...[withEntry("shape", [2, 2]), withEntry("shape", []), withEntry("shape", [2 ** 40, 2 ** 40])],
        ...[
          withEntry("dtype", "I64"),
          withEntry("data_offsets", [24, 0]),
          withEntry("data_offsets", [0, 23]),
        ],
      ],
      /^tensor a\/kernel has -?\d+ bytes, but its shape \[.*\] of \w+ needs /,
    ],
    "has a tensor that ends after the file": [
      [
        whole.subarray(0, whole.length - 1),
        withHeader({ b: { dtype: "F32", shape: [12], data_offsets: [0, 48] } }),
      ],
      /^the data ends after \d+ of \d+ bytes$/,
    ],
    "has tensors over the same bytes": [[overlapping()], /^tensor a\/\w+ has bytes of another one$/],
    "has bytes that belong to no tensor": [
      [
        Buffer.concat([whole, Buffer.alloc(5)]),
        withHeader({ b: { dtype: "I32", shape: [], data_offsets: [28, 32] } }),
        withHeader({ b: { dtype: "I32", shape: [], data_offsets: [0, 4] } }),
        withEntry("data_offsets", [4, 28]),
        withEntry("data_offsets", [1000, 1024]),
        withHeader({ ...header(), n: { dtype: "F64", shape: [0], data_offsets: [48, 48] } }),
        withHeader({}),
      ],
      /^\d+ bytes (before tensor \S+ belong to none|at its end belong to no tensor)$|^the data ends after 32 of 48 bytes$/,
    ],
    "has the same name twice": [
      [
        withHeader(JSON.stringify(header()).replace("a/bias", "a/kernel")),
        withHeader(JSON.stringify(header()).replace("a/bias", "a\\u002fkernel")),
        withHeader(JSON.stringify(header()).replace('"shape"', '"dtype": "F32", "shape"')),
      ],
      /^its header has "(a\/kernel|dtype)" twice$/,
    ],
    "has metadata that are not strings": [
      [5, [], { a: 5 }, null].map((metadata) => withHeader({ ...header(), __metadata__: metadata })),
      /^__metadata__/,
    ],
  };
  for (const [damage, [files, problem]] of Object.entries(damages)) {
    it(`that ${damage} is refused in one line`, () => {
      for (const [i, file] of files.entries()) {
        assert.throws(() => parseSafetensors(file), { message: problem }, String(i));
        const path = join(root, "damaged.safetensors");
        writeFileSync(path, file);
        assert.throws(
          () => readSafetensors(path),
          (error: Error) =>
            error instanceof UsageError &&
            error.message.startsWith(`${path} is not a valid safetensors file: `) &&
            error.message.endsWith("; move it away or set pre_aug_weights_path to another one") &&
            !error.message.includes("\n"),
        );
      }
    });
  }

  it("may be missing, or a folder", () => {
    assert.throws(
      () => readSafetensors(join(root, "none")),
      /^UsageError: cannot read the weights .*none: there is no such/,
    );
    mkdirSync(join(root, "folder"));
    assert.throws(() => readSafetensors(join(root, "folder")), /folder: it is a folder, not a file$/);
  });
});

describe("weights", () => {
  let net: LayersModel;
  before(async () => {
    await startEngine("wasm", "float32", 1);
    net = sequential({ name: "small", layers: [layers.dense({ name: "d", units: 2, inputShape: [3] })] });
  });
  after(() => net.dispose());

  it("that are not finite numbers are refused, and change nothing", async () => {
    const path = join(root, "weights.safetensors");
    const good = await serializeWeights(net);
    assert.ok(areFinite(good));
    for (const number of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const bad = Buffer.from(good);
      bad.writeFloatLE(number, bad.length - 4);
      assert.ok(!areFinite(bad));
      writeFileSync(path, bad);
      const problem = {
        name: "UsageError",
        message: `the weights in ${path} do not fit model small: d/bias has values that are not finite numbers; move it away or set pre_aug_weights_path to another one`,
      };
      assert.throws(() => checkWeights(net, path), problem);
      assert.throws(() => loadWeights(net, path), problem);
      assert.deepEqual(await serializeWeights(net), good);
    }
    writeFileSync(path, good);
    loadWeights(net, path);
    assert.deepEqual(readFileSync(path), Buffer.from(good));
  });
});
