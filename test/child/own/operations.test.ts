// Operations in a user's own model, such as `x + y`: what they become, in the forms in which Keras 2 and 3 write them, and
// what is said of those that are not supported. Their results are compared with Keras's in keras-models.test.ts.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as tf from "@tensorflow/tfjs-core";
import { model, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { buildModel, checkFit } from "../../../src/child/model.ts";
import { startEngine } from "../../../src/engine/choose.ts";
import type { Engine } from "../../../src/engine/types.ts";
import { pixels } from "./keras.ts";

const folder = mkdtempSync(join(tmpdir(), "deepaugment-test-"));
after(() => rmSync(folder, { recursive: true }));

let engine: Engine;
before(async () => {
  engine = await startEngine("wasm", "float32");
});

const SIDE = 4;
const IMAGES = { height: SIDE, width: SIDE, classes: 3 };

type Json = Record<string, unknown>;

/** A tensor of Keras 3: the output of a layer. */
const tensor = (layer: string, output = 0) => ({
  class_name: "__keras_tensor__",
  config: { shape: [null, SIDE, SIDE, 3], dtype: "float32", keras_history: [layer, 0, output] },
});
const X = tensor("x");

/** An operation of Keras 3. */
const operation = (
  className: string,
  args: unknown[],
  config: Json = {},
  kwargs: Json = {},
  module = "numpy",
) => ({
  ...{ module: `keras.src.ops.${module}`, class_name: className, registered_name: className },
  ...{ name: className.toLowerCase(), config: { name: className.toLowerCase(), ...config } },
  inbound_nodes: [{ args, kwargs }],
});

/** An operation of Keras 2. */
const lambda = (name: string, node: unknown, className = "TFOpLambda") => ({
  ...{ class_name: className, name: `tf.${name}`, config: { name: `tf.${name}`, function: name } },
  inbound_nodes: [node],
});

/** Path of a file with a functional model of these layers between the images and a dense layer. */
function made(...layers: Json[]): string {
  const image = {
    class_name: "InputLayer",
    name: "x",
    config: { name: "x", batch_shape: [null, SIDE, SIDE, 3] },
  };
  const last = String(layers.at(-1)?.name);
  const apply = (className: string, name: string, input: string, config: Json = {}) => ({
    ...{ class_name: className, name, config: { name, ...config } },
    inbound_nodes: [{ args: [tensor(input)], kwargs: {} }],
  });
  const end = [apply("Flatten", "flat", last), apply("Dense", "dense", "flat", { units: 3 })];
  const config = {
    ...{ name: "model", layers: [{ ...image, inbound_nodes: [] }, ...layers, ...end] },
    ...{ input_layers: [["x", 0, 0]], output_layers: [["dense", 0, 0]] },
  };
  const path = join(folder, "model.json");
  writeFileSync(path, JSON.stringify({ class_name: "Functional", config }));
  return path;
}

/** The outputs of the layers for two images with pixels in [0, 1], value by value. */
function valuesOf(...layers: Json[]): { x: Float32Array; y: Float32Array } {
  const { net } = buildModel(made(...layers), { ...IMAGES, seed: 1, engine });
  const before = model({ inputs: net.inputs, outputs: net.getLayer("flat").input as SymbolicTensor });
  const images = pixels(SIDE);
  const y = tf.tidy(() =>
    (before.apply(images, { training: false }) as tf.Tensor).dataSync<"float32">().slice(),
  );
  return { x: images.dataSync<"float32">(), y };
}

function compare(layers: Json[], expected: (pixel: number, i: number) => number): void {
  const { x, y } = valuesOf(...layers);
  assert.equal(y.length, x.length);
  for (const [i, value] of y.entries()) {
    const wanted = expected(x[i], i);
    assert.ok(
      Math.abs(value - wanted) < 1e-5 * Math.max(1, Math.abs(wanted)),
      `${i}: ${value}, not ${wanted}`,
    );
  }
}

const refused = (path: string, message: RegExp) =>
  assert.rejects(checkFit(path, IMAGES), (error: Error) => {
    assert.equal(error.name, "UsageError", error.stack);
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n"));
    return true;
  });

describe("operations in a model of Keras 3", () => {
  it("take constants before and after the tensor, by place and by name", () => {
    compare([operation("Add", [X, 3])], (x) => x + 3);
    compare([operation("Subtract", [1, X])], (x) => 1 - x);
    compare([operation("TrueDivide", [X, 0.5])], (x) => x / 0.5);
    compare([operation("Add", [], {}, { x1: X, x2: 2 })], (x) => x + 2);
    compare([operation("Multiply", [X], {}, { x2: X })], (x) => x * x);
    compare([operation("Power", [X, 3])], (x) => x ** 3);
  });

  it("take numbers for each channel", () => {
    const means = [0.25, 0.5, 0.75];
    const written = { class_name: "__numpy__", config: { value: means, dtype: "float64" } };
    compare([operation("Subtract", [X, written])], (x, i) => x - means[i % 3]);
    const nested = { class_name: "__tensor__", config: { value: [[[means]]], dtype: "float32" } };
    compare([operation("Divide", [X, nested])], (x, i) => x / means[i % 3]);
  });

  it("may use a tensor twice, and again afterwards", () => {
    const layers = [
      operation("Multiply", [X, X]),
      { ...operation("Add", [tensor("multiply"), 1]), name: "sum" },
      operation("TrueDivide", [tensor("multiply"), tensor("sum")]),
    ];
    compare(layers, (x) => x ** 2 / (x ** 2 + 1));
  });

  it("are adapted to pixels from 0 to 255, like a first layer that was made for them", () => {
    const divided = operation("TrueDivide", [X, 127.5]);
    compare([divided, operation("Subtract", [tensor("truedivide"), 1])], (x) => 2 * x - 1);
    const centered = operation("Subtract", [X, 127.5]);
    compare([centered, operation("TrueDivide", [tensor("subtract"), 127.5])], (x) => 2 * x - 1);
    // Channels in reverse order, and the means of ImageNet.
    const slice = (step: number | null) => ({
      class_name: "__slice__",
      config: { start: null, stop: null, step },
    });
    const key = [{ class_name: "__ellipsis__", config: {} }, slice(-1)];
    const means = [103.939, 116.779, 123.68];
    const { x, y } = valuesOf(
      operation("GetItem", [X, key]),
      operation("Add", [
        tensor("getitem"),
        { class_name: "__numpy__", config: { value: means.map((mean) => -mean) } },
      ]),
    );
    for (const [i, value] of y.entries()) {
      const wanted = 255 * x[i - (i % 3) + 2 - (i % 3)] - means[i % 3];
      assert.ok(Math.abs(value - wanted) < 1e-3, `${value} ${wanted}`);
    }
    // A second use of the pixels is of the same pixels.
    compare([divided, operation("Add", [tensor("truedivide"), X])], (x) => 255 * (x + x / 127.5));
  });

  it("stay as they are for pixels in [0, 1]", () => {
    const shifted = operation("Subtract", [X, 0.5]);
    compare([shifted, operation("Multiply", [tensor("subtract"), 2])], (x) => 2 * x - 1);
  });
});

describe("operations in a model of Keras 2", () => {
  const K2 = (node: unknown, name = "math.multiply", className?: string) => [lambda(name, node, className)];

  it("take constants and tensors in all places", () => {
    compare(K2(["x", 0, 0, { y: 2, name: null }]), (x) => 2 * x);
    compare(K2(["x", 0, 0, { y: ["x", 0, 0] }]), (x) => x * x);
    compare(K2(["_CONSTANT_VALUE", -1, 1.0, { y: ["x", 0, 0] }], "math.subtract"), (x) => 1 - x);
    compare(
      K2(
        [
          ["x", 0, 0, {}],
          ["x", 0, 0, {}],
          ["x", 0, 0, {}],
        ],
        "math.add_n",
      ),
      (x) => 3 * x,
    );
    compare(K2(["x", 0, 0, { y: 2 }], "__operators__.add"), (x) => x + 2);
  });

  it("take parts", () => {
    const all = { start: null, stop: null, step: null };
    const spec = [all, all, all, { start: null, stop: null, step: -1 }];
    const { x, y } = valuesOf(
      ...K2(["x", 0, 0, { slice_spec: spec }], "__operators__.getitem", "SlicingOpLambda"),
    );
    assert.deepEqual([...y.slice(0, 3)], [x[2], x[1], x[0]]);
  });
});

describe("what is applied to too few or too many tensors", () => {
  const nothing = /\) is applied to no tensor; apply it to the output of a layer$/;

  it("is refused if it is an operation", async () => {
    await refused(made(operation("Concatenate", [], { axis: -1 })), nothing);
    await refused(made(operation("Stack", [], { axis: -1 })), nothing);
    await refused(made(operation("Split", [2], { indices_or_sections: 2, axis: -1 })), nothing);
    await refused(made(operation("Relu", [], {}, {}, "nn")), nothing);
  });

  it("is refused if it is a layer", async () => {
    const layer = (className: string, args: unknown[]) => ({
      ...{ class_name: className, name: "layer", config: { name: "layer" } },
      inbound_nodes: [{ args, kwargs: {} }],
    });
    const toNothing = /applies layer layer to nothing; apply it to the output of another layer$/;
    await refused(made(layer("ReLU", [])), toNothing);
    await refused(made(layer("Add", [[]])), toNothing);
    for (const className of ["Softmax", "ReLU", "Flatten", "BatchNormalization"])
      await refused(made(layer(className, [[X, X]])), new RegExp(`layer layer \\(${className}\\)`));
  });

  it("is not split into more parts than there may be", async () => {
    for (const parts of [1e9, 0, 1.5])
      await refused(
        made(operation("Split", [X], { indices_or_sections: parts, axis: -1 })),
        /is split into .* parts; give a whole number from 1 to 65536$/,
      );
  });
});

describe("an operation that is not supported", () => {
  it("is named with what to use instead, in one line", async () => {
    await refused(
      made(operation("Einsum", [X, X], { subscripts: "bhwc,bhwc->bhwc" })),
      /layer einsum \(Einsum\) is an operation that is not supported; use a layer of Keras, or one of add, subtract, /,
    );
    await refused(
      made(lambda("nn.dropout", ["x", 0, 0, { rate: 0.5 }])),
      /layer tf\.nn\.dropout \(tf\.nn\.dropout\) is an operation that is not supported/,
    );
    await refused(
      made(operation("Mean", [X], { axis: null, keepdims: false })),
      /\(Mean\) has axis null, which includes the batch; name the other axes$/,
    );
    await refused(
      made(operation("Max", [X], { axis: [0, 1] })),
      /\(Max\) has axis \[0,1\], which includes the batch/,
    );
    await refused(
      made(operation("Reshape", [X], { newshape: [2, -1] })),
      /\(Reshape\) gives the batch another size; begin the shape with -1$/,
    );
    await refused(
      made(operation("Transpose", [X], { axes: [1, 0, 2, 3] })),
      /\(Transpose\) moves the batch; begin its axes with 0$/,
    );
    await refused(
      made(
        operation("Pad", [X], {
          pad_width: [
            [0, 0],
            [1, 1],
            [1, 1],
            [1, 1],
          ],
          mode: "constant",
        }),
      ),
      /\(Pad\) pads other axes than height and width; use ZeroPadding2D$/,
    );
    await refused(
      made(
        operation("Pad", [X], {
          pad_width: [
            [0, 0],
            [1, 1],
            [1, 1],
            [0, 0],
          ],
          mode: "reflect",
        }),
      ),
      /\(Pad\) has mode "reflect", which is not supported/,
    );
    const rows = { class_name: "__numpy__", config: { value: [[[1, 2, 3]], [[4, 5, 6]]] } };
    await refused(
      made(operation("Add", [X, rows])),
      /has offset .* which is not supported; use a number, or one per channel$/,
    );
    await refused(
      made(operation("Add", [X, { class_name: "__numpy__", config: { value: [1, 2] } }])),
      /it has 2 numbers for 3 channels/,
    );
    await refused(
      made(operation("Power", [2, X])),
      /\(Power\) has an exponent that is not a number, which is not supported; write it with exp and log$/,
    );
    const mean = { ...operation("Mean", [X], { axis: [1, 2], keepdims: false }), name: "mean" };
    await refused(
      made(mean, operation("Add", [X, tensor("mean")])),
      /layer add \(Add\) has inputs of different numbers of dimensions, which is not supported; reshape them first$/,
    );
  });

  it("is not confused with a layer that is called with more than its inputs", () =>
    refused(
      made({
        ...{ class_name: "MultiHeadAttention", name: "attention", config: { name: "attention" } },
        inbound_nodes: [{ args: [X], kwargs: { value: X } }],
      }),
      /applies layer attention with value tensors, which is not supported; apply it to its inputs alone$/,
    ));
});
