// What the native addon must refuse with one line instead of ending the process: sizes whose products overflow, steps
// beyond the kernels' limits, code that runs while arguments are read, and plans whose operations do not fit together.

import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import type { Addon } from "../../src/engine/native/addon.ts";
import { addonCall } from "./addon-calls.ts";
import { addon, INSTRUCTION_SETS, skip } from "./native-cases.ts";
import { takeMemory, trap } from "./odd-values.ts";

const floats = (length: number) => new Float32Array(length);
const integers = (...values: number[]) => Int32Array.from(values);
const LARGEST = 2 ** 31 - 1;
const SMALLEST = -(2 ** 31);

/** Each product of the sizes of an array is 2^64. */
const OVERFLOWING = integers(2 ** 22, 2 ** 21, 2 ** 21, 1, 2 ** 21, 2 ** 21, 1, 1, 1, 1, 1, 1, 1, 0, 0);
/** Images [1, 4, 4, 3], output [1, 4, 4, 5], filter [3, 3], with these strides, dilations and pads. */
const convolution = (strides: number, dilations: number, pads: number, out = 4, channels = 5) =>
  integers(1, 4, 4, 3, out, out, channels, 3, 3, strides, strides, dilations, dilations, pads, pads);

type Call = (a: Addon) => unknown;

/** All functions that take the shape of a convolution, with arrays for `convolution` of `out` positions. */
function convolutions(shape: Int32Array, out: number): Record<string, Call> {
  const [x, y, filter] = [floats(48), floats(out * out * 5), floats(135)];
  const each = shape.with(6, 3);
  const [few, small] = [floats(out * out * 3), floats(27)];
  return {
    convolve: (a) => a.convolve(shape, 0, x, filter, null, 0, y),
    inputGradient: (a) => a.inputGradient(shape, 0, y, filter, x),
    filterGradient: (a) => a.filterGradient(shape, 0, x, y, filter),
    convolveDepthwise: (a) => a.convolveDepthwise(each, x, small, few),
    depthwiseInputGradient: (a) => a.depthwiseInputGradient(each, few, small, x),
    depthwiseFilterGradient: (a) => a.depthwiseFilterGradient(each, x, few, small),
  };
}

/** @param message without what follows it. */
const refuses = (call: Call, message: RegExp) =>
  assert.throws(
    () => call(addon),
    (error: Error) => {
      assert.match(error.message, message);
      assert.ok(!error.message.includes("\n"));
      return true;
    },
  );

describe("the native addon's sizes", { skip }, () => {
  const none = floats(0);
  const calls: [what: string, call: Call, message: RegExp][] = [
    ["convolve", (a) => a.convolve(OVERFLOWING, 0, none, floats(1), null, 0, none), /^shape: 4194304 images/],
    [
      "inputGradient",
      (a) => a.inputGradient(OVERFLOWING, 0, none, floats(1), none),
      /^shape: 4194304 images/,
    ],
    ["filterGradient", (a) => a.filterGradient(OVERFLOWING, 0, none, none, floats(1)), /^shape: /],
    ["convolveDepthwise", (a) => a.convolveDepthwise(OVERFLOWING, none, floats(1), none), /^shape: /],
    [
      "depthwiseInputGradient",
      (a) => a.depthwiseInputGradient(OVERFLOWING, none, floats(1), none),
      /^shape: /,
    ],
    [
      "depthwiseFilterGradient",
      (a) => a.depthwiseFilterGradient(OVERFLOWING, none, none, floats(1)),
      /^shape: /,
    ],
    [
      "convolve with a filter of 2^64 values",
      (a) => {
        const shape = integers(1, 1, 1, 2 ** 16, 1, 1, 2 ** 16, 2 ** 16, 2 ** 16, 1, 1, 1, 1, 0, 0);
        a.convolve(shape, 0, floats(2 ** 16), none, null, 0, floats(2 ** 16));
      },
      /^shape: the filter has more than 1073741824 values$/,
    ],
    [
      "binary with 2^64 values",
      (a) =>
        a.binary(0, integers(...Array(4).fill(2 ** 16), ...Array(8).fill(0)), 0, floats(1), floats(1), none),
      /^result: expected at least \d+ values, received 0$/,
    ],
    [
      "binary with steps of more than 2^64 values",
      (a) => {
        const sizes = [...Array(4).fill(2 ** 30 + 1), 2 ** 16, 2 ** 16];
        const layout = integers(...sizes, ...Array(4).fill(2 ** 30), ...Array(8).fill(0));
        a.binary(0, layout, 0, floats(1), floats(1), floats(1));
      },
      /^a: expected at least \d+ values, received 1$/,
    ],
    [
      "move of more values than the target has",
      (a) => a.move(integers(...Array(6).fill(LARGEST), ...Array(12).fill(0)), floats(1), 0, floats(1), 0),
      /^layout: has more values than the target$/,
    ],
    [
      "move of steps of 2^64 values",
      (a) => {
        const sizes = [...Array(4).fill(2 ** 30 + 1), 2, 2 ** 30];
        a.move(
          integers(...sizes, ...Array(3).fill(2 ** 30), 1, ...Array(8).fill(0)),
          floats(8),
          0,
          floats(8),
          0,
        );
      },
      /^layout: has more values than the target$/,
    ],
    [
      "reduce",
      (a) => a.reduce(0, 2 ** 30, 2 ** 30, 16, none, none),
      /^x: expected at least 18446744073709551615 values, received 0$/,
    ],
    [
      "multiply",
      (a) => a.multiply(0, LARGEST, 1, 1, none, false, none, false, none),
      /^rows: expected at most/,
    ],
  ];
  for (const [what, call, message] of calls) it(`do not overflow: ${what}`, () => refuses(call, message));
});

describe("the native addon's limits", { skip }, () => {
  const beyond: [what: string, strides: number, dilations: number, pads: number, message: RegExp][] = [
    [
      "strides of the largest number",
      LARGEST,
      1,
      0,
      /^shape: strideHeight is 2147483647, expected 1 to 65536$/,
    ],
    ["strides of 2^22", 2 ** 22, 1, 0, /^shape: strideHeight is 4194304, expected 1 to 65536$/],
    ["dilations of the largest number", 1, LARGEST, 1, /^shape: dilationHeight is 2147483647, expected/],
    ["pads of the smallest number", 1, 1, SMALLEST, /^shape: padTop is -2147483648, expected 0 to 65536$/],
    ["pads of the largest number", 1, 1, LARGEST, /^shape: padTop is 2147483647, expected 0 to 65536$/],
    [
      "an image that is too large with its padding",
      1,
      65_536,
      65_536,
      /^shape: an image with its padding has more/,
    ],
    ["windows far beyond the image", 8192, 1, 1, /^shape: an image with its padding has more/],
  ];
  for (const [what, strides, dilations, pads, message] of beyond) {
    it(`refuse ${what}`, () => {
      for (const call of Object.values(convolutions(convolution(strides, dilations, pads), 4))) {
        refuses(call, message);
      }
    });
  }

  it("allow long strides if there is one position, with the result of short ones", () => {
    for (const set of INSTRUCTION_SETS) {
      addon.choose(set);
      const results = [3, 65_536].map((stride) => {
        const random = new Random("strides");
        const numbers = (length: number) => Float32Array.from({ length }, () => random.uniform(-1, 1));
        const shape = convolution(stride, 1, 1, 1);
        const [x, filter, y, dy] = [numbers(48), numbers(135), floats(5), numbers(5)];
        const [dx, dFilter] = [floats(48), floats(135)];
        addon.convolve(shape, 0, x, filter, null, 0, y);
        addon.inputGradient(shape, 0, dy, filter, dx);
        addon.filterGradient(shape, 0, x, dy, dFilter);
        return { y, dx, dFilter };
      });
      assert.deepEqual(results[1], results[0], set);
    }
    addon.choose();
  });

  it("are the same for pooling", () => {
    const { passes } = addon;
    const shape = (window: number, stride: number, pad: number) =>
      integers(1, 4, 4, 3, 2, 2, window, window, stride, stride, pad, pad);
    const stride = () => passes.maxPool(shape(2, LARGEST, 0), floats(48), floats(12));
    refuses(stride, /^shape: strideHeight is 2147483647, expected 1 to 65536$/);
    const window = () => passes.averagePool(shape(LARGEST, 1, 0), floats(48), floats(12));
    refuses(window, /^shape: windowHeight is 2147483647, expected 1 to 65536$/);
    const pad = () => passes.averagePoolGradient(shape(2, 2, LARGEST), floats(12), true, floats(48));
    refuses(pad, /^shape: padTop is 2147483647, expected 0 to 65536$/);
    passes.maxPoolGradient(shape(2, 2, 0), floats(12), new Uint8Array(12).fill(254), floats(48));
  });
});

type Values = Record<string, unknown>;

const PIXELS = { kind: "pixels", name: "pixels", output: 0, inputs: [] };
const CLASSES = {
  ...{ kind: "convolution", name: "classes", inputs: [0], output: 1, activation: 0, filter: 0, bias: 1 },
  ...{ shape: [1, 1, 48, 1, 1, 4, 1, 1, 1, 1, 1, 1, 0, 0], wantsInputGradient: true, isDense: true },
};
/** With a value of 48 numbers between the pixels and the classes. */
const LONGER = { valueSizes: [48, 48, 4], logits: 2 };
const LAST = { ...CLASSES, inputs: [1], output: 2 };

const describePlan = (changes: Values, operations: Values[] = [PIXELS, CLASSES]) => ({
  ...{ type: 0, capacity: 2, logits: 1, valueSizes: [48, 4], weightSizes: [192, 4], operations },
  ...changes,
});

describe("a native plan", { skip }, () => {
  const pool = { kind: "pool", name: "pool", inputs: [0], output: 1, isMax: true };
  const refused: [what: string, description: object, message: RegExp][] = [
    ["no operations", describePlan({}, []), /^a plan's logits are not written$/],
    ["pixels alone", describePlan({}, [PIXELS]), /^a plan's logits are not written$/],
    [
      "pixels in a larger value",
      describePlan(LONGER, [{ ...PIXELS, output: 1 }, LAST]),
      /pixels are not value 0/,
    ],
    [
      "an operation that reads its result",
      describePlan(LONGER, [
        PIXELS,
        { kind: "activation", name: "a", inputs: [1], output: 1, activation: 1 },
        LAST,
      ]),
      /^a plan's input is read before it is written$/,
    ],
    [
      "operations in the wrong order",
      describePlan({}, [CLASSES, PIXELS]),
      /input is read before it is written/,
    ],
    ["logits that are the pixels", describePlan({ logits: 0 }), /^a plan's logits are an input$/],
    [
      "a value that is written twice",
      describePlan({}, [PIXELS, CLASSES, CLASSES]),
      /output is written twice/,
    ],
    [
      "a value that is never written",
      describePlan(LONGER, [PIXELS, LAST]),
      /input is read before it is written/,
    ],
    [
      "a result without a gradient",
      describePlan(LONGER, [
        PIXELS,
        { ...pool, shape: [1, 4, 4, 3, 4, 4, 1, 1, 1, 1, 0, 0] },
        { ...LAST, wantsInputGradient: false },
      ]),
      /^a plan's operation pool has a result without a gradient$/,
    ],
    [
      "too many images",
      describePlan({ capacity: LARGEST }),
      /^a plan's capacity is \d+, expected at most 16777216$/,
    ],
    [
      "a value that is too large",
      describePlan({ valueSizes: [LARGEST, 4] }),
      /^a plan's valueSizes is out of range$/,
    ],
    [
      "a window that is too large",
      describePlan(LONGER, [
        PIXELS,
        { ...pool, shape: [1, 4, 4, 3, 4, 4, LARGEST, LARGEST, 1, 1, 5, 5] },
        LAST,
      ]),
      /^a plan's shape is not possible: windowHeight is 2147483647, expected 1 to 65536$/,
    ],
    [
      "more places of a maximum than a byte counts",
      describePlan(LONGER, [PIXELS, { ...pool, shape: [1, 4, 4, 3, 4, 4, 17, 17, 1, 1, 8, 8] }, LAST]),
      /^a plan's shape has a window of more than 256 places$/,
    ],
    [
      "pads of the smallest number",
      describePlan(LONGER, [PIXELS, { ...pool, shape: [1, 4, 4, 3, 4, 4, 2, 2, 1, 1, SMALLEST, 0] }, LAST]),
      /^a plan's shape is not possible: padTop is -2147483648, expected 0 to 65536$/,
    ],
    [
      "a name that is no text",
      describePlan({}, [{ ...PIXELS, name: Symbol("x") }, CLASSES]),
      /name is not a text/,
    ],
    [
      "a list of 2^32 - 1",
      describePlan({ valueSizes: Array(2 ** 32 - 1) }),
      /valueSizes is not a list of at most/,
    ],
  ];
  for (const [what, description, message] of refused) {
    it(`is refused with ${what}`, () => refuses((a) => new a.Plan(description), message));
  }

  /** Arguments of `train` for `describePlan({})`. */
  const trainingOf = () => {
    const [weights, gradients] = [
      [floats(192), floats(4)],
      [floats(192), floats(4)],
    ];
    return [2, new Uint8Array(96), integers(0, 1), weights, gradients, 0] as const;
  };

  it("ends if a getter of its arguments disposes of it", () => {
    for (const at of [3, 4] as const) {
      const plan = new addon.Plan(describePlan({}));
      const args = trainingOf();
      Object.defineProperty(args[at], 1, {
        get: () => {
          plan.dispose();
          return floats(4);
        },
      });
      refuses(() => plan.train(...args), /^the plan has been disposed$/);
      refuses(
        () => plan.evaluate(2, args[1], args[2], [floats(192), floats(4)]),
        /^the plan has been disposed$/,
      );
    }
  });

  it("refuses arrays whose memory a getter takes, and labels that it changes", () => {
    for (const at of [3, 4] as const) {
      const plan = new addon.Plan(describePlan({}));
      const args = trainingOf();
      const [large] = args[at];
      Object.defineProperty(args[at], 1, {
        get: () => {
          takeMemory(large);
          return floats(4);
        },
      });
      refuses(
        () => plan.train(...args),
        /^(weights|gradients): expected a Float32Array for each of 2 weights/,
      );
    }
    const args = trainingOf();
    Object.defineProperty(args[3], 1, {
      get: () => {
        args[2].fill(2 ** 30);
        return floats(4);
      },
    });
    const plan = new addon.Plan(describePlan({}));
    refuses(() => plan.train(...args), /^labels: expected 0 to 3, received 1073741824$/);
  });

  it("runs only on the kernels with which it was made", () => {
    const [first, second] = INSTRUCTION_SETS;
    if (second === undefined) return;
    addon.choose(first);
    const plan = new addon.Plan(describePlan({}));
    addon.choose(second);
    refuses(() => plan.train(...trainingOf()), /^other kernels were chosen after the plan was made$/);
    addon.choose(first);
    assert.equal(plan.train(...trainingOf())[0], Math.log(4));
    addon.choose();
  });
});

describe("the native addon's arguments", { skip }, () => {
  const large = () => {
    const array = floats(1 << 16);
    return { array, taking: trap(() => takeMemory(array)) as number };
  };
  const cases: Record<string, (a: Addon) => unknown> = {
    unary: (a) => {
      const { array, taking } = large();
      a.unary(0, taking, floats(1 << 16), array);
    },
    clip: (a) => {
      const { array, taking } = large();
      a.clip(taking, 1, floats(1 << 16), array);
    },
    clipGradient: (a) => {
      const { array, taking } = large();
      a.clipGradient(0, taking, floats(1 << 16), floats(1 << 16), array);
    },
    binary: (a) => {
      const { array, taking } = large();
      a.binary(0, integers(1 << 16, 1, 1), taking, floats(1 << 16), floats(1 << 16), array);
    },
    scale: (a) => {
      const { array, taking } = large();
      a.passes.scale(1 << 16, floats(1 << 16), taking, array);
    },
  };
  for (const [name, call] of Object.entries(cases)) {
    it(`are not converted, so that no code runs: ${name}`, () =>
      refuses(call, /: expected a( finite)? number( of 32 bits)?, received something else$/));
  }

  it("may be parts of the same memory", () => {
    const layout = integers(2, 2, 2, 1, 2, 1);
    const bytes = layout.buffer;
    addon.move(layout, new Float32Array(bytes, 0, 4), 0, new Float32Array(bytes, 8, 4), 0);
    const shared = floats(64);
    addon.multiply(
      0,
      4,
      4,
      4,
      shared.subarray(0, 16),
      false,
      shared.subarray(3, 19),
      true,
      shared.subarray(5, 21),
    );
  });
});

describe("random calls of the native addon", { skip }, () => {
  afterEach(() => {
    addon.setThreads(1);
    addon.choose();
  });

  it("return, or are refused with one line, and write nothing beside arrays", () => {
    const counts = { returned: 0, refused: 0 };
    for (let call = 0; call < 600; call++) {
      const { make } = addonCall(addon, INSTRUCTION_SETS, new Random("random calls", call));
      counts[make()]++;
    }
    // Making up a call must not fail either, with any changes of what it is made of.
    for (let call = 0; call < 20_000; call++) addonCall(addon, INSTRUCTION_SETS, new Random("made up", call));
    assert.ok(counts.returned > 100 && counts.refused > 100, JSON.stringify(counts));
  });
});
