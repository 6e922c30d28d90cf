// The optimizer of a user's own model: the one the model was compiled with, or Adam with Keras's defaults if the file
// has none.

import { UsageError } from "../../common/errors.ts";
import type { Engine } from "../../engine/types.ts";
import { Adam, type ChildOptimizer, type LearningRate, RmsProp, rateAt, Sgd } from "../optimizers.ts";
import type { Constraint } from "./constraints.ts";
import { type JsonObject, namedOf, showJson } from "./json.ts";
import type { ModelFile } from "./model-file.ts";
import { PreparedOptimizer } from "./prepared.ts";
import { RootedRmsProp } from "./rmsprop.ts";
import { learningRateOf } from "./schedule.ts";
import type { Penalty } from "./settings.ts";

/** Keyed by variable name. */
type Penalties = ReadonlyMap<string, Penalty>;

/** Creates a new optimizer for a training. */
export type OptimizerMaker = (
  engine: Engine,
  penalties: Penalties,
  constraints?: ReadonlyMap<string, Constraint>,
) => ChildOptimizer;

const DEFAULT = "Adam";

/** @throws UsageError if the file's optimizer or one of its settings is not supported. */
export function readOptimizer({ path, optimizer }: Pick<ModelFile, "path" | "optimizer">): OptimizerMaker {
  const named = namedOf(optimizer ?? DEFAULT);
  // Mixed precision wraps the actual optimizer.
  if (named?.className === "LossScaleOptimizer") {
    return readOptimizer({ path, optimizer: named.config.inner_optimizer });
  }
  // Keras 2.11 registered its new optimizers under names with this prefix.
  const className = named?.className.replace(/^Custom>/, "") ?? showJson(optimizer);
  const kind = Object.hasOwn(KINDS, className.toLowerCase()) ? KINDS[className.toLowerCase()] : undefined;
  if (!kind) {
    throw new UsageError(
      `model ${path} was compiled with optimizer ${className}, which is not supported; compile it with SGD, RMSprop, Adam or AdamW, or save it before compile()`,
    );
  }
  const settings = new OptimizerSettings(path, className, named?.config ?? {});
  const learningRate = settings.learningRate(kind.learningRate);
  const preparation = {
    learningRate,
    clipNorm: settings.limit("clipnorm"),
    globalClipNorm: settings.limit("global_clipnorm"),
    clipValue: settings.limit("clipvalue"),
    weightDecay: settings.number("weight_decay", kind.weightDecay ?? 0),
  };
  const make = kind.read(settings, learningRate);
  settings.finish();
  const { clipNorm, globalClipNorm, clipValue, weightDecay } = preparation;
  const isPlain =
    [clipNorm, globalClipNorm, clipValue].every((each) => each === undefined) && weightDecay === 0;
  return (engine, penalties, constraints = new Map()) =>
    isPlain && penalties.size === 0 && constraints.size === 0
      ? make(engine)
      : new PreparedOptimizer(make(engine), { ...preparation, penalties, constraints });
}

interface Kind {
  /** Keras's default, used if the file has only the optimizer's name. */
  readonly learningRate: number;
  readonly weightDecay?: number;
  readonly read: (
    settings: OptimizerSettings,
    learningRate: LearningRate,
  ) => (engine: Engine) => ChildOptimizer;
}

const readSgd: Kind["read"] = (settings, learningRate) => {
  const momentum = settings.share("momentum", 0);
  // TensorFlow.js calls it useNesterov.
  const isNesterov = settings.flag("nesterov") || settings.flag("use_nesterov");
  return (engine) => new Sgd(engine, { learningRate, momentum, isNesterov });
};

const readAdam: Kind["read"] = (settings, learningRate) => {
  const beta1 = settings.share("beta_1", settings.share("beta1", 0.9));
  const beta2 = settings.share("beta_2", settings.share("beta2", 0.999));
  const epsilon = settings.positive("epsilon", 1e-7);
  return (engine) =>
    new Adam(engine, { learningRate, beta1, beta2, epsilon, clipNorm: Number.POSITIVE_INFINITY });
};

const readRmsProp: Kind["read"] = (settings, learningRate) => {
  // TensorFlow.js calls it decay.
  const rho = settings.share("rho", settings.isOfTensorFlowJs ? settings.share("decay", 0.9) : 0.9);
  const momentum = settings.share("momentum", 0);
  const epsilon = settings.positive("epsilon", 1e-7);
  // Before Keras 2.11, epsilon was added outside the root unless there was momentum.
  if (!settings.isLegacy || momentum > 0) {
    return () => new RootedRmsProp({ learningRate, rho, momentum, epsilon });
  }
  return (engine) => new RmsProp(engine, { learningRate, rho, epsilon });
};

const KINDS: Record<string, Kind> = {
  sgd: { learningRate: 0.01, read: readSgd },
  momentum: { learningRate: 0.01, read: readSgd },
  rmsprop: { learningRate: 0.001, read: readRmsProp },
  adam: { learningRate: 0.001, read: readAdam },
  adamw: { learningRate: 0.001, weightDecay: 0.004, read: readAdam },
};

/** Settings that have no effect on a step. */
const IGNORED = [
  ...["name", "jit_compile", "is_legacy_optimizer"],
  // Settings of `use_ema` (moving averages of the weights) and of loss scaling for 16-bit floats.
  ...["ema_momentum", "ema_overwrite_frequency", "loss_scale_factor"],
];

/** Steps at which a learning rate is tried: the first ones, and later ones of a long training. */
const TRIED_STEPS = [0, 1, 2, 3, 5, 10, 100, 1000, 10_000, 100_000];

/** Whether a learning rate is a finite number of at least 0, as far as can be seen. */
function isRate(learningRate: LearningRate): boolean {
  return TRIED_STEPS.map((step) => rateAt(learningRate, step)).every((rate) => rate >= 0 && rate < Infinity);
}

/** Like LayerSettings: settings not read at the end must be null or false. */
class OptimizerSettings {
  readonly #path: string;
  readonly #className: string;
  readonly #config: JsonObject;
  readonly #read = new Set<string>(IGNORED);

  constructor(path: string, className: string, config: JsonObject) {
    this.#path = path;
    this.#className = className;
    // TensorFlow.js writes the keys in camel case.
    const plain = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    this.#config = Object.fromEntries(Object.entries(config).map(([key, value]) => [plain(key), value]));
  }

  get isOfTensorFlowJs(): boolean {
    return this.#className === "RMSProp";
  }

  /** Whether it is an optimizer of Keras before 2.11. */
  get isLegacy(): boolean {
    const { is_legacy_optimizer: isLegacy, decay } = this.#config;
    return !this.isOfTensorFlowJs && (isLegacy === true || (isLegacy === undefined && decay !== undefined));
  }

  learningRate(fallback: number): LearningRate {
    const key = this.#config.lr === undefined ? "learning_rate" : "lr";
    const learningRate = learningRateOf(this.#value(key) ?? fallback);
    if (learningRate === undefined) throw this.#unsupported(key);
    if (!isRate(learningRate)) throw this.#unsupported(key);
    if (this.isOfTensorFlowJs) return learningRate;
    const decay = this.positive("decay", 0);
    return decay === 0 ? learningRate : (step) => rateAt(learningRate, step) / (1 + decay * step);
  }

  /** From 0 to 1. */
  share(key: string, fallback: number): number {
    const share = this.positive(key, fallback);
    if (share > 1) throw this.#unsupported(key);
    return share;
  }

  /** At least 0. */
  positive(key: string, fallback: number): number {
    const number = this.number(key, fallback);
    if (number < 0) throw this.#unsupported(key);
    return number;
  }

  number(key: string, fallback: number): number {
    const value = this.#value(key) ?? fallback;
    if (typeof value !== "number") throw this.#unsupported(key);
    return value;
  }

  flag(key: string): boolean {
    const value = this.#value(key) ?? false;
    if (typeof value !== "boolean") throw this.#unsupported(key);
    return value;
  }

  /** Undefined if the file has none. */
  limit(key: string): number | undefined {
    return this.#config[key] == null ? undefined : this.positive(key, 0);
  }

  /** @throws UsageError if a setting was not read and is neither null nor false. */
  finish(): void {
    for (const [key, value] of Object.entries(this.#config)) {
      if (!this.#read.has(key) && value !== null && value !== false) throw this.#unsupported(key);
    }
  }

  #value(key: string): unknown {
    this.#read.add(key);
    return this.#config[key];
  }

  #unsupported(key: string): UsageError {
    return new UsageError(
      `model ${this.#path} was compiled with optimizer ${this.#className} with ${key} ${showJson(this.#config[key])}, which is not supported; compile it with another value`,
    );
  }
}
