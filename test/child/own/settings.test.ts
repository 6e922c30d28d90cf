// Settings of a user's own model are checked before anything is trained: each that no training could use is refused with
// one line that names the layer and the setting, and what Keras accepts is not.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { checkFit } from "../../../src/child/model.ts";

const folder = mkdtempSync(join(tmpdir(), "deepaugment-test-"));
after(() => rmSync(folder, { recursive: true }));

const END = [
  { class_name: "GlobalAveragePooling2D", config: { name: "pool" } },
  { class_name: "Dense", config: { name: "classes", units: 10 } },
];

/** Path of a Sequential model's file. */
function fileOf(layers: unknown): string {
  const path = join(folder, "model.json");
  writeFileSync(path, JSON.stringify({ class_name: "Sequential", config: { name: "mine", layers } }));
  return path;
}

type Settings = Record<string, unknown>;

const withLayer = (className: string, config: Settings) =>
  fileOf([{ class_name: className, config: { name: "it", ...config } }, ...END]);

const IMAGES = { height: 32, width: 32, classes: 10 };

const refused = (path: string, message: RegExp, replaceHead = false) =>
  assert.rejects(checkFit(path, { ...IMAGES, replaceHead }), (error: Error) => {
    assert.equal(error.name, "UsageError", error.stack);
    assert.match(error.message, message);
    assert.ok(!error.message.includes("\n") && error.message.length < 400, error.message);
    return true;
  });

const CONV = { filters: 4, kernel_size: [3, 3] };
const DEPTHWISE = { kernel_size: 3 };

describe("settings of layers of a user's own model", () => {
  const OUTSIDE: [className: string, config: Settings, key: string][] = [
    ["Conv2D", { ...CONV, strides: [0, 0] }, "strides"],
    ["Conv2D", { ...CONV, strides: [1_000_000_000, 1], padding: "same" }, "strides"],
    ["Conv2D", { ...CONV, strides: [2_147_483_647, 2_147_483_647], padding: "same" }, "strides"],
    ["Conv2D", { ...CONV, strides: 1.5 }, "strides"],
    ["Conv2D", { ...CONV, dilation_rate: -1 }, "dilation_rate"],
    ["Conv2D", { ...CONV, dilation_rate: [1, 0] }, "dilation_rate"],
    ["Conv2D", { ...CONV, kernel_size: [0, 3] }, "kernel_size"],
    ["Conv2D", { ...CONV, filters: 0 }, "filters"],
    ["Conv2D", { ...CONV, filters: 2.5 }, "filters"],
    ["Conv2D", { ...CONV, groups: 0 }, "groups"],
    ["DepthwiseConv2D", { ...DEPTHWISE, strides: -2 }, "strides"],
    ["DepthwiseConv2D", { ...DEPTHWISE, depth_multiplier: 0 }, "depth_multiplier"],
    ["SeparableConv2D", { ...CONV, depth_multiplier: -1 }, "depth_multiplier"],
    ["SeparableConv2D", { ...CONV, filters: -4 }, "filters"],
    ["MaxPooling2D", { pool_size: 0 }, "pool_size"],
    ["MaxPooling2D", { pool_size: [2, 2], strides: [0, 2] }, "strides"],
    ["AveragePooling2D", { pool_size: [2, -2] }, "pool_size"],
    ["AveragePooling2D", { pool_size: 2_147_483_647, padding: "same" }, "pool_size"],
    ["UpSampling2D", { size: [0, 1] }, "size"],
    ["Resizing", { height: 0, width: 8 }, "height"],
    ["Resizing", { height: 8, width: 1e9 }, "width"],
    ["CenterCrop", { height: 8, width: -8 }, "width"],
    ["GroupNormalization", { groups: 0 }, "groups"],
    ["Cropping2D", { cropping: [[-5, -5], [-5, -5]] }, "cropping"], // biome-ignore format: as in the file
    ["Cropping2D", { cropping: -1 }, "cropping"],
    ["ZeroPadding2D", { padding: [[-2, -2], [-2, -2]] }, "padding"], // biome-ignore format: as in the file
    ["ZeroPadding2D", { padding: [1_000_000, 0] }, "padding"],
    ["ZeroPadding2D", { padding: 0.5 }, "padding"],
  ];
  for (const [className, config, key] of OUTSIDE) {
    it(`are refused: ${className} with ${key} ${JSON.stringify(config[key])}`, () =>
      refused(
        withLayer(className, config),
        new RegExp(`layer it \\(${className}\\) has ${key} .*; expected whole numbers from [01] to \\d+$`),
      ));
  }

  const RATES: [className: string, config: Settings, key: string][] = [
    ["Dropout", { rate: 2 }, "rate"],
    ["Dropout", { rate: -0.1 }, "rate"],
    ["Dropout", { rate: 1.5, noise_shape: [null, 1, 1, null] }, "rate"],
    ["SpatialDropout2D", { rate: 1.5 }, "rate"],
    ["SpatialDropout2D", { rate: -1 }, "rate"],
    ["AlphaDropout", { rate: 1 }, "rate"],
    ["GaussianDropout", { rate: 1 }, "rate"],
    ["GaussianDropout", { rate: -0.5 }, "rate"],
    ["GaussianNoise", { stddev: -1 }, "stddev"],
    ["StochasticDepth", { drop_path_rate: 1.01 }, "drop_path_rate"],
  ];
  for (const [className, config, key] of RATES) {
    it(`are refused: ${className} with ${JSON.stringify(config)}`, () =>
      refused(
        withLayer(className, config),
        new RegExp(`layer it \\(${className}\\) has ${key} -?[\\d.]+; expected a number .*\\d$`),
      ));
  }

  const OTHERS: [className: string, config: Settings, message: RegExp][] = [
    ["Dense", { units: 0 }, /layer it \(Dense\) has units 0; expected whole numbers from 1/],
    ["Dense", { units: -3 }, /layer it \(Dense\) has units -3; expected/],
    ["Dense", { units: 1e9 }, /layer it \(Dense\) has a weight kernel of 3 × 1000000000 numbers; at most/],
    [
      "Conv2D",
      { ...CONV, filters: 1e9 },
      /layer it \(Conv2D\) has a weight kernel of 3 × 3 × 3 × 1000000000/,
    ],
    ["ZeroPadding2D", { padding: 65_536 }, /layer it \(ZeroPadding2D\) gives 131104 × 131104 × 3 numbers/],
    ["UpSampling2D", { size: 60_000 }, /layer it \(UpSampling2D\) gives 1920000 × 1920000 × 3 numbers/],
    ["Cropping2D", { cropping: 16 }, /nothing is left of them after layer it \(Cropping2D\)/],
    ["MaxPooling2D", { pool_size: 33 }, /nothing is left of them after layer it \(MaxPooling2D\)/],
    [
      "Conv2D",
      { ...CONV, dilation_rate: 60_000, padding: "same" },
      /layer it \(Conv2D\) does not fit .* dilation_rate \[60000, 60000\] makes filters of 120001 × 120001/,
    ],
    ["Reshape", { target_shape: [-1, -1] }, /layer it \(Reshape\) has target_shape \[-1,-1\]; expected/],
    ["Reshape", { target_shape: [0, 1] }, /layer it \(Reshape\) has target_shape \[0,1\]; expected/],
    [
      "Dropout",
      { rate: 0.5, noise_shape: [null, 0, 1, 1] },
      /layer it \(Dropout\) has noise_shape .*; expected/,
    ],
    ["Dropout", {}, /layer it \(Dropout\) has rate missing, which is not supported$/],
    [
      "Conv2D",
      { ...CONV, kernel_constraint: { class_name: "MaxNorm", config: { axis: 99 } } },
      /has a constraint along the axes \[99\], which its weight kernel of 4 dimensions does not have$/,
    ],
    [
      "Dense",
      { units: 3, bias_constraint: { class_name: "UnitNorm", config: { axis: [0, -1] } } },
      /has a constraint along the axes \[0,-1\], which its weight bias of 1 dimensions does not have$/,
    ],
    ["LayerNormalization", { axis: [1, 1] }, /does not fit its inputs .* it names an axis twice in \[1,1\]$/],
    [
      "LayerNormalization",
      { axis: [3, -1] },
      /does not fit its inputs .* it names an axis twice in \[3,-1\]$/,
    ],
    ["UnitNormalization", { axis: [2, 2] }, /does not fit its inputs .* it names an axis twice in \[2,2\]$/],
    ["PReLU", { shared_axes: [9] }, /does not fit its inputs .* it has no axis 9$/],
    ["PReLU", { shared_axes: [1, 1] }, /does not fit its inputs .* it names an axis twice in \[1,1\]$/],
    ["AlphaDropout", { rate: 0.5, noise_shape: [null, 5, 1, 1] }, /its noise_shape is \[null, 5, 1, 1\]$/],
  ];
  for (const [className, config, message] of OTHERS) {
    it(`are refused: ${className} with ${JSON.stringify(config)}`, () =>
      refused(withLayer(className, config), message));
  }

  const ACCEPTED: [className: string, config: Settings][] = [
    ["Conv2D", { ...CONV, strides: [1000, 65_536], padding: "same" }],
    ["Conv2D", { ...CONV, strides: 2, dilation_rate: 1 }],
    ["Conv2D", { ...CONV, dilation_rate: [16, 1], padding: "same" }],
    ["Conv2D", { filters: 4, kernel_size: 40, padding: "same" }],
    ["DepthwiseConv2D", { ...DEPTHWISE, dilation_rate: 5, depth_multiplier: 3 }],
    ["MaxPooling2D", { pool_size: 100, padding: "same", strides: 7 }],
    ["AveragePooling2D", { pool_size: [2, 3], strides: null }],
    ["ZeroPadding2D", { padding: [[0, 3], [200, 0]] }], // biome-ignore format: as in the file
    ["ZeroPadding2D", { padding: 0 }],
    ["Cropping2D", { cropping: [[0, 31], [0, 0]] }], // biome-ignore format: as in the file
    ["UpSampling2D", { size: [1, 3] }],
    ["Resizing", { height: 1, width: 100 }],
    ["GroupNormalization", { groups: -1 }],
    ["GroupNormalization", { groups: 3 }],
    ["Dropout", { rate: 0 }],
    ["Dropout", { rate: 0.999 }],
    ["Dropout", { rate: 1, noise_shape: [null, 1, 32, 3] }],
    ["SpatialDropout2D", { rate: 1 }],
    ["AlphaDropout", { rate: 0.5, noise_shape: [null, 32, 1, 3] }],
    ["GaussianDropout", { rate: 0.9 }],
    ["GaussianNoise", { stddev: 3 }],
    ["StochasticDepth", { drop_path_rate: 0 }],
    ["Dense", { units: 1 }],
    ["Conv2D", { ...CONV, kernel_constraint: { class_name: "MaxNorm", config: { axis: [0, 1, -2] } } }],
    ["LayerNormalization", { axis: [1, -1] }],
    ["PReLU", { shared_axes: [1, 2] }],
    ["Reshape", { target_shape: [8, -1, 3] }],
  ];
  for (const [className, config] of ACCEPTED) {
    it(`are accepted: ${className} with ${JSON.stringify(config)}`, () =>
      checkFit(withLayer(className, config), IMAGES));
  }
});

describe("a number in a user's own model", () => {
  it("that is infinite is refused", async () => {
    const path = withLayer("Rescaling", { scale: 7.25 });
    writeFileSync(path, readFileSync(path, "utf8").replace("7.25", "1e999"));
    await refused(
      path,
      /model\.json has a number that is too large for a computer; expected a TensorFlow\.js/,
    );
  });
});

describe("the layers of a user's own model", () => {
  it("must be a list of layers, also if the head is replaced", async () => {
    await refused(fileOf([null]), /model\.json has null as layer 0 of mine; expected a list of layers/, true);
    await refused(
      fileOf([...END, 5]),
      /model\.json has 5 as layer 2 of mine; expected a list of layers/,
      true,
    );
    await refused(fileOf([{}]), /model\.json has \{\} as layer 0 of mine; expected a list of layers/, true);
    await refused(fileOf([]), /model\.json has no layers \(mine\); expected a list of layers/, true);
    await refused(fileOf(null), /model\.json has layers null \(mine\); expected a list of layers/, true);
    await refused(
      fileOf("Dense"),
      /model\.json has layers "Dense" \(mine\); expected a list of layers/,
      true,
    );
  });

  it("must be one in nested models too", async () => {
    const nested = { class_name: "Sequential", config: { name: "inner", layers: [] } };
    await refused(fileOf([nested, ...END]), /model\.json has no layers \(inner\); expected a list of layers/);
  });
});
