// Operations of a file, such as `x + y` and `x / 127.5 - 1`, as layers: Keras 3 stores those of `keras.ops`, Keras 2 those of
// TensorFlow. An operation on a number, or on one number per channel, becomes a Rescaling; most others are what some layer
// computes.

import type { Call, Reference } from "./calls.ts";
import { type Constant, constantOf, mapConstant } from "./constants.ts";
import { type JsonObject, showJson } from "./json.ts";
import type { Application } from "./network.ts";
import { Operation } from "./operation.ts";
import { cutsOf } from "./slices.ts";

/** Whether the definition of a layer in the file is an operation. */
export function isOperation({ class_name: className, module }: JsonObject): boolean {
  if (className === "TFOpLambda" || className === "SlicingOpLambda") return true;
  return typeof module === "string" && /^keras\.(src\.)?(ops|activations)\b/.test(module);
}

/**
 * The outputs of an operation.
 * @param path of the file, for error messages.
 * @param definition with the operation's whole name.
 * @throws UsageError naming the operation if it is not supported.
 */
export function applyOperation(
  path: string,
  definition: JsonObject,
  call: Call,
  resolve: (reference: Reference) => Application,
): readonly Application[] {
  const operation = new Operation(path, definition, call, resolve);
  if (!Object.hasOwn(OPERATIONS, operation.name)) {
    throw operation.error(
      `is an operation that is not supported; use a layer of Keras, or one of ${Object.keys(OPERATIONS).join(", ")}`,
    );
  }
  const outputs = OPERATIONS[operation.name](operation);
  operation.settings.finish();
  return Array.isArray(outputs) ? outputs : [outputs as Application];
}

/** Of a tensor that is split: as many as there are channels in a large layer. */
const MOST_PARTS = 65_536;

type Make = (operation: Operation) => Application | readonly Application[];

/**
 * An operation on two operands or more, of which at most one is a constant.
 * @param kind of the layer for tensors.
 * @param withConstant for a tensor and a constant; `isFirst` if the constant is the first operand.
 */
function arithmetic(
  kind: string,
  withConstant: (operation: Operation, constant: Constant, isFirst: boolean) => Application,
): Make {
  return (operation) => {
    const { operands, tensors } = operation;
    if (tensors.length === operands.length && tensors.length >= 2) {
      return operation.layer(kind, {}, ...tensors);
    }
    const at = operands.findIndex((operand) => "constant" in operand);
    const operand = operands[at];
    const constant = operand && "constant" in operand ? constantOf(operand.constant) : undefined;
    if (constant === undefined || operands.length !== 2) {
      throw operation.error(
        "has operands that are not supported; apply it to two tensors, or to a tensor and numbers",
      );
    }
    return withConstant(operation, constant, at === 0);
  };
}

function bound(key: "min" | "max"): (operation: Operation, constant: Constant) => Application {
  return (operation, constant) => {
    if (constant === 0 && key === "min") return operation.layer("ReLU", {}, operation.input);
    if (typeof constant === "number") return operation.activation(clip({ [key]: constant }));
    throw operation.error("is applied to an array, which is not supported; use one number");
  };
}

function clip(bounds: { min?: number; max?: number }): JsonObject {
  return { class_name: "clip", config: bounds };
}

/** Powers with functions of their own. */
const POWERS: Record<string, string> = { "2": "square", "0.5": "sqrt", "-0.5": "rsqrt", "-1": "reciprocal" };

const minus = (constant: Constant) => mapConstant(constant, (value) => -value);
const inverse = (constant: Constant) => mapConstant(constant, (value) => 1 / value);

/** @param pooling the layer for the height and width of an image. */
function reduction(method: string, pooling?: string): Make {
  return (operation) => {
    const axes = operation.axes("axis");
    const keepdims = (operation.value("keepdims", "keep_dims") ?? false) === true;
    const key = [...axes].sort().join();
    const format = key === "1,2" ? "channels_last" : key === "2,3" ? "channels_first" : undefined;
    if (!pooling || !format) return operation.layer("Reduction", { method, axes, keepdims }, operation.input);
    return operation.layer(pooling, { keepdims, data_format: format }, operation.input);
  };
}

function pooling(kind: string): Make {
  return (operation) => {
    const { settings } = operation;
    const sides = (value: unknown) =>
      Array.isArray(value) && value.length === 4 ? value.slice(1, 3) : value;
    const size = sides(operation.value("pool_size", "ksize"));
    return operation.layer(
      kind,
      {
        pool_size: size,
        strides: sides(operation.value("strides")) ?? size,
        padding: String(settings.value("padding") ?? "valid").toLowerCase(),
        data_format: formatOf(operation),
      },
      operation.input,
    );
  };
}

function formatOf(operation: Operation): unknown {
  const format = operation.value("data_format");
  return format === "NHWC" ? "channels_last" : format === "NCHW" ? "channels_first" : format;
}

/** Functions of single values that have the same name as an activation. */
const FUNCTIONS = [
  ...[
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "tanh",
    "mish",
    "hard_sigmoid",
    "hard_silu",
  ],
  ...["hard_tanh", "log_sigmoid", "squareplus", "tanh_shrink", "sparse_plus", "sparse_sigmoid"],
  ...[
    "absolute",
    "square",
    "sqrt",
    "rsqrt",
    "reciprocal",
    "exp",
    "expm1",
    "log",
    "log1p",
    "erf",
    "sin",
    "cos",
  ],
];

const OPERATIONS: Record<string, Make> = {
  add: arithmetic("Add", (operation, constant) => operation.rescale(1, constant)),
  subtract: arithmetic("Subtract", (operation, constant, isFirst) =>
    isFirst ? operation.rescale(-1, constant) : operation.rescale(1, minus(constant)),
  ),
  multiply: arithmetic("Multiply", (operation, constant) => operation.rescale(constant, 0)),
  divide: arithmetic("Divide", (operation, constant, isFirst) =>
    isFirst
      ? operation.rescale(constant, 0, operation.activation("reciprocal"))
      : operation.rescale(inverse(constant), 0),
  ),
  negative: (operation) => operation.rescale(-1, 0),
  maximum: arithmetic("Maximum", bound("min")),
  minimum: arithmetic("Minimum", bound("max")),
  clip: (operation) => {
    const { settings } = operation;
    const [min, max] = [
      ["x_min", "clip_value_min"],
      ["x_max", "clip_value_max"],
    ].map(([a, b]) => (settings.value(a) == null ? settings.number(b) : settings.number(a)));
    return operation.activation(clip({ min, max }));
  },
  power: arithmetic("Power", (operation, exponent, isFirst) => {
    if (isFirst || typeof exponent !== "number") {
      throw operation.error(
        "has an exponent that is not a number, which is not supported; write it with exp and log",
      );
    }
    return operation.activation(POWERS[exponent] ?? { class_name: "power", config: { exponent } });
  }),

  ...Object.fromEntries(
    FUNCTIONS.map((name) => [name, (operation: Operation) => operation.activation(name)]),
  ),
  identity: (operation) => {
    const type = operation.value("dtype");
    if (typeof type === "string" && !type.includes("float")) throw operation.settings.unsupported("dtype");
    return operation.layer("Identity", {}, operation.input);
  },
  relu: (operation) => {
    const [negative_slope, max_value, threshold] = ["negative_slope", "max_value", "threshold"].map((key) =>
      operation.value(key),
    );
    return operation.layer("ReLU", { negative_slope, max_value, threshold }, operation.input);
  },
  leaky_relu: (operation) =>
    operation.layer(
      "LeakyReLU",
      { negative_slope: operation.value("negative_slope", "alpha") ?? 0.2 },
      operation.input,
    ),
  elu: (operation) => operation.layer("ELU", { alpha: operation.value("alpha") }, operation.input),
  celu: (operation) =>
    operation.activation({ class_name: "celu", config: { alpha: operation.settings.number("alpha", 1) } }),
  gelu: (operation) =>
    operation.activation(operation.settings.flag("approximate", false) ? "gelu_tanh" : "gelu"),
  softmax: (operation) =>
    operation.layer("Softmax", { axis: operation.value("axis") ?? -1 }, operation.input),
  log_softmax: (operation) => {
    operation.settings.expect("axis", -1);
    return operation.activation("log_softmax");
  },

  mean: reduction("mean", "GlobalAveragePooling2D"),
  sum: reduction("sum"),
  max: reduction("max", "GlobalMaxPooling2D"),
  min: reduction("min"),
  var: reduction("variance"),
  std: reduction("deviation"),
  moments: (operation) => {
    const config = { axes: operation.axes("axes"), keepdims: operation.settings.flag("keepdims", false) };
    return ["mean", "variance"].map((method) =>
      operation.layer("Reduction", { method, ...config }, operation.input),
    );
  },

  reshape: (operation) => {
    const shape = operation.value("newshape", "shape");
    const isBatchFirst = Array.isArray(shape) && (shape[0] === -1 || shape[0] === null);
    if (!isBatchFirst) throw operation.error("gives the batch another size; begin the shape with -1");
    return operation.layer("Reshape", { target_shape: shape.slice(1) }, operation.input);
  },
  transpose: (operation) => {
    const axes = operation.value("axes", "perm");
    if (!Array.isArray(axes) || axes[0] !== 0)
      throw operation.error("moves the batch; begin its axes with 0");
    return operation.layer("Permute", { dims: axes.slice(1) }, operation.input);
  },
  moveaxis: (operation) =>
    operation.layer(
      "MoveAxis",
      { from: operation.axis("source"), to: operation.axis("destination"), isSwap: false },
      operation.input,
    ),
  swapaxes: (operation) =>
    operation.layer(
      "MoveAxis",
      { from: operation.axis("axis1"), to: operation.axis("axis2"), isSwap: true },
      operation.input,
    ),
  expand_dims: (operation) =>
    operation.layer("ExpandDims", { axis: operation.axis("axis") }, operation.input),
  squeeze: (operation) => operation.layer("Squeeze", { axes: operation.axes("axis") }, operation.input),
  concatenate: (operation) =>
    operation.layer("Concatenate", { axis: operation.axis("axis") }, ...operation.tensors),
  stack: (operation) => operation.layer("Stack", { axis: operation.axis("axis") }, ...operation.tensors),
  split: (operation) => {
    const axis = operation.axis("axis");
    const sections = operation.value("indices_or_sections");
    const sizes = operation.value("num_or_size_splits");
    const [input] = operation.tensors;
    const part = (cut: JsonObject) => operation.layer("Slice", { cuts: [{ axis, ...cut }] }, input);
    const count = sections ?? sizes;
    if (typeof count === "number") {
      if (!Number.isInteger(count) || count < 1 || count > MOST_PARTS)
        throw operation.error(`is split into ${count} parts; give a whole number from 1 to ${MOST_PARTS}`);
      return Array.from({ length: count }, (_, i) => part({ section: [i, count] }));
    }
    const bounds = Array.isArray(sections) ? sections : boundsOf(sizes);
    if (!bounds)
      throw operation.error("is split in a way that is not supported; give a number of equal parts");
    return [...bounds, null].map((stop, i) => part({ start: i === 0 ? null : bounds[i - 1], stop }));
  },
  get_item: (operation) => {
    const [, key] = operation.operands;
    const cuts = cutsOf(key && "constant" in key ? key.constant : operation.value("key", "slice_spec"));
    if (!cuts) throw operation.error("takes a part that is not supported; use slices and whole numbers");
    if (cuts.some(({ axis }) => axis === 0))
      throw operation.error("takes a part of the batch; keep the first axis whole");
    return operation.layer("Slice", { cuts }, operation.tensors[0]);
  },
  flip: (operation) => {
    const cuts = operation.axes("axis").map((axis) => ({ axis, step: -1 }));
    return operation.layer("Slice", { cuts }, operation.input);
  },
  pad: (operation) => {
    const { settings } = operation;
    settings.choice("mode", ["constant", "CONSTANT"], "constant");
    settings.expect("constant_values", 0);
    const widths = operation.value("pad_width", "paddings");
    const isNone = (pair: unknown) => showJson(pair) === "[0,0]";
    const [batch, ...rest] = Array.isArray(widths) ? widths : [];
    const data_format = isNone(rest.at(-1)) ? "channels_last" : "channels_first";
    const padding = data_format === "channels_last" ? rest.slice(0, 2) : rest.slice(1);
    if (rest.length !== 3 || !isNone(batch) || !rest.some(isNone) || padding.length !== 2) {
      throw operation.error("pads other axes than height and width; use ZeroPadding2D");
    }
    return operation.layer("ZeroPadding2D", { padding, data_format }, operation.input);
  },

  max_pool: pooling("MaxPooling2D"),
  average_pool: pooling("AveragePooling2D"),
  normalize: (operation) => {
    operation.settings.expect("order", 2);
    operation.value("epsilon");
    return operation.layer("UnitNormalization", { axis: operation.axes("axis") }, operation.input);
  },
  resize: (operation) => {
    const { settings } = operation;
    const [height, width] = settings.pair("size");
    settings.expect("antialias", false);
    const interpolation = operation.value("interpolation", "method");
    const ratio = Object.fromEntries(
      ["crop_to_aspect_ratio", "pad_to_aspect_ratio", "fill_mode", "fill_value"].map((key) => [
        key,
        operation.value(key),
      ]),
    );
    const config = { height, width, interpolation, ...ratio, data_format: formatOf(operation) };
    return operation.layer("Resizing", config, operation.input);
  },
};

/** The ends of parts of these sizes, without the last one. */
function boundsOf(sizes: unknown): number[] | undefined {
  if (!Array.isArray(sizes) || !sizes.every((size) => Number.isInteger(size) && size >= 0)) return undefined;
  let end = 0;
  return sizes.slice(0, -1).map((size: number) => {
    end += size;
    return end;
  });
}
