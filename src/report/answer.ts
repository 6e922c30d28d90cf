// The answer of a report: what to use, what it gains and how sure that is, from the same results that `show` prints. An
// evaluation decides if there is one, since the search has not seen its images; otherwise the fresh trainings do.

import { programName, quoteForShell } from "../common/program-name.ts";
import { parseArm } from "../config/arms.ts";
import { dataFlags } from "../dataset/flags.ts";
import { IN_MEMORY } from "../dataset/in-memory.ts";
import type { DataConfig } from "../dataset/reader.ts";
import type { Difference } from "../evaluate/comparison.ts";
import type { EvaluationResults } from "../evaluate/results.ts";
import type { ExperimentResults } from "../experiment/results.ts";
import { besideRecipeText, verdictOn } from "../experiment/verdict.ts";
import { formatPolicy, recipeAlone } from "../policy/policy.ts";
import type { FoundPolicy, GivenPolicy } from "../policy/policy-file.ts";
import type { AgainstRecipe, Answer, Measured } from "./contents.ts";

const NO_AUGMENTATION = "no augmentation";
const NOT_EVALUATED =
  "All of this is on images that the search used: evaluate compares the policies with recipes on test images.";

/** @param policies those that were evaluated or found, best first. */
export function answerOf(
  search: ExperimentResults | undefined,
  evaluation: EvaluationResults | undefined,
  policies: readonly GivenPolicy[],
): Answer {
  if (!evaluation?.comparison)
    return search ? answerOfSearch(search, evaluation !== undefined) : unfinished();
  const own = answerOfEvaluation(evaluation, policies);
  return { ...own, sentences: [...own.sentences, ...(search ? sentencesOn(search) : [])] };
}

function sentencesOn(search: ExperimentResults): string[] {
  return [verdictOn(search).text, ...besideRecipeText(search)];
}

function unfinished(): Answer {
  const sentences = ["Nothing follows yet: the arms are compared when all trainings have ended."];
  return { use: null, basis: null, gain: null, isShown: false, against: [], sentences, next: [] };
}

function answerOfEvaluation(
  { comparison, config, folder }: EvaluationResults,
  policies: readonly GivenPolicy[],
): Answer {
  const { arms, bestRecipe, conclusion, recommended } = comparison!;
  const byAccuracy = arms.toSorted((a, b) => b.accuracy - a.accuracy);
  const isUsed = recommended !== undefined && recommended !== "none";
  const shown = isUsed
    ? arms.find(({ arm }) => arm === recommended)
    : byAccuracy.find(({ arm }) => arm !== "none");
  const gain = shown?.fromNone ? measured(shown.fromNone) : null;
  const against = byAccuracy.flatMap(({ arm, fromBestRecipe }): AgainstRecipe[] =>
    parseArm(arm).policies && fromBestRecipe && bestRecipe
      ? [{ subject: arm, recipe: bestRecipe, ...measured(fromBestRecipe) }]
      : [],
  );
  const source = config.policy ?? config.experiment ?? folder;
  return {
    ...{ use: recommended === undefined ? null : armInWords(recommended, policies), basis: "evaluation" },
    ...{ gain, isShown: isAboveZero(gain), against, sentences: [conclusion] },
    next: isUsed ? commandsFor(recommended, source, { path: config.data, keys: config }) : [],
  };
}

function measured({ mean, low, high }: Difference): Measured {
  return { mean, low, high };
}

function isAboveZero(gain: Measured | null): boolean {
  return gain !== null && gain.low !== null && gain.low > 0;
}

/** An arm for people: the policy itself instead of the word. */
function armInWords(arm: string, policies: readonly GivenPolicy[]): string {
  if (arm === "none") return NO_AUGMENTATION;
  const parts = parseArm(arm);
  const before = parts.recipe ? `${parts.recipe}, then ` : "";
  if (parts.policies === "top-policies") return `${before}one of the best policies for each image`;
  if (parts.policies === "policy" && policies.length > 0) return before + formatPolicy(policies[0]);
  return arm;
}

function commandsFor(arm: string, policies: string, data: ReadData): string[] {
  const parts = parseArm(arm);
  const what = [
    ...(parts.recipe ? [`--recipe ${parts.recipe}`] : []),
    ...(parts.policies ? [`--policy ${quoteForShell(policies)}`] : []),
  ].join(" ");
  return usingCommands(what, data);
}

/** The data of a run, and how they are read; null if the configuration names none. */
interface ReadData {
  readonly path: string | null;
  readonly keys: DataConfig;
}

function usingCommands(what: string, { path, keys }: ReadData): string[] {
  const program = programName();
  const data = path === null ? "" : ["--data", quoteForShell(path), ...dataFlags(keys)].join(" ");
  return [
    ...(path === null ? [] : [`${program} apply ${what} ${data} --out augmented`]),
    `${program} export ${what} --to torchvision --out training`,
  ];
}

function answerOfSearch(results: ExperimentResults, isEvaluated: boolean): Answer {
  const { policies, gains, confirmation, besideRecipe, folder, data, dataKeys, status } = results;
  const verdict = verdictOn(results);
  // The one with the highest gain may also have the widest interval.
  const confirmed = gains.find(({ isBetter }) => isBetter) ?? gains[0];
  const best = policies.find(({ trial }) => trial === (confirmed ?? policies[0])?.trial);
  const ofSearch = best && { mean: best.expectedAccuracyIncrease, low: null, high: null };
  const gain = confirmed
    ? {
        mean: confirmed.gain,
        low: confirmed.interval?.low ?? null,
        high: confirmed.interval?.high ?? null,
      }
    : (ofSearch ?? null);
  const against = besideRecipe
    ? [
        {
          ...{ subject: `the policy of trial ${besideRecipe.policy}`, recipe: besideRecipe.name },
          ...{ mean: besideRecipe.gain, low: besideRecipe.interval?.low ?? null },
          high: besideRecipe.interval?.high ?? null,
        },
      ]
    : [];
  const isUsed = best !== undefined && (confirmed ? confirmed.isBetter : verdict.isRecommended);
  const evaluate = `${programName()} evaluate --experiment ${quoteForShell(folder)}`;
  const isDone = status === "finished" && policies.length > 0;
  return {
    use: isUsed ? formatPolicy(best) : status === "finished" ? NO_AUGMENTATION : null,
    basis: best ? (confirmation ? "confirmation" : "search") : null,
    ...{ gain, isShown: confirmed?.isBetter ?? false, against },
    sentences: [...sentencesOn(results), ...(isDone && !isEvaluated ? [NOT_EVALUATED] : [])],
    next: isDone
      ? [
          evaluate,
          ...(isUsed
            ? usingCommands(usage(best, folder), { path: data === IN_MEMORY ? null : data, keys: dataKeys })
            : []),
        ]
      : status === "interrupted"
        ? [`${programName()} optimize --resume ${quoteForShell(folder)}`]
        : [],
  };
}

function usage(best: FoundPolicy, folder: string): string {
  const recipe = recipeAlone(best);
  return recipe ? `--recipe ${recipe}` : `--policy ${quoteForShell(folder)}`;
}
