// The format of policy files (`policies.json`, `best.json`), and reading them with errors that name the place.

import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { formatValue, messageOf, mismatch, nearest, systemReason, UsageError } from "../common/errors.ts";
import { isFolder } from "../common/files.ts";
import { parseJson } from "../common/json.ts";
import { readOrdinaryFile } from "../common/ordinary-files.ts";
import { parseRecipe } from "../config/recipes.ts";
import { parseTechnique, TECHNIQUES } from "../config/techniques.ts";
import { type Chain, type Operation, type Policy, plainPolicy } from "./policy.ts";

const FORMAT = "deepaugment-policies";
/** The first one has the original's policies only: programs from before the second read such files. */
const VERSIONS: readonly unknown[] = [1, 2];

/** The version of files whose policies no search has judged, so that nothing more is known of them. */
const PLAIN_VERSION = 3;

const OPERATION_KEYS = ["type", "magnitude"];
const POLICY_KEYS = [
  ...["trial", "reward", "standardError", "confirmed", "searchReward", "predictedReward", "nearEquals"],
  ...["expectedAccuracyIncrease", "confirmation"],
  ...["base", "magnitudes", "redrawn", "portion", "weights", "chances", "chains"],
];

/** A file of 20 policies with the most operations that a search gives them has a twentieth of it. */
export const MOST_BYTES = 2 ** 24;

/** Twice as many as a search gives a policy. */
const MOST_OPERATIONS = 1000;

/** The result of a search, best policy first. */
export interface PolicyFile {
  readonly dataset: PolicyDataset;
  readonly baseline: MeasuredReward;
  readonly policies: readonly FoundPolicy[];
}

/** The dataset on which the policies were found. */
export interface PolicyDataset {
  readonly name: string;
  readonly classes: number;
  /** [height, width, channels] */
  readonly imageShape: readonly [number, number, number];
}

/** A mean reward; its standard error is null if one sample was trained, which shows no spread. */
export interface MeasuredReward {
  readonly reward: number;
  readonly standardError: number | null;
  /** Whether the reward comes from trainings after the search, with fresh seeds; false in older files. */
  readonly confirmed: boolean;
  /** The trial's reward in the search, if `reward` is a confirmed one. */
  readonly searchReward?: number;
}

/** What a policy's trainings with fresh seeds, after the search, say about its gain over the baseline. */
export interface Confirmation {
  /** The mean difference of validation accuracy. */
  readonly gain: number;
  /** Its 95% interval; null if there was one training, which shows no spread. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  /** How often the policy, and the baseline, were trained. */
  readonly trainings: number;
}

/** A policy with the trial that judged it. */
export interface FoundPolicy extends Policy, MeasuredReward {
  readonly trial: number;
  /** The reward minus the baseline's; for an unconfirmed policy, minus the baseline's reward in the search. */
  readonly expectedAccuracyIncrease: number;
  /** Null if the policy was not trained again. Missing in older files. */
  readonly confirmation?: Confirmation | null;
  /**
   * The expected reward of an unconfirmed trial, given similar trials, with the luck removed from its reward; such
   * policies are ranked by it. Missing while the search still runs, in older files, and for confirmed policies.
   */
  readonly predictedReward?: number;
  /**
   * Of a confirmed policy: how many other trials that promised more than the baseline have near-equal policies, and were not
   * confirmed beside it for that reason. Missing in older files.
   */
  readonly nearEquals?: number;
}

/** A policy, with what is known of it if a search has judged it. */
export type GivenPolicy = Policy & Partial<FoundPolicy>;

/** The policies that a user gives, best first if a search has found them; there is no dataset if none has. */
export interface GivenPolicies {
  readonly policies: readonly GivenPolicy[];
  readonly dataset?: PolicyDataset;
}

/** The text of a file of policies that no search has judged, with a final newline. */
export function formatPlainPolicies(policies: readonly Policy[]): string {
  const content = { format: FORMAT, version: PLAIN_VERSION, policies: policies.map(plainPolicy) };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** The file's text, with a final newline. Keys are in a fixed order. */
export function formatPolicyFile(file: PolicyFile): string {
  const policies = file.policies.map((policy) => ({
    trial: policy.trial,
    ...measuredAs(policy),
    predictedReward: policy.predictedReward,
    nearEquals: policy.nearEquals,
    expectedAccuracyIncrease: policy.expectedAccuracyIncrease,
    confirmation: policy.confirmation,
    base: policy.base,
    magnitudes: policy.magnitudes,
    redrawn: policy.redrawn,
    portion: policy.portion,
    weights: policy.weights,
    chances: policy.chances,
    chains: policy.chains.map((chain) => chain.map(({ type, magnitude }) => ({ type, magnitude }))),
  }));
  const { dataset, baseline } = file;
  const content = {
    format: FORMAT,
    version: file.policies.every(isOriginal) ? 1 : 2,
    dataset: { name: dataset.name, classes: dataset.classes, imageShape: dataset.imageShape },
    baseline: measuredAs(baseline),
    policies,
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** Whether a policy has the original's form, and its techniques only. */
function isOriginal({ base, weights, chances, magnitudes, redrawn, chains }: Policy): boolean {
  const original: readonly string[] = TECHNIQUES;
  const isExtended = base ?? weights ?? chances ?? magnitudes ?? redrawn;
  return isExtended === undefined && chains.flat().every(({ type }) => original.includes(type));
}

/** Undefined keys are not written. */
function measuredAs({ reward, standardError, confirmed, searchReward }: MeasuredReward): MeasuredReward {
  return { reward, standardError, confirmed, searchReward };
}

/**
 * The policy file that a path means: the file itself, or the one in an experiment's folder.
 * @param needed whether the best policy is enough, or others of the file may be asked for.
 * @throws UsageError if the folder has none, or the search has found no policy.
 */
export function policyFileAt(path: string, needed: "best" | "all"): string {
  if (!isFolder(path)) return path;
  const file = join(path, needed === "best" ? "best.json" : "policies.json");
  if (!existsSync(file)) {
    const reason = existsSync(join(path, "experiment.json"))
      ? "no trial of this experiment has ended yet; continue it with optimize --resume"
      : "it is not an experiment's folder; give one, or a policy file";
    throw new UsageError(`${path} has no ${basename(file)}: ${reason}`);
  }
  if (readPolicyFile(file).policies.length === 0) {
    throw new UsageError(
      `${path}: the search has found no policy that did better than no augmentation; more trials may find one`,
    );
  }
  return file;
}

/**
 * Reads a policy file.
 * @throws UsageError in one line, naming the file and the place in it.
 */
export function readPolicyFile(path: string): PolicyFile {
  let text: string;
  try {
    text = readOrdinaryFile(path, MOST_BYTES).toString("utf8");
  } catch (error) {
    throw new UsageError(`cannot read the policies ${path}: ${systemReason(error)}`);
  }
  return parsePolicyFile(text, path);
}

/** Like `readPolicyFile`, from the file's text; `path` is used in errors. */
export function parsePolicyFile(text: string, path: string): PolicyFile {
  return atPath(path, () => fileOf(contentIn(text)));
}

/**
 * The policies of a file's content, also of a file of policies that no search has judged.
 * @throws UsageError in one line, naming the place.
 */
export function givenPoliciesIn(content: unknown): GivenPolicies {
  if (!isRecord(content) || content.format !== FORMAT || content.version !== PLAIN_VERSION)
    return fileOf(content);
  const policies = list(content.policies, "policies");
  return {
    policies: policies.map((policy, index) =>
      plainOf(record(policy, `policies[${index}]`), `policies[${index}]`),
    ),
  };
}

/** Adds the path to what is wrong with a file. */
export function atPath<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${path}: ${messageOf(error)}`);
    throw error;
  }
}

/** @throws UsageError if a text is not JSON. */
export function contentIn(text: string): unknown {
  if (text.trim() === "") throw new UsageError("the file is empty; expected the policies.json of a search");
  try {
    return parseJson(text);
  } catch (error) {
    throw new UsageError(`not valid JSON: ${messageOf(error)}`);
  }
}

function fileOf(content: unknown): PolicyFile {
  if (!isRecord(content) || content.format !== FORMAT) {
    const received = isRecord(content)
      ? `its format is ${formatValue(content.format)}`
      : "it is not a JSON object";
    throw new UsageError(`not a policy file: expected the format "${FORMAT}", but ${received}`);
  }
  if (!VERSIONS.includes(content.version)) {
    throw new UsageError(
      `version: this program reads versions ${VERSIONS.join(" and ")}, the file has ${formatValue(content.version)}`,
    );
  }
  // Empty if no trial improved on the baseline; callers that need a policy check this.
  if (!Array.isArray(content.policies)) throw expected("a list", content.policies, "policies");
  return {
    dataset: datasetOf(record(content.dataset, "dataset")),
    baseline: measuredOf(record(content.baseline, "baseline"), "baseline"),
    policies: content.policies.map((policy: unknown, index) => policyOf(policy, `policies[${index}]`)),
  };
}

function datasetOf(content: JsonRecord): PolicyDataset {
  const shape = content.imageShape;
  if (!Array.isArray(shape) || shape.length !== 3) {
    throw expected("[height, width, channels]", shape, "dataset.imageShape");
  }
  const [height, width, channels] = shape.map((size, index) =>
    whole(size, 1, `dataset.imageShape[${index}]`),
  );
  return {
    name: text(content.name, "dataset.name"),
    classes: whole(content.classes, 1, "dataset.classes"),
    imageShape: [height, width, channels],
  };
}

function measuredOf(content: JsonRecord, place: string): MeasuredReward {
  const { reward, standardError, confirmed = false } = content;
  if (typeof confirmed !== "boolean") throw expected("true or false", confirmed, `${place}.confirmed`);
  return {
    reward: difference(reward, `${place}.reward`),
    standardError: standardError === null ? null : share(standardError, `${place}.standardError`),
    confirmed,
    ...optionalNumber(content, "searchReward", place),
  };
}

/** The key with its number, or nothing if it is missing. */
function optionalNumber<K extends string>(content: JsonRecord, key: K, place: string): { [P in K]?: number } {
  if (content[key] === undefined) return {};
  return { [key]: number(content[key], `${place}.${key}`) } as { [P in K]: number };
}

function policyOf(value: unknown, place: string): FoundPolicy {
  const content = record(value, place);
  return {
    trial: whole(content.trial, 0, `${place}.trial`),
    ...measuredOf(content, place),
    ...optionalNumber(content, "predictedReward", place),
    ...(content.nearEquals !== undefined && {
      nearEquals: whole(content.nearEquals, 0, `${place}.nearEquals`),
    }),
    expectedAccuracyIncrease: difference(
      content.expectedAccuracyIncrease,
      `${place}.expectedAccuracyIncrease`,
    ),
    ...(content.confirmation !== undefined && {
      confirmation:
        content.confirmation === null ? null : confirmationOf(content.confirmation, `${place}.confirmation`),
    }),
    ...plainOf(content, place),
  };
}

/** What it does to images. */
function plainOf(content: JsonRecord, place: string): Policy {
  checkKeys(content, POLICY_KEYS, place);
  return {
    ...formOf(content, place),
    portion: share(content.portion, `${place}.portion`),
    chains: chainsOf(content.chains, `${place}.chains`),
  };
}

function chainsOf(value: unknown, place: string): Chain[] {
  const chains = list(value, place).map((chain, index) => list(chain, `${place}[${index}]`));
  const operations = chains.reduce((sum, { length }) => sum + length, 0);
  if (operations > MOST_OPERATIONS) {
    throw new UsageError(
      `${place}: ${operations} operations are more than the ${MOST_OPERATIONS} that a policy may have`,
    );
  }
  return chains.map((chain, index) => chainOf(chain, `${place}[${index}]`));
}

/** The keys of a policy that the original's do not have. */
function formOf(content: JsonRecord, place: string): Omit<Policy, "portion" | "chains"> {
  const { base, magnitudes, redrawn, weights, chances, chains } = content;
  if (magnitudes !== undefined && magnitudes !== "drawn")
    throw expected('"drawn"', magnitudes, `${place}.magnitudes`);
  if (redrawn !== undefined && redrawn !== true) throw expected("true", redrawn, `${place}.redrawn`);
  if (chances !== undefined && (!redrawn || weights !== undefined))
    throw expected(
      "only policies with redrawn and without weights to have them",
      chances,
      `${place}.chances`,
    );
  return {
    ...(base !== undefined && { base: named(parseRecipe, base, `${place}.base`) }),
    ...(magnitudes && { magnitudes }),
    ...(redrawn && { redrawn }),
    ...(weights !== undefined && { weights: weightsOf(weights, chains, `${place}.weights`) }),
    ...(chances !== undefined && { chances: chancesOf(chances, chains, `${place}.chances`) }),
  };
}

function weightsOf(value: unknown, chains: unknown, place: string): number[] {
  const weights = list(value, place).map((weight, index) => {
    const each = number(weight, `${place}[${index}]`);
    if (each <= 0) throw expected("a number above 0", weight, `${place}[${index}]`);
    return each;
  });
  if (Array.isArray(chains) && weights.length === chains.length) return weights;
  throw expected("a weight for each chain", value, place);
}

function chancesOf(value: unknown, chains: unknown, place: string): number[] {
  const chances = list(value, place).map((chance, index) => share(chance, `${place}[${index}]`));
  if (Array.isArray(chains) && chances.length === chains.length) return chances;
  throw expected("a chance for each chain", value, place);
}

/** What a name means. */
function named<Name>(parse: (text: string) => Name, value: unknown, place: string): Name {
  const name = text(value, place);
  try {
    return parse(name);
  } catch (error) {
    throw new UsageError(`${place}: ${messageOf(error)}`);
  }
}

function confirmationOf(value: unknown, place: string): Confirmation {
  const content = record(value, place);
  const gain = difference(content.gain, `${place}.gain`);
  const trainings = whole(content.trainings, 1, `${place}.trainings`);
  if (content.interval === null) return { gain, interval: null, trainings };
  const ends = record(content.interval, `${place}.interval`);
  const low = number(ends.low, `${place}.interval.low`);
  const high = number(ends.high, `${place}.interval.high`);
  if (low > gain) throw expected(`at most the gain, ${gain}`, low, `${place}.interval.low`);
  if (high < gain) throw expected(`at least the gain, ${gain}`, high, `${place}.interval.high`);
  return { gain, interval: { low, high }, trainings };
}

function chainOf(chain: readonly unknown[], place: string): Chain {
  return chain.map((operation, index) => operationOf(operation, `${place}[${index}]`));
}

function operationOf(value: unknown, place: string): Operation {
  const content = record(value, place);
  checkKeys(content, OPERATION_KEYS, place);
  const magnitude = share(content.magnitude, `${place}.magnitude`);
  return { type: named(parseTechnique, content.type, `${place}.type`), magnitude };
}

/** A key that is not known would be ignored, and images would be augmented otherwise than was meant. */
function checkKeys(content: JsonRecord, known: readonly string[], place: string): void {
  const unknown = Object.keys(content).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  const suggestion = nearest(unknown, known);
  const fix = suggestion ? `did you mean ${suggestion}?` : `known are ${known.join(", ")}`;
  throw new UsageError(`${place}: unknown key ${formatValue(unknown)}; ${fix}`);
}

type JsonRecord = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function record(value: unknown, place: string): JsonRecord {
  if (!isRecord(value)) throw expected("an object", value, place);
  return value;
}

function list(value: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw expected("a list of at least one", value, place);
  return value;
}

function text(value: unknown, place: string): string {
  if (typeof value !== "string") throw expected("a string", value, place);
  return value;
}

function number(value: unknown, place: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw expected("a number", value, place);
  return value;
}

function whole(value: unknown, minimum: number, place: string): number {
  const result = number(value, place);
  if (!Number.isSafeInteger(result) || result < minimum) {
    throw expected(`a whole number from ${minimum} upwards`, value, place);
  }
  return result;
}

/** Of two shares. */
function difference(value: unknown, place: string): number {
  const result = number(value, place);
  if (result < -1 || result > 1) throw expected("a number from -1 to 1", value, place);
  return result;
}

function share(value: unknown, place: string): number {
  const result = number(value, place);
  if (result < 0 || result > 1) throw expected("a number from 0 to 1", value, place);
  return result;
}

function expected(what: string, value: unknown, place: string): UsageError {
  return new UsageError(mismatch(place, what, value));
}
