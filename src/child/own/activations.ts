// Activations, by their names in Keras: those of TensorFlow.js 4.22, and those that it lacks or defines in another way. The
// latter are registered with TensorFlow.js, so that any of its layers takes them.

import {
  abs,
  add,
  clipByValue,
  cos,
  div,
  erf,
  exp,
  expm1,
  greaterEqual,
  log,
  log1p,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  reciprocal,
  relu,
  relu6,
  rsqrt,
  serialization,
  sin,
  softplus,
  sqrt,
  square,
  sub,
  type Tensor,
  tanh,
  tidy,
  where,
} from "@tensorflow/tfjs-core";
import type { Dialect } from "./network.ts";

/** An activation in the form in which TensorFlow.js's layers take it. */
export type ActivationIdentifier = string | { className: string; config: ActivationConfig };

/** Parameters of an activation. */
export type ActivationConfig = Record<string, number>;

const OF_TENSORFLOWJS: Record<string, string> = {
  ...{ linear: "linear", relu: "relu", relu6: "relu6", elu: "elu", selu: "selu", sigmoid: "sigmoid" },
  ...{ softplus: "softplus", softsign: "softsign", tanh: "tanh", softmax: "softmax" },
  ...{ log_softmax: "logSoftmax", silu: "swish", swish: "swish", gelu: "gelu", mish: "mish" },
};

/** The activation of this name; undefined if there is none. */
export function activationOf(
  name: string,
  config: Readonly<ActivationConfig>,
  dialect: Dialect,
): ActivationIdentifier | undefined {
  if (Object.hasOwn(OF_TENSORFLOWJS, name)) return OF_TENSORFLOWJS[name];
  const own = name === "hard_sigmoid" && dialect !== "keras3" ? "hard_sigmoid_of_keras_2" : name;
  return Object.hasOwn(OWN, own) ? ownActivation(own, config) : undefined;
}

/** One of the functions below. */
export function ownActivation(name: string, config: Readonly<ActivationConfig>): ActivationIdentifier {
  // TensorFlow.js adds to the object that it is given.
  return { className: PREFIX + name, config: { ...config } };
}

/** The names of activations, for a message. */
export const ACTIVATION_NAMES: readonly string[] = [
  ...Object.keys(OF_TENSORFLOWJS),
  ...[
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "exponential",
    "leaky_relu",
    "log_sigmoid",
    "celu",
  ],
  ...["squareplus", "tanh_shrink", "soft_shrink", "hard_shrink", "sparse_plus", "sparse_sigmoid"],
];

type Parameter = (name: string, whenMissing: number) => number;

const positive = (x: Tensor) => relu(x);
const negative = (x: Tensor) => minimum(x, 0);
const hardSigmoid = (x: Tensor) => div(relu6(add(x, 3)), 6);
const hardSilu = (x: Tensor) => mul(x, hardSigmoid(x));
const exponentialUnit = (x: Tensor, alpha: number, scale: number) =>
  add(positive(x), mul(sub(exp(div(negative(x), scale)), 1), alpha));

/** Functions of single values. Conditions are composed of minima and maxima, which are fast on every engine. */
const OWN: Record<string, (x: Tensor, parameter: Parameter) => Tensor> = {
  hard_sigmoid: hardSigmoid,
  hard_sigmoid_of_keras_2: (x) => clipByValue(add(mul(x, 0.2), 0.5), 0, 1),
  hard_silu: hardSilu,
  hard_swish: hardSilu,
  hard_tanh: (x) => clipByValue(x, -1, 1),
  exponential: (x) => exp(x),
  leaky_relu: (x, parameter) =>
    add(positive(x), mul(negative(x), parameter("negative_slope", parameter("alpha", 0.2)))),
  log_sigmoid: (x) => neg(softplus(neg(x))),
  general_elu: (x, parameter) => exponentialUnit(x, parameter("alpha", 1), 1),
  celu: (x, parameter) => exponentialUnit(x, parameter("alpha", 1), parameter("alpha", 1)),
  squareplus: (x, parameter) => div(add(x, sqrt(add(square(x), parameter("b", 4)))), 2),
  tanh_shrink: (x) => sub(x, tanh(x)),
  soft_shrink: (x, parameter) => {
    const threshold = parameter("threshold", 0.5);
    return sub(relu(sub(x, threshold)), relu(sub(neg(x), threshold)));
  },
  hard_shrink: (x, parameter) => {
    const threshold = parameter("threshold", 0.5);
    return where(greaterEqual(threshold, abs(x)), mul(x, 0), x);
  },
  sparse_plus: (x) => add(relu(sub(x, 1)), div(square(add(clipByValue(x, -1, 1), 1)), 4)),
  sparse_sigmoid: (x) => clipByValue(mul(add(x, 1), 0.5), 0, 1),
  gelu_tanh: (x) => {
    const cubic = mul(x, add(mul(square(x), 0.044715), 1));
    return mul(mul(x, 0.5), add(tanh(mul(cubic, Math.sqrt(2 / Math.PI))), 1));
  },
  /** Keras's layer ReLU: x from the threshold to the maximum, and below it slope · (x − threshold). */
  general_relu: (x, parameter) => {
    const threshold = parameter("threshold", 0);
    const above = minimum(x, parameter("max_value", Number.POSITIVE_INFINITY));
    return where(greaterEqual(x, threshold), above, mul(sub(x, threshold), parameter("negative_slope", 0)));
  },

  // Of operations.
  absolute: (x) => abs(x),
  square: (x) => square(x),
  sqrt: (x) => sqrt(x),
  rsqrt: (x) => rsqrt(x),
  reciprocal: (x) => reciprocal(x),
  exp: (x) => exp(x),
  expm1: (x) => expm1(x),
  log: (x) => log(x),
  log1p: (x) => log1p(x),
  erf: (x) => erf(x),
  sin: (x) => sin(x),
  cos: (x) => cos(x),
  power: (x, parameter) => pow(x, parameter("exponent", 1)),
  clip: (x, parameter) => {
    const [min, max] = [
      parameter("min", Number.NEGATIVE_INFINITY),
      parameter("max", Number.POSITIVE_INFINITY),
    ];
    const raised = min === Number.NEGATIVE_INFINITY ? x : maximum(x, min);
    return max === Number.POSITIVE_INFINITY ? raised : minimum(raised, max);
  },
};

/** Of the names under which TensorFlow.js knows our activations. */
const PREFIX = "keras_";

for (const [name, compute] of Object.entries(OWN)) {
  serialization.registerClass(
    class extends serialization.Serializable {
      static readonly className = PREFIX + name;
      readonly #config: Readonly<ActivationConfig>;

      constructor(config: Readonly<ActivationConfig> = {}) {
        super();
        this.#config = config;
      }

      apply(x: Tensor): Tensor {
        return tidy(() => compute(x, (key, whenMissing) => this.#config[key] ?? whenMissing));
      }

      getConfig(): serialization.ConfigDict {
        return { ...this.#config };
      }
    },
  );
}
