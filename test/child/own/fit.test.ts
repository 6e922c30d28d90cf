// A user's own model is adapted to images and classes, or rejected with a one-line error that says how to fix it.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { buildModel, checkFit, checkModel } from "../../../src/child/model.ts";
import { onShapeBackend } from "../../../src/engine/shape-backend.ts";
import { modelPath } from "./keras.ts";

const folder = mkdtempSync(join(tmpdir(), "deepaugment-test-"));
after(() => rmSync(folder, { recursive: true }));

const SEQUENTIAL = modelPath("keras3-sequential.json");
const IMAGES = { height: 32, width: 32, classes: 10 };

interface LayerJson {
  class_name: string;
  module?: string;
  config: Record<string, unknown>;
}

/** Path of a file with a fixture's layers after `edit`. */
function edited(edit: (layers: LayerJson[]) => LayerJson[], fixture = SEQUENTIAL): string {
  const model = JSON.parse(readFileSync(fixture, "utf8"));
  model.config.layers = edit(model.config.layers);
  delete model.build_config;
  const path = join(folder, "edited.json");
  writeFileSync(path, JSON.stringify(model));
  return path;
}

function layer(className: string, config: Record<string, unknown> = {}): LayerJson {
  return { class_name: className, config: { name: className.toLowerCase(), ...config } };
}

const IMAGE_INPUT = (...shape: (number | null)[]) =>
  layer("InputLayer", { batch_shape: [null, ...shape], name: "pixels" });

/** Path of a file with a model of these layers. */
const made = (...layers: LayerJson[]) => edited(() => [IMAGE_INPUT(32, 32, 3), ...layers]);

function look<T>(
  path: string,
  see: (net: LayersModel) => T,
  options: Partial<Parameters<typeof checkFit>[1]> = {},
): Promise<T> {
  return onShapeBackend((engine) => {
    const { net } = buildModel(path, { ...IMAGES, ...options, seed: 1, engine, isShapeOnly: true });
    return see(net);
  });
}

const refused = (path: string, message: RegExp, images: Partial<Parameters<typeof checkFit>[1]> = {}) =>
  assert.rejects(checkFit(path, { ...IMAGES, ...images }), (error: Error) => {
    assert.equal(error.name, "UsageError", error.stack);
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n"));
    return true;
  });

describe("the images of a user's own model", () => {
  it("must have its size and number of channels", async () => {
    await checkFit(SEQUENTIAL, IMAGES);
    await refused(SEQUENTIAL, /takes images of 32 × 32 pixels, but these have 48 × 40; set image_size: 32$/, {
      height: 40,
      width: 48,
    });
    const wide = edited((layers) => [IMAGE_INPUT(16, 48, 3), ...layers.slice(1)]);
    await refused(wide, /takes images of 48 × 16 pixels, but these have 32 × 32; build it for square images/);
    checkModel(wide, 16, 48);
    const grey = edited((layers) => [IMAGE_INPUT(32, 32, 1), ...layers.slice(1)]);
    await refused(grey, /takes images of 1 channel, but images here have 3/);
    assert.throws(() => checkModel(grey), /1 channel/);
    assert.throws(() => checkModel(SEQUENTIAL, 64, 64), /set image_size: 32/);
  });

  it("may have any size if the file leaves it open", async () => {
    const resnet = modelPath("keras3-resnet.keras");
    for (const side of [8, 33]) await checkFit(resnet, { ...IMAGES, height: side, width: side });
    const unbuilt = edited(() => [layer("Flatten"), layer("Dense", { units: 10 })]);
    await checkFit(unbuilt, { ...IMAGES, height: 9 });
  });

  it("may have its channels first, which are moved to the end", async () => {
    const first = { data_format: "channels_first" };
    const convolution = layer("Conv2D", { filters: 6, kernel_size: 3, ...first });
    const end = [layer("GlobalAveragePooling2D", first), layer("Dense", { units: 10 })];
    const model = edited(() => [IMAGE_INPUT(3, 32, 48), convolution, ...end]);
    checkModel(model, 32, 48);
    const shapes = (net: LayersModel) => net.layers.slice(0, 2).map((each) => each.outputShape);
    assert.deepEqual(await look(model, shapes, { height: 32, width: 48 }), [
      [null, 32, 48, 3],
      [null, 30, 46, 6],
    ]);
    await refused(model, /takes images of 48 × 32 pixels, but these have 32 × 32/);
    const grey = edited(() => [IMAGE_INPUT(1, 32, 32), convolution, ...end]);
    await refused(grey, /takes images of 1 channel, but images here have 3/);
    // Softmax over the last axis, which are columns here.
    const odd = layer("Conv2D", { filters: 6, kernel_size: 3, activation: "softmax", ...first });
    await refused(
      edited(() => [IMAGE_INPUT(3, 32, 32), odd, ...end]),
      /\(Conv2D\) has channels first, and activation softmax over its last axis, .*use a Softmax layer with axis 1$/,
    );
  });

  it("must be large enough for all layers", () =>
    refused(
      edited((layers) => [IMAGE_INPUT(null, null, 3), ...layers.slice(1)]),
      /needs larger images than 4 × 4 pixels: nothing is left of them after layer conv2d_1 \(Conv2D\); increase image_size/,
      { height: 4, width: 4 },
    ));
});

describe("the pixels of a user's own model", () => {
  const factors = (path: string) =>
    look(path, (net) =>
      net.layers
        .filter((each) => each.getClassName() === "ChannelScaling")
        .map((each) => [each.getConfig().scale, each.getConfig().offset]),
    );
  const end = [layer("Flatten"), layer("Dense", { units: 10 })];

  it("are in [0, 1], and a first layer made for pixels from 0 to 255 is adjusted", async () => {
    assert.deepEqual(await factors(SEQUENTIAL), [], "a Rescaling by 1/255 becomes the identity");
    const symmetric = made(layer("Rescaling", { scale: 1 / 127.5, offset: -1 }), ...end);
    assert.deepEqual(await factors(symmetric), [[[2], [-1]]]);
    const normalized = { mean: [127.5, 0, 0], variance: [255 ** 2, 255 ** 2, 255 ** 2] };
    const [[scale, offset]] = await factors(
      made(layer("Normalization", { axis: [-1], ...normalized }), ...end),
    );
    assert.deepEqual(scale, [1, 1, 1]);
    assert.deepEqual(offset, [-0.5, -0, -0]);
  });

  it("stay as they are for a first layer made for [0, 1], and for later layers", async () => {
    const twice = made(layer("Rescaling", { scale: 2, offset: -1 }), ...end);
    assert.deepEqual(await factors(twice), [[[2], [-1]]]);
    const later = layer("Rescaling", { scale: 1 / 255, name: "second" });
    const both = made(layer("Rescaling", { scale: 255 }), later, ...end);
    assert.deepEqual((await factors(both)).at(-1), [[1 / 255], [0]]);
    const unit = { mean: [0.5, 0.5, 0.5], variance: [0.25, 0.25, 0.25] };
    assert.deepEqual(await factors(made(layer("Normalization", unit), ...end)), [
      [
        [2, 2, 2],
        [-1, -1, -1],
      ],
    ]);
    assert.deepEqual(await factors(made(layer("Normalization"), ...end)), [], "not adapted to anything");
  });
});

describe("the head of a user's own model", () => {
  const last = (path: string, replaceHead = true) =>
    look(path, (net) => net.layers.slice(-3).map((each) => each.name), { replaceHead });

  it("outputs logits: a final softmax is removed", async () => {
    const activation = (path: string) => look(path, (net) => net.layers.at(-1)?.getConfig().activation);
    assert.equal(await activation(SEQUENTIAL), "linear");
    const flat = [layer("Flatten"), layer("Dense", { units: 10 })];
    for (const softmax of [layer("Softmax"), layer("Activation", { activation: "softmax" })])
      assert.deepEqual(await last(made(...flat, softmax), false), ["images", "flatten", "dense"]);
    const sigmoid = made(...flat, layer("Activation", { activation: "sigmoid" }));
    await refused(sigmoid, /ends in sigmoid \(layer activation\).*set replace_head: true/);
    assert.deepEqual(await last(sigmoid), ["images", "flatten", "dense"]);
  });

  it("is replaced on request if it has a different number of classes", async () => {
    await refused(
      SEQUENTIAL,
      /has 10 output classes \(layer dense_1\), but the data has 7; set replace_head: true to replace that layer$/,
      { classes: 7 },
    );
    const shape = await look(SEQUENTIAL, (net) => net.outputs[0].shape, { classes: 7, replaceHead: true });
    assert.deepEqual(shape, [null, 7]);
  });

  it("may be a convolution before layers that average or flatten", async () => {
    const convolution = layer("Conv2D", { filters: 1000, kernel_size: 1 });
    const ends = [
      [layer("GlobalAveragePooling2D")],
      [
        layer("GlobalAveragePooling2D", { keepdims: true }),
        layer("Conv2D", { name: "logits", filters: 1000, kernel_size: 1 }),
        layer("Reshape", { target_shape: [1000] }),
      ],
    ];
    for (const end of ends) {
      const path = made(convolution, ...end, layer("Softmax"));
      await refused(path, /has 1000 output classes/);
      await checkFit(path, { ...IMAGES, replaceHead: true });
    }
  });

  it("is added on request if there is none", async () => {
    const body = made(layer("Conv2D", { filters: 16, kernel_size: 3 }));
    await refused(body, /ends in layer conv2d \(Conv2D\) and has no dense layer.*true to add one$/);
    assert.deepEqual(await last(body), ["conv2d", "pool", "logits"]);
    const pooled = made(layer("BatchNormalization"), layer("GlobalAveragePooling2D"));
    assert.deepEqual((await last(pooled)).slice(1), ["globalaveragepooling2d", "logits"]);
  });

  it("is rejected if its output has rows and columns", () =>
    refused(made(layer("Dense", { units: 10 })), /gives 32 × 32 × 10 numbers per image.*Flatten/));
});

describe("a file that is not a usable model", () => {
  const write = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it("is rejected with what was found and what is expected", async () => {
    await refused(join(folder, "missing.json"), /cannot read the model .*there is no such file/);
    await refused(
      write("text.json", "model:"),
      /is not valid JSON .*expected a TensorFlow\.js Layers model\.json/,
    );
    await refused(write("list.json", "[1]"), /does not contain a model/);
    await refused(write("other.json", '{"name": "x"}'), /does not contain a model \(class_name is missing\)/);
    await refused(
      write("old.h5", Buffer.from("\x89HDF\r\n", "latin1")),
      /is an HDF5 file, which is not supported; write its architecture with model\.to_json/,
    );
    await refused(
      write("cut.keras", readFileSync(modelPath("keras3-resnet.keras")).subarray(0, 900)),
      /truncated/,
    );
    mkdirSync(join(folder, "saved_model"));
    await refused(join(folder, "saved_model"), /is a folder/);
    await refused(
      write("mine.json", '{"class_name": "MyModel", "config": {}}'),
      /is a MyModel, a Python class/,
    );
  });

  it("is rejected for unknown layers or settings, naming the layer", async () => {
    const end = [layer("Flatten"), layer("Dense", { units: 10 })];
    await refused(made(layer("Lambda"), ...end), /layer lambda \(Lambda\) contains Python code/);
    await refused(
      made(layer("RandomFlip"), ...end),
      /layer randomflip \(RandomFlip\) augments images; remove it/,
    );
    await refused(made(layer("LSTM"), ...end), /layer lstm \(LSTM\) is not supported; use Conv2D/);
    const own = { ...layer("Dense"), module: "my_package.layers" };
    await refused(
      made(own, ...end),
      /layer dense \(Dense\) is not supported, since it is a class of its own \(my_package\.layers\), whose code is not in the file; use Keras layers instead$/,
    );
    const registered = { ...layer("Dense"), registered_name: "my_package>Dense" };
    await refused(made(registered, ...end), /is a class of its own \(my_package>Dense\)/);
    const grouped = layer("Conv2D", { filters: 6, kernel_size: 3, groups: 4 });
    await refused(made(grouped, ...end), /layer conv2d \(Conv2D\) does not fit .*cannot be in 4 groups/);
    const renormalized = layer("BatchNormalization", { renorm: true });
    await refused(
      made(renormalized, ...end),
      /\(BatchNormalization\) has renorm true, which is not supported$/,
    );
    const constrained = layer("Dense", { units: 10, kernel_constraint: { class_name: "Mine", config: {} } });
    await refused(
      made(end[0], constrained),
      /kernel_constraint \{"class_name":"Mine","config":\{\}\}, which is not supported; use MaxNorm, MinMaxNorm, UnitNorm or NonNeg$/,
    );
    const lambda = { class_name: "__lambda__", config: { value: "4wEAAA" } };
    await refused(
      made(layer("Activation", { activation: lambda }), ...end),
      /has Python code as its activation, which cannot run here; use linear, relu/,
    );
    const older = layer("TensorFlowOpLayer");
    await refused(made(older, ...end), /save the model with Keras 2\.4 or newer$/);
    const flat = layer("Conv2D", { filters: 6, kernel_size: 3, kernel_initializer: "identity" });
    await refused(made(flat, ...end), /its initializer does not make weights of 4 dimensions/);
    const unknown = layer("Flatten", { name: "flat", new_setting: 5 });
    await refused(made(unknown, ...end), /layer flat \(Flatten\) has new_setting 5/);
    const odd = layer("Activation", { activation: "my_activation" });
    await refused(made(odd, ...end), /activation "my_activation"/);
    const initializer = { class_name: "MyInitializer", config: {} };
    const drawn = layer("Conv2D", { filters: 6, kernel_size: 3, kernel_initializer: initializer });
    await refused(made(drawn, ...end), /kernel_initializer \{"class_name":"MyInitializer"/);
  });

  it("is rejected for several inputs or outputs", async () => {
    const input = (name: string) => ({ ...IMAGE_INPUT(32, 32, 3), name, inbound_nodes: [] });
    const dense = (name: string) => ({
      ...layer("Dense", { name, units: 10 }),
      ...{ name, inbound_nodes: [[["a", 0, 0, {}]]] },
    });
    const write = (inputs: string[], outputs: string[]) => {
      const config = {
        layers: [...inputs.map(input), ...outputs.map(dense)],
        input_layers: inputs.map((name) => [name, 0, 0]),
        output_layers: outputs.map((name) => [name, 0, 0]),
      };
      const path = join(folder, "functional.json");
      writeFileSync(path, JSON.stringify({ class_name: "Functional", config }));
      return path;
    };
    await refused(write(["a", "b"], ["c"]), /has 2 inputs; build it with one, the image$/);
    await refused(
      write(["a"], ["c", "d"]),
      /has 2 outputs; build it with one, the classes: keras\.Model\(model\.input, model\.outputs\[0\]\)$/,
    );
  });

  it("is rejected for layers that do not fit together", async () => {
    const reshape = layer("Reshape", { target_shape: [7, -1] });
    const end = [layer("Flatten"), layer("Dense", { units: 10 })];
    await refused(made(reshape, ...end), /layer reshape \(Reshape\) does not fit its inputs of 32 × 32 × 3/);
  });

  it("is rejected for a name that is neither a model nor a path", () => {
    assert.throws(() => checkModel("mobilnetv2"), /did you mean "mobilenetv2"/);
    assert.throws(() => checkModel("something"), /the path of a model\.json or \.keras/);
  });
});
