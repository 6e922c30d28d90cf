// Descriptions of small plans of all operations, the arguments of their functions, and changes of both.

import type { Random } from "../../src/common/random.ts";
import { type ArrayMaker, ODD_NUMBERS, oddValue, pick } from "./odd-values.ts";

type Description = Record<string, unknown>;

const SIDE = 4;
const CHANNELS = 5;
const PIXELS = SIDE * SIDE * 3;
const VALUES = SIDE * SIDE * CHANNELS;

/** By weight: the filter and the bias of the convolution, those of the classes, and what a normalization has. */
function weightSizes(classes: number): number[] {
  return [
    3 * 3 * 3 * CHANNELS,
    CHANNELS,
    VALUES * classes,
    classes,
    ...Array(4).fill(CHANNELS),
    9 * CHANNELS,
  ];
}

/** A plan: pixels, a convolution, one of all other operations, and classes. */
export function planDescription(random: Random): Description {
  const classes = random.integer(2, 4);
  const same = [SIDE, SIDE, CHANNELS, SIDE, SIDE, CHANNELS];
  const between = { name: "between", inputs: [1], output: 2 };
  const product = { activation: random.integer(0, 2), bias: 1, wantsInputGradient: true };
  const operation = pick<Description>(random, [
    { ...between, kind: "dropout", rate: 0.5, k0: 1, k1: 2 },
    { ...between, kind: "activation", activation: 2 },
    { ...between, kind: "addition", inputs: [1, 1] },
    { ...between, kind: "pool", isMax: true, shape: [1, SIDE, SIDE, CHANNELS, SIDE, SIDE, 3, 3, 1, 1, 1, 1] },
    {
      ...between,
      kind: "pool",
      isMax: false,
      shape: [1, SIDE, SIDE, CHANNELS, SIDE, SIDE, 2, 2, 1, 1, 0, 0],
    },
    { ...between, ...product, kind: "depthwise", shape: [...same, 3, 3, 1, 1, 1, 1, 1, 1], filter: 8 },
    { ...between, kind: "concatenation", inputs: [1], places: SIDE * SIDE },
    {
      ...{ ...between, kind: "normalization", channels: CHANNELS, gamma: 4, beta: 5 },
      ...{ movingMean: 6, movingVariance: 7, epsilon: 1e-3, momentum: 0.9, activation: 1 },
    },
  ]);
  return {
    type: random.integer(0, 1),
    capacity: random.integer(1, 4),
    logits: 3,
    valueSizes: [PIXELS, VALUES, VALUES, classes],
    weightSizes: weightSizes(classes),
    operations: [
      { kind: "pixels", name: "pixels", output: 0, inputs: [] },
      {
        ...{ kind: "convolution", name: "convolution", inputs: [0], output: 1, filter: 0, ...product },
        ...{ shape: [SIDE, SIDE, 3, SIDE, SIDE, CHANNELS, 3, 3, 1, 1, 1, 1, 1, 1] },
        ...{ wantsInputGradient: false, isDense: random.chance(0.3) },
      },
      operation,
      {
        ...{
          kind: "convolution",
          name: "classes",
          inputs: [2],
          output: 3,
          filter: 2,
          bias: 3,
          activation: 0,
        },
        ...{ shape: [1, 1, VALUES, 1, 1, classes, 1, 1, 1, 1, 1, 1, 0, 0] },
        ...{ wantsInputGradient: true, isDense: true },
      },
    ],
  };
}

/** [images, pixels, labels, weights, gradients, step] for the plan, as far as its sizes have not been changed. */
export function trainingArguments(
  random: Random,
  arrays: ArrayMaker,
  { valueSizes }: Description,
): unknown[] {
  const size: unknown = Array.isArray(valueSizes) ? valueSizes[3] : undefined;
  const classes = typeof size === "number" && size <= 4 ? size : 2;
  const images = random.integer(1, 5);
  const labels = Array.from({ length: images }, () => pick(random, [0, 0, 1, 1, 1, 9, -1]));
  const sizes = weightSizes(Math.max(1, Math.trunc(classes) || 1));
  const weights = sizes.map((size) => arrays.floats(size));
  const gradients = sizes.map((size) => (random.chance(0.2) ? null : arrays.floats(size)));
  const pixels = arrays.bytes(images * PIXELS);
  return [images, pixels, arrays.integers(...labels), weights, gradients, random.integer(0, 9)];
}

/** Changes a property or an element of the description; returns what was changed. */
export function randomlyChanged(random: Random, description: Description, act: () => void): string {
  const { operations, valueSizes, weightSizes } = description;
  const listed = Array.isArray(operations) ? operations : [];
  const holders = [
    description,
    operations,
    valueSizes,
    weightSizes,
    ...listed,
    ...listed,
    ...listed.map(shapeOf),
  ];
  const holder = pick(
    random,
    holders.filter((each) => typeof each === "object" && each !== null),
  ) as Record<string, unknown>;
  // A second change leaves the getters of the first.
  const keys = Object.keys(holder).filter(
    (key) => Object.getOwnPropertyDescriptor(holder, key)?.get === undefined,
  );
  if (keys.length === 0) return "nothing";
  const key = pick(random, keys);
  const kind = random.uniform();
  if (kind < 0.5) {
    holder[key] = pick(random, ODD_NUMBERS);
    return `${key}: ${holder[key]}`;
  }
  if (kind < 0.7) {
    holder[key] = oddValue(random, act);
    return `${key}: an odd value`;
  }
  if (kind < 0.8) {
    const { [key]: value } = holder;
    Object.defineProperty(holder, key, {
      get: () => {
        act();
        return value;
      },
    });
    return `${key}: a getter`;
  }
  if (Array.isArray(holder) && random.chance(0.7)) {
    const place = random.integer(0, holder.length - 1);
    const other = holder[random.integer(0, holder.length - 1)];
    holder.splice(place, random.integer(0, 1), ...(random.chance(0.5) ? [other] : []));
    return `${place}: removed or repeated`;
  }
  const other = pick(random, keys);
  holder[key] = holder[other];
  return `${key}: ${other}`;
}

function shapeOf(operation: unknown): unknown {
  return (operation as { shape?: unknown } | null | undefined)?.shape;
}
