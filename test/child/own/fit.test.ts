// A user's own model fitted to images and classes, or refused in a line that says what would mend it.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { buildModel, checkFit, checkModel } from "../../../src/child/model.ts";
import { onOutline } from "../../../src/engine/outline.ts";
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

/** A file with the layers that `edit` makes of those of a fixture. */
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

/** The model of these layers alone. */
const made = (...layers: LayerJson[]) => edited(() => [IMAGE_INPUT(32, 32, 3), ...layers]);

function look<T>(
  path: string,
  see: (net: LayersModel) => T,
  options: Partial<Parameters<typeof checkFit>[1]> = {},
): Promise<T> {
  return onOutline((engine) => {
    const { net } = buildModel(path, { ...IMAGES, ...options, seed: 1, engine, isOutline: true });
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
  it("have its size, its channels", async () => {
    await checkFit(SEQUENTIAL, IMAGES);
    await refused(SEQUENTIAL, /takes images of 32 × 32 pixels, these have 48 × 40; set image_size: 32$/, {
      height: 40,
      width: 48,
    });
    const wide = edited((layers) => [IMAGE_INPUT(16, 48, 3), ...layers.slice(1)]);
    await refused(wide, /takes images of 48 × 16 pixels, these have 32 × 32; build it for square images/);
    checkModel(wide, 16, 48);
    const grey = edited((layers) => [IMAGE_INPUT(32, 32, 1), ...layers.slice(1)]);
    await refused(grey, /takes images of 1 channel, and images here have 3/);
    assert.throws(() => checkModel(grey), /1 channel/);
    assert.throws(() => checkModel(SEQUENTIAL, 64, 64), /set image_size: 32/);
  });

  it("may have any size where the file leaves it open", async () => {
    const resnet = modelPath("keras3-resnet.keras");
    for (const side of [8, 33]) await checkFit(resnet, { ...IMAGES, height: side, width: side });
    const unbuilt = edited(() => [layer("Flatten"), layer("Dense", { units: 10 })]);
    await checkFit(unbuilt, { ...IMAGES, height: 9 });
  });

  it("must be large enough that something is left of them", () =>
    refused(
      edited((layers) => [IMAGE_INPUT(null, null, 3), ...layers.slice(1)]),
      /needs larger images than 4 × 4 pixels: nothing is left of them after layer conv2d_1 \(Conv2D\); set image_size/,
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

  it("are those that its first layer is made for, given as they are here, in [0, 1]", async () => {
    assert.deepEqual(await factors(SEQUENTIAL), [], "a Rescaling by 1/255 is done already");
    const symmetric = made(layer("Rescaling", { scale: 1 / 127.5, offset: -1 }), ...end);
    assert.deepEqual(await factors(symmetric), [[[2], [-1]]]);
    const normalized = { mean: [127.5, 0, 0], variance: [255 ** 2, 255 ** 2, 255 ** 2] };
    const [[scale, offset]] = await factors(
      made(layer("Normalization", { axis: [-1], ...normalized }), ...end),
    );
    assert.deepEqual(scale, [1, 1, 1]);
    assert.deepEqual(offset, [-0.5, -0, -0]);
  });

  it("are those in [0, 1] where it is made for them, and after its first layer", async () => {
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

  it("gives logits: a softmax at the end is taken off", async () => {
    const activation = (path: string) => look(path, (net) => net.layers.at(-1)?.getConfig().activation);
    assert.equal(await activation(SEQUENTIAL), "linear");
    const flat = [layer("Flatten"), layer("Dense", { units: 10 })];
    for (const softmax of [layer("Softmax"), layer("Activation", { activation: "softmax" })])
      assert.deepEqual(await last(made(...flat, softmax), false), ["images", "flatten", "dense"]);
    const sigmoid = made(...flat, layer("Activation", { activation: "sigmoid" }));
    await refused(sigmoid, /ends in sigmoid \(layer activation\).*set replace_head: true/);
    assert.deepEqual(await last(sigmoid), ["images", "flatten", "dense"]);
  });

  it("is replaced on request where it tells another number of classes apart", async () => {
    await refused(
      SEQUENTIAL,
      /tells 10 classes apart \(layer dense_1\), and the data have 7; set replace_head: true to replace that layer$/,
      { classes: 7 },
    );
    const shape = await look(SEQUENTIAL, (net) => net.outputs[0].shape, { classes: 7, replaceHead: true });
    assert.deepEqual(shape, [null, 7]);
  });

  it("may be a convolution before what averages or flattens", async () => {
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
      await refused(path, /tells 1000 classes apart/);
      await checkFit(path, { ...IMAGES, replaceHead: true });
    }
  });

  it("is added on request where there is none", async () => {
    const body = made(layer("Conv2D", { filters: 16, kernel_size: 3 }));
    await refused(body, /ends in layer conv2d \(Conv2D\) and has no dense layer.*true to add one$/);
    assert.deepEqual(await last(body), ["conv2d", "pool", "logits"]);
    const pooled = made(layer("BatchNormalization"), layer("GlobalAveragePooling2D"));
    assert.deepEqual((await last(pooled)).slice(1), ["globalaveragepooling2d", "logits"]);
  });

  it("is refused where it leaves rows and columns", () =>
    refused(made(layer("Dense", { units: 10 })), /gives 32 × 32 × 10 numbers for an image.*Flatten/));
});

describe("a file that is no model", () => {
  const write = (name: string, content: string | Uint8Array) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it("is refused with what was found, and what is expected", async () => {
    await refused(join(folder, "missing.json"), /cannot read the model .*there is no such file/);
    await refused(write("text.json", "model:"), /is no JSON .*expected a TensorFlow\.js Layers model\.json/);
    await refused(write("list.json", "[1]"), /holds no model/);
    await refused(write("other.json", '{"name": "x"}'), /holds no model \(there is no class_name\)/);
    await refused(
      write("old.h5", Buffer.from("\x89HDF\r\n", "latin1")),
      /is an HDF5 file; write its architecture with model\.to_json/,
    );
    await refused(
      write("cut.keras", readFileSync(modelPath("keras3-resnet.keras")).subarray(0, 900)),
      /truncated/,
    );
    mkdirSync(join(folder, "saved_model"));
    await refused(join(folder, "saved_model"), /is a folder/);
    await refused(
      write("mine.json", '{"class_name": "MyModel", "config": {}}'),
      /is a MyModel, a class of Python/,
    );
  });

  it("or has layers or settings that are not known: the layer is named", async () => {
    const end = [layer("Flatten"), layer("Dense", { units: 10 })];
    await refused(made(layer("Lambda"), ...end), /layer lambda \(Lambda\) holds Python code/);
    await refused(
      made(layer("RandomFlip"), ...end),
      /layer randomflip \(RandomFlip\) augments images by itself/,
    );
    await refused(made(layer("LSTM"), ...end), /layer lstm \(LSTM\) is not supported; known are Conv2D/);
    const own = { ...layer("Dense"), module: "my_package.layers" };
    await refused(made(own, ...end), /layer dense \(Dense\) is not supported/);
    const grouped = layer("Conv2D", { filters: 6, kernel_size: 3, groups: 3 });
    await refused(made(grouped, ...end), /layer conv2d \(Conv2D\) has groups 3, which is not supported/);
    const dilated = layer("Conv2D", { filters: 6, kernel_size: 3, dilation_rate: [2, 2] });
    await refused(made(dilated, ...end), /dilation_rate \[2,2\]/);
    const unknown = layer("Flatten", { name: "flat", new_setting: 5 });
    await refused(made(unknown, ...end), /layer flat \(Flatten\) has new_setting 5/);
    const odd = layer("Activation", { activation: "my_activation" });
    await refused(made(odd, ...end), /activation "my_activation"/);
    const initializer = { class_name: "MyInitializer", config: {} };
    const drawn = layer("Conv2D", { filters: 6, kernel_size: 3, kernel_initializer: initializer });
    await refused(made(drawn, ...end), /kernel_initializer \{"class_name":"MyInitializer"/);
  });

  it("or layers that do not fit together", async () => {
    const reshape = layer("Reshape", { target_shape: [7, -1] });
    const end = [layer("Flatten"), layer("Dense", { units: 10 })];
    await refused(made(reshape, ...end), /layer reshape \(Reshape\) does not fit its inputs of 32 × 32 × 3/);
  });

  it("or is named as no file is", () => {
    assert.throws(() => checkModel("mobilnetv2"), /did you mean "mobilenetv2"/);
    assert.throws(() => checkModel("something"), /the path of a model\.json or \.keras/);
  });
});
