// Every configuration key, once: its type, range, default and explanation. Types are inferred from here, and the
// help text and the documentation's table are made from `describeKeys`. The original DeepAugment's keys (2019) keep
// their names and defaults.

import { z } from "zod";
import { messageOf } from "../common/errors.ts";
import { ENGINE_CHOICES, PRECISION_CHOICES } from "./engines.ts";
import { parseTechnique, TECHNIQUES, type TechniqueName } from "./techniques.ts";

/** A kind of value: how it is checked, and what it is called in explanations and in errors. */
interface Kind<S extends z.ZodType> {
  readonly schema: S;
  readonly type: string;
}

interface KeyNotes {
  readonly type: string;
  readonly explanation: string;
}

const notes = z.registry<KeyNotes>();

/** A key with a default; without one (`undefined`) it must be given. */
function key<S extends z.ZodType>(kind: Kind<S>, explanation: string, fallback: z.output<S>): z.ZodDefault<S>;
function key<S extends z.ZodType>(kind: Kind<S>, explanation: string): S;
function key(kind: Kind<z.ZodType>, explanation: string, fallback?: unknown): z.ZodType {
  const schema = fallback === undefined ? kind.schema : z._default(kind.schema, fallback);
  notes.add(schema, { type: kind.type, explanation });
  return schema;
}

const text = (type: string) => ({ schema: z.string().min(1), type });

const whole = (minimum: number, maximum: number) => ({
  schema: z.int().min(minimum).max(maximum),
  type: `a whole number from ${minimum} to ${maximum}`,
});

const yesOrNo = { schema: z.boolean(), type: "true or false" };

const choice = <const T extends readonly string[]>(options: T) => ({
  schema: z.enum(options),
  type: `one of ${options.join(", ")}`,
});

/** A key that may be left unset, written `null`. */
const optional = <S extends z.ZodType>(kind: Kind<S>) => ({
  schema: z.nullable(kind.schema),
  type: `${kind.type}, or null`,
});

const autoOr = <S extends z.ZodType>(kind: Kind<S>) => ({
  schema: z.union([z.literal("auto"), kind.schema]),
  type: `auto, or ${kind.type}`,
});

const techniqueList = {
  schema: z
    .array(z.string())
    .min(1)
    .transform((names, context) => {
      const techniques: TechniqueName[] = [];
      for (const [index, name] of names.entries()) {
        try {
          const technique = parseTechnique(name);
          if (techniques.includes(technique)) throw new Error(`"${technique}" is listed twice`);
          techniques.push(technique);
        } catch (error) {
          context.addIssue({ code: "custom", message: messageOf(error), path: [index], input: name });
        }
      }
      return techniques;
    }),
  type: "a list of at least one technique",
};

const KEYS = {
  data: key(
    text("a dataset's name, or a path"),
    "The images: cifar10, cifar100, fashion_mnist, mnist, or the path of a folder with one subfolder per class or of an archive. Relative to the working directory.",
  ),
  image_size: key(
    optional(whole(8, 4096)),
    "Images are resized to this height and width, in pixels; null: as they are, which needs images of one size.",
    null,
  ),
  train_set_size: key(
    whole(2, 10_000_000),
    "Training images of the child, drawn once per experiment, stratified by class.",
    2000,
  ),
  validation_set_size: key(
    whole(2, 10_000_000),
    "Validation images that give the reward, drawn once per experiment, stratified by class and disjoint from the training images.",
    1000,
  ),
  model: key(
    text("a model's name, or a path"),
    "The child model that judges policies: basiccnn, wrn_<depth>_<width>, mobilenetv2 (images of at least 32 pixels), inceptionv3 (at least 75), which the command models lists; or the path of your own model file: a TensorFlow.js Layers model.json, the JSON of Keras's model.to_json(), or a .keras archive (docs/own-model.md). Relative to the working directory.",
    "basiccnn",
  ),
  replace_head: key(
    yesOrNo,
    "Whether the last layer of your own model is replaced where it tells another number of classes apart, or added where there is none.",
    false,
  ),
  child_epochs: key(whole(1, 100_000), "Epochs of every training of the child.", 50),
  child_batch_size: key(whole(1, 65_536), "Images per training step of the child.", 64),
  child_first_train_epochs: key(
    whole(0, 100_000),
    "Where above 0, the child is trained this many epochs without augmentation once, and every training starts from those weights.",
    0,
  ),
  pre_aug_weights_path: key(
    optional(text("a path")),
    "Where the weights of child_first_train_epochs are kept, or lie already, from another run; null: in the experiment's folder. Relative to the working directory.",
    null,
  ),
  method: key(
    choice(["bayesian_optimization", "random"]),
    "How policies are proposed: Bayesian optimization, with an additive model and a random forest as its surrogate (docs/search.md), or random search.",
    "bayesian_optimization",
  ),
  iterations: key(whole(1, 1_000_000), "Trials, the baseline not counted.", 300),
  opt_samples: key(
    whole(1, 1000),
    "Trainings per trial, each with its own seed; the trial's reward is the mean of theirs.",
    3,
  ),
  confirm_top: key(
    whole(0, 1000),
    "When the search's trials are done, this many of the policies that promise most are trained anew, beside the baseline; 0: none.",
    5,
  ),
  confirm_samples: key(
    whole(0, 1000),
    "Trainings of each of them, with seeds that no trial had; the rewards that are handed on are then the means of these. 0: none.",
    5,
  ),
  warm_start: key(
    optional(text("a path")),
    "Another experiment's folder or notebook, of policies of the same form: its trials teach the search before the first policy is proposed. Relative to the working directory.",
    null,
  ),
  opt_initial_points: key(
    whole(1, 1_000_000),
    "Random trials before Bayesian optimization begins to learn from them.",
    10,
  ),
  opt_last_n_epochs: key(
    whole(1, 100_000),
    "The reward of a training is the mean of this many highest validation accuracies among the epochs that do not overfit.",
    3,
  ),
  opt_overfit_margin: key(
    { schema: z.number().min(0).max(1), type: "a number from 0 to 1" },
    "An epoch overfits where its training accuracy exceeds its validation accuracy by more than this.",
    0.1,
  ),
  policy_chains: key(whole(1, 50), "Chains in a policy; each drawn image goes through all of them.", 1),
  operations_per_chain: key(whole(1, 10), "Operations in a chain, applied one after another.", 2),
  operations: key(
    techniqueList,
    `The techniques that a policy may use: ${TECHNIQUES.join(", ")}. Hyphens, underscores and case are ignored.`,
    [...TECHNIQUES],
  ),
  seed: key(
    whole(0, 2 ** 32 - 1),
    "Everything random follows from it: the same seed on the same engine and machine gives the same notebook.",
    0,
  ),
  engine: key(
    choice(ENGINE_CHOICES),
    "What trains the child; auto takes webgpu where there is a graphics card, else native where it was built, else wasm. `deepaugment doctor` shows which are here.",
    "auto",
  ),
  precision: key(
    choice(PRECISION_CHOICES),
    "The numbers that engine native multiplies; auto takes bfloat16 where the processor has instructions for it, float32 elsewhere. Sums and weights are float32 in both; the other engines have float32 alone.",
    "auto",
  ),
  threads: key(
    whole(1, 256),
    "Threads of each training on engine native; more than 1 suits a single large training.",
    1,
  ),
  workers: key(
    autoOr(whole(1, 1024)),
    "Processes that train at the same time; auto: one for each core of this machine, or fewer where a training has several threads; 4 that share a graphics card.",
    "auto",
  ),
  out: key(
    text("a path"),
    "The folder in which each experiment gets a folder of its own. Relative to the working directory.",
    "reports/experiments",
  ),
  name: key(optional(text("a text")), "Added to the name of the experiment's folder.", null),
  notebook_path: key(
    optional(text("a path")),
    "Where the notebook is written; null: notebook.csv in the experiment's folder. Relative to the working directory.",
    null,
  ),
  logging: key(
    choice(["debug", "info", "warn", "error"]),
    "The least serious level that reaches the log.",
    "info",
  ),
};

export const configSchema = z.strictObject(KEYS);

/** A configuration with every key resolved. A key that may stay unset is then null. */
export type Config = z.output<typeof configSchema>;

/** A configuration as it is given: any keys, in any spelling of the techniques. */
export type ConfigInput = Partial<z.input<typeof configSchema>>;

export type ConfigKey = keyof Config;

export const CONFIG_KEYS = Object.keys(KEYS) as ConfigKey[];

/** What one key is, for help and documentation. */
export interface KeyDescription {
  readonly key: ConfigKey;
  /** In words: "a whole number from 1 to 1000". */
  readonly type: string;
  /** As it would be written in YAML's flow style; undefined where the key must be given. */
  readonly default: string | undefined;
  readonly explanation: string;
}

/** Every key in the order of the schema. */
export function describeKeys(): KeyDescription[] {
  return CONFIG_KEYS.map(describeKey);
}

export function describeKey(key: ConfigKey): KeyDescription {
  const schema: z.ZodType = KEYS[key];
  const { type, explanation } = notes.get(schema)!;
  return { key, type, default: defaultText(schema), explanation };
}

function defaultText(schema: z.ZodType): string | undefined {
  if (!(schema instanceof z.ZodDefault)) return undefined;
  const value: unknown = schema.def.defaultValue;
  if (Array.isArray(value)) return value.length === TECHNIQUES.length ? "all" : `[${value.join(", ")}]`;
  return String(value);
}

/** Whether the key holds text, so that a command line's `2024` stays "2024" and is no number. */
export function isTextKey(key: ConfigKey): boolean {
  let schema: z.ZodType = KEYS[key];
  while (schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    schema = schema.unwrap() as z.ZodType;
  }
  return schema instanceof z.ZodString;
}
