// Random calls of everything that the native addon exports, with valid, nearly valid and wild arguments.

import type { Random } from "../../src/common/random.ts";
import type { Addon, NativePlan } from "../../src/engine/native/addon.ts";
import { planDescription, randomlyChanged, trainingArguments } from "./odd-plans.ts";
import { ArrayMaker, ODD_NUMBERS, oddValue, pick, takeMemory } from "./odd-values.ts";

/** Longer messages are no line that anyone reads. */
const LONGEST_MESSAGE = 1000;

type Arguments = unknown[];
type Callable = (...args: Arguments) => unknown;

/** A call, which has not been made yet. */
export interface AddonCall {
  readonly name: string;
  /** What was changed in valid arguments. */
  readonly changes: readonly string[];
  /** Makes the call; returns what became of it. @throws Error if it did what it must not. */
  readonly make: () => "returned" | "refused";
}

interface Context {
  readonly addon: Addon;
  readonly random: Random;
  readonly arrays: ArrayMaker;
}

/** Valid arguments of one function. */
type Template = (context: Context) => Arguments;

interface Geometry {
  /** Values of the images, of the filter and of the output. */
  readonly input: number;
  readonly filter: number;
  readonly output: number;
  readonly channels: number;
  readonly shape: Int32Array;
}

function convolution({ random, arrays }: Context, isDepthwise: boolean): Geometry {
  const between = (low: number, high: number) => random.integer(low, high);
  const [images, height, width, channels] = [between(0, 3), between(1, 9), between(1, 9), between(1, 6)];
  const [filterHeight, filterWidth] = [between(1, 3), between(1, 3)];
  const [stride, dilation] = [between(1, 3), between(1, 2)];
  const out = isDepthwise ? channels * between(1, 2) : between(1, 40);
  const pads = [between(0, filterHeight - 1), between(0, filterWidth - 1)];
  const places = (size: number, filter: number, pad: number) =>
    Math.max(1, Math.floor((size + 2 * pad - dilation * (filter - 1) - 1) / stride) + 1);
  const [outHeight, outWidth] = [places(height, filterHeight, pads[0]), places(width, filterWidth, pads[1])];
  return {
    input: images * height * width * channels,
    filter: filterHeight * filterWidth * out * (isDepthwise ? 1 : channels),
    output: images * outHeight * outWidth * out,
    channels: out,
    shape: arrays.integers(
      ...[images, height, width, channels, outHeight, outWidth, out, filterHeight, filterWidth],
      ...[stride, stride, dilation, dilation, ...pads],
    ),
  };
}

interface PoolGeometry {
  readonly shape: Int32Array;
  readonly input: number;
  readonly output: number;
}

function pool({ random, arrays }: Context): PoolGeometry {
  const between = (low: number, high: number) => random.integer(low, high);
  const [images, height, width, channels] = [between(0, 2), between(1, 8), between(1, 8), between(1, 40)];
  const [window, stride, pad] = [between(1, 3), between(1, 3), between(0, 1)];
  const places = (size: number) => Math.max(1, Math.floor((size + 2 * pad - window) / stride) + 1);
  const [outHeight, outWidth] = [places(height), places(width)];
  const sides = [images, height, width, channels, outHeight, outWidth, window, window, stride, stride];
  return {
    shape: arrays.integers(...sides, pad, pad),
    input: images * height * width * channels,
    output: images * outHeight * outWidth * channels,
  };
}

/** Of functions on rows: the arguments `rows` and `channels`, and arrays of both sizes. */
function rowsOf({ random, arrays }: Context) {
  const [rows, channels] = [random.integer(0, 9), random.integer(1, 70)];
  const isHalf = random.chance(0.4);
  return {
    sizes: [rows, channels],
    all: () => arrays.activations(rows * channels, isHalf),
    each: () => arrays.floats(channels),
  };
}

/** Of functions on single values: their number, and arrays of that size. */
function valuesOf({ random, arrays }: Context) {
  const count = random.integer(0, 150);
  const isHalf = random.chance(0.4);
  return { count, all: () => arrays.activations(count, isHalf), floats: () => arrays.floats(count) };
}

const FUNCTIONS: Record<string, Template> = {
  convolve: (context) => {
    const { random, arrays } = context;
    const { shape, input, filter, output, channels } = convolution(context, false);
    const bias = random.chance(0.5) ? arrays.floats(channels) : null;
    const images = arrays.activations(input, random.chance(0.3));
    const result = arrays.activations(output, random.chance(0.3));
    return [shape, random.integer(0, 1), images, arrays.floats(filter), bias, random.integer(0, 2), result];
  },
  inputGradient: (context) => {
    const { random, arrays } = context;
    const { shape, input, filter, output } = convolution(context, false);
    const gradient = arrays.activations(output, random.chance(0.3));
    const result = arrays.activations(input, random.chance(0.3));
    return [shape, random.integer(0, 1), gradient, arrays.floats(filter), result];
  },
  filterGradient: (context) => {
    const { random, arrays } = context;
    const { shape, input, filter, output } = convolution(context, false);
    const operands = random.integer(0, 1);
    const images = arrays.activations(input, random.chance(0.3));
    const gradient = arrays.activations(output, operands === 1 && random.chance(0.5));
    return [shape, operands, images, gradient, arrays.floats(filter)];
  },
  convolveDepthwise: (context) => depthwise(context, "input", "filter", "output"),
  depthwiseInputGradient: (context) => depthwise(context, "output", "filter", "input"),
  depthwiseFilterGradient: (context) => depthwise(context, "input", "output", "filter"),
  suitsWinograd: (context) => [convolution(context, false).shape],
  multipliesBfloat16: () => [],
  multiply: ({ random, arrays }) => {
    const [rows, columns, depth] = [1, 2, 3].map(() => random.integer(1, 50));
    const [a, b] = [arrays.floats(rows * depth), arrays.floats(depth * columns)];
    const flags = [random.chance(0.5), random.chance(0.5)];
    const sizes = [random.integer(0, 1), rows, columns, depth];
    return [...sizes, a, flags[0], b, flags[1], arrays.floats(rows * columns)];
  },
  unary: (context) => {
    const { floats } = valuesOf(context);
    const operation = context.random.integer(0, context.addon.unaryNames.length - 1);
    return [operation, context.random.uniform(), floats(), floats()];
  },
  clip: (context) => {
    const { floats } = valuesOf(context);
    return [-0.5, 0.5, floats(), floats()];
  },
  clipGradient: (context) => {
    const { floats } = valuesOf(context);
    return [-0.5, 0.5, floats(), floats(), floats()];
  },
  binary: ({ addon, random, arrays }) => {
    const [a, b] = [random.integer(1, 9), random.integer(1, 40)];
    const operation = random.integer(0, addon.binaryNames.length - 1);
    const layout = arrays.integers(a, b, b, 1, 0, 1);
    return [
      operation,
      layout,
      random.uniform(),
      arrays.floats(a * b),
      arrays.floats(b),
      arrays.floats(a * b),
    ];
  },
  reduce: ({ addon, random, arrays }) => {
    const [outer, size, inner] = [random.integer(0, 5), random.integer(1, 90), random.integer(1, 40)];
    const operation = random.integer(0, addon.reductionNames.length - 1);
    return [operation, outer, size, inner, arrays.floats(outer * size * inner), arrays.floats(outer * inner)];
  },
  move: ({ random, arrays }) => {
    const [a, b] = [random.integer(1, 9), random.integer(1, 9)];
    const layout = arrays.integers(a, b, b, 1, 1, a);
    return [layout, arrays.floats(a * b), 0, arrays.floats(a * b), 0];
  },
  addressOf: ({ arrays }) => [arrays.floats(4)],
  setThreads: ({ random }) => [random.integer(1, 4)],
  choose: ({ random }) => [pick(random, [undefined, "portable", "nothing", "", "x".repeat(100_000)])],
};

function depthwise(context: Context, ...names: ("input" | "filter" | "output")[]): Arguments {
  const geometry = convolution(context, true);
  const isHalf = context.random.chance(0.4);
  const arrayOf = (name: (typeof names)[number]) =>
    context.arrays.activations(geometry[name], isHalf && name !== "filter");
  return [geometry.shape, ...names.map(arrayOf)];
}

const PASSES: Record<string, Template> = {
  maxPool: (context) => {
    const { shape, input, output } = pool(context);
    const isHalf = context.random.chance(0.4);
    const { arrays, random } = context;
    const positions = random.chance(0.5) ? arrays.bytes(output) : undefined;
    return [shape, arrays.activations(input, isHalf), arrays.activations(output, isHalf), positions];
  },
  maxPoolGradient: (context) => {
    const { shape, input, output } = pool(context);
    const isHalf = context.random.chance(0.4);
    const { arrays } = context;
    return [
      shape,
      arrays.activations(output, isHalf),
      arrays.bytes(output),
      arrays.activations(input, isHalf),
    ];
  },
  averagePool: (context) => {
    const { shape, input, output } = pool(context);
    const isHalf = context.random.chance(0.4);
    return [shape, context.arrays.activations(input, isHalf), context.arrays.activations(output, isHalf)];
  },
  averagePoolGradient: (context) => {
    const { shape, input, output } = pool(context);
    const { arrays, random } = context;
    const isHalf = random.chance(0.4);
    const gradient = arrays.activations(output, isHalf);
    return [shape, gradient, random.chance(0.5), arrays.activations(input, isHalf)];
  },
  channelMoments: (context) => {
    const { sizes, all, each } = rowsOf(context);
    return [...sizes, all(), each(), each()];
  },
  combineMoments: (context) => {
    const { sizes, each } = rowsOf(context);
    return [sizes[1], 5, each(), each(), 6, each(), each()];
  },
  normalize: (context) => {
    const { sizes, all, each } = rowsOf(context);
    return [...sizes, all(), each(), each(), context.random.integer(0, 2), all()];
  },
  normalizationGradientSums: (context) => {
    const { sizes, all, each } = rowsOf(context);
    return [...sizes, all(), all(), each(), each(), each(), each()];
  },
  normalizationGradient: (context) => {
    const { sizes, all, each } = rowsOf(context);
    return [...sizes, all(), all(), each(), each(), each(), all()];
  },
  activate: (context) => {
    const { count, all } = valuesOf(context);
    return [context.random.integer(0, 2), count, all()];
  },
  gate: (context) => {
    const { count, all } = valuesOf(context);
    return [context.random.integer(0, 2), count, all(), all()];
  },
  addBias: (context) => {
    const { sizes, all, each } = rowsOf(context);
    return [...sizes, all(), each(), context.random.integer(0, 2)];
  },
  sumRows: (context) => {
    const { sizes, all, each } = rowsOf(context);
    return [...sizes, all(), each()];
  },
  add: (context) => {
    const { count, all } = valuesOf(context);
    return [count, all(), all(), all()];
  },
  scale: (context) => {
    const { count, all } = valuesOf(context);
    return [count, all(), context.random.uniform(), all()];
  },
  convert: (context) => {
    const { count } = valuesOf(context);
    const array = () => context.arrays.activations(count, context.random.chance(0.5));
    return [count, array(), array()];
  },
  pixels: (context) => {
    const { count, all } = valuesOf(context);
    return [count, context.arrays.bytes(count), all()];
  },
  dropout: (context) => {
    const { count, all } = valuesOf(context);
    const { random } = context;
    return [all(), all(), random.integer(0, 1000), count, 1, 2, 3, random.uniform()];
  },
  crossEntropy: ({ random, arrays }) => {
    const [rows, classes] = [random.integer(0, 9), random.integer(1, 9)];
    const labels = Array.from({ length: rows }, () =>
      pick(random, [0, 0, classes - 1, classes, -1, 2 ** 31 - 1]),
    );
    const gradient = random.chance(0.5) ? arrays.activations(rows * classes, random.chance(0.5)) : undefined;
    const [logits, loss, correct] = [arrays.floats(rows * classes), arrays.doubles(1), arrays.integers(0)];
    return [rows, classes, logits, arrays.integers(...labels), loss, correct, random.uniform(), gradient];
  },
  sgd: (context) => {
    const { count, floats } = valuesOf(context);
    const velocity = context.random.chance(0.5) ? floats() : undefined;
    return [count, floats(), velocity, floats(), 0.1, 0.9, context.random.chance(0.5)];
  },
  rmsProp: (context) => {
    const { count, floats } = valuesOf(context);
    return [count, floats(), floats(), floats(), 0.1, 0.9, 1e-7];
  },
  adam: (context) => {
    const { count, floats } = valuesOf(context);
    return [count, floats(), floats(), floats(), floats(), 1, 0.1, 0.9, 0.99, 1e-7];
  },
  sumSquares: (context) => {
    const { count, floats } = valuesOf(context);
    return [count, floats()];
  },
};

/** How many times as often plans are called as any other function. */
const PLANS = 8;

/** The names of all functions, as they appear in calls. */
export const CALLED_NAMES: readonly string[] = [...Object.keys(FUNCTIONS), ...Object.keys(PASSES), "Plan"];

/** @param sets of kernels, one of which the call uses. */
export function addonCall(addon: Addon, sets: readonly string[], random: Random): AddonCall {
  const context = { addon, random, arrays: new ArrayMaker(random) };
  const set = pick(random, sets);
  const names = [...CALLED_NAMES, ...Array<string>(PLANS - 1).fill("Plan")];
  const name = pick(random, names);
  const changes: string[] = [set];
  const act = name === "Plan" ? planCall(context, changes) : functionCall(context, name, changes);
  return { name, changes, make: () => makeCall(context, set, act) };
}

function functionCall(context: Context, name: string, changes: string[]): () => void {
  const { addon, random } = context;
  const isPass = Object.hasOwn(PASSES, name);
  const args = (isPass ? PASSES : FUNCTIONS)[name](context);
  for (let count = pick(random, [0, 1, 1, 1, 2, 3]); count > 0; count--) change(context, args, changes);
  const holder = (isPass ? addon.passes : addon) as unknown as Record<string, Callable>;
  return () => holder[name](...args);
}

/** Without those that are empty, as one without its memory is. */
function isArray(value: unknown): value is Float32Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && value.byteLength > 0;
}

/** Changes one of the arguments. */
function change({ random, arrays }: Context, args: Arguments, changes: string[]): void {
  if (args.length === 0 || random.chance(0.03)) {
    args.pop();
    changes.push("one argument less");
    return;
  }
  const at = random.integer(0, args.length - 1);
  const value = args[at];
  const kind = random.uniform();
  if (kind < 0.4 && value instanceof Int32Array && value.length > 2) {
    // Some errors need the product of several large numbers.
    for (let count = pick(random, [1, 1, 1, 2, 4, 6]); count > 0; count--) {
      const place = random.integer(0, value.length - 1);
      value[place] = pick(random, ODD_NUMBERS);
      changes.push(`number ${place} of argument ${at}: ${value[place]}`);
    }
  } else if (kind < 0.55) {
    const victim = arrays.made.length > 0 ? pick(random, arrays.made) : undefined;
    args[at] = oddValue(random, () => victim && takeMemory(victim));
    changes.push(`argument ${at}: an odd value`);
  } else if (kind < 0.7 && isArray(value)) {
    args[at] = value.subarray(0, Math.max(0, value.length - random.integer(1, 3)));
    changes.push(`argument ${at}: shorter`);
  } else if (kind < 0.85 && isArray(value) && arrays.made.length > 1) {
    // The memory of another argument, as far as its type allows.
    const { buffer, byteOffset, byteLength } = pick(random, arrays.made);
    const type = value.constructor as Float32ArrayConstructor;
    const offset = Math.ceil(byteOffset / type.BYTES_PER_ELEMENT) * type.BYTES_PER_ELEMENT;
    const length = Math.floor((byteOffset + byteLength - offset) / type.BYTES_PER_ELEMENT);
    if (length < 0) return;
    args[at] = new type(buffer, offset, length);
    changes.push(`argument ${at}: the memory of another array`);
  } else if (typeof value === "number") {
    args[at] = pick(random, ODD_NUMBERS);
    changes.push(`argument ${at}: ${args[at]}`);
  }
}

/** Makes a plan and calls its functions, in spite of errors of single ones. */
function planCall(context: Context, changes: string[]): () => void {
  const { addon, random, arrays } = context;
  let plan: NativePlan | undefined;
  const dispose = () => plan?.dispose();
  const description = planDescription(random);
  for (let count = pick(random, [0, 0, 1, 1, 2]); count > 0; count--) {
    changes.push(randomlyChanged(random, description, dispose));
  }
  const train = trainingArguments(random, arrays, description);
  for (let count = pick(random, [0, 0, 1, 1]); count > 0; count--) {
    const [at, act] = [random.integer(0, train.length - 1), pick(random, [dispose, () => takeAny(context)])];
    const list = train[at];
    if (Array.isArray(list) && random.chance(0.7)) {
      Object.defineProperty(list, random.integer(0, list.length - 1), { get: () => act() ?? arrays.made[0] });
      changes.push(`argument ${at} of train: an element that is a getter`);
    } else {
      train[at] = oddValue(random, act);
      changes.push(`argument ${at} of train: an odd value`);
    }
  }
  const isOften = random.chance(0.2);
  return () => {
    plan = new addon.Plan(description);
    let error: unknown;
    const attempt = (act: (plan: NativePlan) => unknown) => {
      try {
        act(plan as NativePlan);
      } catch (thrown) {
        error ??= thrown;
      }
    };
    const call = (name: "train" | "evaluate", args: Arguments) =>
      attempt((of) => (of[name] as Callable).apply(of, args));
    for (let round = 0; round < (isOften ? 3 : 1); round++) {
      call("train", train);
      attempt((of) => of.profile());
      call("evaluate", train.slice(0, 4));
    }
    dispose();
    if (error !== undefined) throw error;
  };
}

function takeAny({ random, arrays }: Context): void {
  takeMemory(pick(random, arrays.made));
}

function makeCall({ addon, arrays }: Context, set: string, act: () => void): "returned" | "refused" {
  addon.choose(set);
  let outcome: "returned" | "refused" = "returned";
  try {
    act();
  } catch (error) {
    if (!(error instanceof Error)) throw new Error(`threw ${String(error)}`);
    const { message } = error;
    if (message === "" || message.includes("\n") || message.length > LONGEST_MESSAGE) {
      throw new Error(`its message is not one line: ${JSON.stringify(message)}`);
    }
    outcome = "refused";
  }
  if (!arrays.isIntact) throw new Error("it wrote beside an array");
  return outcome;
}
