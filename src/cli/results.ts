// The results of an experiment as text and as JSON: what `optimize` prints in the end, and `show` at any time.

import { basename, resolve } from "node:path";
import { freePath } from "../common/run-folder.ts";
import { dataFlags } from "../dataset/flags.ts";
import { IN_MEMORY } from "../dataset/in-memory.ts";
import type { ConfirmedGain, ExperimentResults } from "../experiment/results.ts";
import { besideRecipeText, verdictOn } from "../experiment/verdict.ts";
import { formatPolicy } from "../policy/policy.ts";
import type { FoundPolicy, MeasuredReward } from "../policy/policy-file.ts";
import { CONTINUE_WITH } from "./break-lines.ts";
import { count, formatGain, formatShare, programName, quoteForShell, resumeCommand } from "./format.ts";
import type { Look } from "./paint.ts";
import { pad, widthOf, wrap } from "./text.ts";

/** At most this many policies are shown. */
const MOST_SHOWN = 10;
/** A policy with fewer columns than this beside the numbers is printed below them. */
const NARROWEST_POLICY = 28;
/** In fewer columns, intervals are shortened. */
const ROOM_FOR_WORDS = 44;
/** From this width on, the rewards of the search have a column. */
const WIDE = 110;

/** What `show` and `optimize` print with --json. */
export function resultsAsJson(results: ExperimentResults): unknown {
  const { folder, notebook, status, trials, planned, confirmation, baseline, policies } = results;
  const { confirming, noBetter, gains, besideRecipe, isAtChance, stopped, failures } = results;
  return {
    ...{ folder, notebook, status, trials, planned, confirmation, baseline: baseline ?? null, policies },
    ...{ confirming, noBetter, gains, besideRecipe, isAtChance, stopped, failures },
  };
}

/**
 * The table of the best policies, what follows from it, the files, and the next commands.
 * @param hasNext whether the commands are wanted.
 */
export function formatResults(results: ExperimentResults, look: Look, hasNext = true): string {
  const { folder, notebook, baseline, policies } = results;
  if (!baseline) return wrap("No trial has ended yet.", look.columns).join("\n");
  const paragraph = (text: string) => wrap(text, look.columns);
  const lines: string[] = [];
  if (policies.length > 0)
    lines.push(...formatPolicies(results, look), ...tableNotes(results).flatMap(paragraph), "");
  lines.push(...paragraph(baselineText(results, baseline)), ...meaningOf(results).flatMap(paragraph), "");
  if (results.isAtChance) {
    lines.push(
      ...paragraph(chanceText(baseline, results.guessing)).map((line) => look.paint("yellow", line)),
    );
  }
  const verdict = verdictOn(results);
  lines.push(...paragraph(verdict.text).map((line) => look.paint("bold", line)));
  lines.push(...besideRecipeText(results).flatMap(paragraph), "");
  lines.push(
    `Policies   ${folder}/policies.json`,
    `The best   ${folder}/best.json`,
    `Notebook   ${notebook}`,
  );
  const next = hasNext ? nextCommands(results, verdict.isRecommended) : [];
  if (next.length > 0) lines.push("", "Next:", ...next.map((command) => `  ${command}`));
  return lines.join("\n");
}

/** How far an experiment is, in one line. */
export function describeStatus({ folder, status, user, ...progress }: ExperimentResults): string {
  const done = describeProgress(progress);
  if (user) return `${folder} is running in process ${user.pid} on ${user.host}: ${done}`;
  if (status === "finished") return `${folder} is finished: ${done}`;
  return `${folder} was interrupted: ${done}; ${CONTINUE_WITH}${resumeCommand(folder)}`;
}

/** What a search that was interrupted has found until then. */
export function describeInterrupted(results: ExperimentResults): string {
  const { policies, baseline } = results;
  return `${describeProgress(results)}. ${bestSoFar(policies[0], baseline)}`;
}

function bestSoFar(best: FoundPolicy | undefined, baseline: MeasuredReward | undefined): string {
  if (!baseline) return "The baseline has not ended yet.";
  if (!best) return "No policy is better than the baseline so far.";
  const { trial, reward, expectedAccuracyIncrease: gain } = best;
  return `The best policy so far is that of trial ${trial}: accuracy ${formatShare(reward)}, ${formatGain(gain)} over the baseline.`;
}

function describeProgress({
  trials,
  planned,
  confirming,
}: Pick<ExperimentResults, "trials" | "planned" | "confirming">): string {
  const done = `${trials} of ${count(planned, "trial")} done`;
  if (!confirming) return done;
  return `${done}, ${confirming.done} of ${count(confirming.trainings, "training")} of the confirmation`;
}

/** That the baseline has learnt nothing, as far as its accuracy shows it, and how to change it. */
export function chanceText(
  { reward, standardError }: Pick<MeasuredReward, "reward" | "standardError">,
  { classes }: { classes: number },
): string {
  const guessing = `guessing one of ${count(classes, "class", "classes")} (${formatShare(1 / classes)})`;
  const error = standardError === null ? "" : ` ± ${formatShare(standardError)}`;
  const what =
    reward > 1 / classes
      ? `may have learnt nothing: its validation accuracy of ${formatShare(reward)}${error} differs from ${guessing} by no more than noise.`
      : `has learnt nothing: its validation accuracy of ${formatShare(reward)} is no better than ${guessing}.`;
  return `The baseline ${what} More epochs or images may help, or another model.`;
}

function meaningOf({ reward, balanced }: ExperimentResults): string[] {
  const what = balanced ? "mean recall of the classes on the validation images" : "validation accuracy";
  const when =
    reward === "original"
      ? "in a training's best epochs"
      : "at the end of a training, of weights averaged over its last quarter";
  return [
    `Accuracy is the ${what} ${when}: the reward.`,
    "Gain is its average difference from no augmentation.",
  ];
}

function formatPolicies(
  { policies, gains, baseline }: ExperimentResults,
  { columns, paint }: Look,
): string[] {
  const shown = policies.slice(0, MOST_SHOWN);
  const isConfirmed = baseline?.confirmed === true;
  const isWide = isConfirmed && columns >= WIDE;
  const head = ["trial", "accuracy", "gain"];
  if (isConfirmed) head.push("95% interval");
  if (isWide) head.push("in the search");
  const rows = shown.map((policy) => [
    String(policy.trial),
    formatShare(policy.reward),
    formatGain(policy.expectedAccuracyIncrease),
    ...(isConfirmed ? [intervalCell(policy, gains, columns >= ROOM_FOR_WORDS ? " to " : "…")] : []),
    ...(isWide ? [formatShare(policy.searchReward ?? policy.reward)] : []),
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column].length)),
  );
  const numbers = (cells: readonly string[]) =>
    cells.map((cell, column) => pad(cell, widths[column], true)).join("  ");
  const policyColumn = widths.reduce((sum, width) => sum + width + 2, 0);
  const isBeside = columns - policyColumn >= NARROWEST_POLICY;
  const indent = " ".repeat(isBeside ? policyColumn : 2);
  const lines = [paint("bold", `${numbers(head)}${isBeside ? "  policy" : ""}`)];
  for (const [index, policy] of shown.entries()) {
    const text = wrap(formatPolicy(policy) + formatNearEquals(policy), columns - widthOf(indent));
    const isBetter = gains.some(({ trial, isBetter }) => isBetter && trial === policy.trial);
    const row = isBeside ? `${numbers(rows[index])}  ${text.shift()}` : numbers(rows[index]);
    lines.push(isBetter ? paint("green", row) : row, ...text.map((line) => indent + line));
  }
  return lines;
}

const PREDICTED = "predicted accuracy, for which similar policies count, too";

/** What the table does not show: its order, and policies that are missing from it. */
function tableNotes({ policies, gains, noBetter }: ExperimentResults): string[] {
  const notes: string[] = [];
  if (gains.length > 0 && noBetter > 0) {
    const [was, is] = noBetter === 1 ? ["was", "is"] : ["were", "are"];
    notes.push(`${noBetter} more ${was} confirmed and ${is} no better than no augmentation.`);
  }
  const isConfirmed = policies[0].confirmed;
  const other = policies.slice(0, MOST_SHOWN).find(({ confirmed }) => !confirmed);
  const isPredicted = other?.predictedReward !== undefined;
  if (isConfirmed && other)
    notes.push(
      `Confirmed policies come first; the others are in the order of ${isPredicted ? PREDICTED : "accuracy"}.`,
    );
  else if (isPredicted) notes.push(`In the order of ${PREDICTED}.`);
  return notes;
}

function intervalCell(
  { trial, confirmed }: FoundPolicy,
  gains: readonly ConfirmedGain[],
  separator: string,
): string {
  if (!confirmed) return "not confirmed";
  const interval = gains.find((gain) => gain.trial === trial)?.interval;
  return interval ? formatGain(interval.low) + separator + formatGain(interval.high) : "–";
}

/** The number of other promising policies that nearly equal a confirmed one. */
function formatNearEquals({ nearEquals = 0 }: FoundPolicy): string {
  return nearEquals === 0 ? "" : ` (and ${count(nearEquals, "near-equal")})`;
}

function baselineText(
  { better, stopped, trials, policies }: ExperimentResults,
  { reward, standardError, searchReward }: MeasuredReward,
): string {
  const error = standardError === null ? "" : ` ± ${formatShare(standardError)}`;
  const inSearch = searchReward === undefined ? "" : ` (${formatShare(searchReward)} in the search)`;
  const ofTrials =
    trials === 0
      ? ""
      : ` ${better || "None"} of ${count(trials, "policy", "policies")} did better in the search.`;
  const early =
    stopped === 0
      ? ""
      : ` ${stopped} of ${count(trials, "trial")} ${stopped === 1 ? "was" : "were"} stopped early.`;
  const limit = policies.length > MOST_SHOWN ? ` The best ${MOST_SHOWN} are shown.` : "";
  return `The baseline, without augmentation, has an accuracy of ${formatShare(reward)}${error}${inSearch}.${ofTrials}${early}${limit}`;
}

/** Commands to paste. */
function nextCommands(
  { folder, data, dataKeys, status, policies, planned }: ExperimentResults,
  isRecommended: boolean,
): string[] {
  if (status === "running") return [];
  if (status === "interrupted") return [resumeCommand(folder)];
  if (policies.length === 0) return [`${resumeCommand(folder)} --iterations ${2 * planned}`];
  if (data === IN_MEMORY) return [];
  const experiment = quoteForShell(folder);
  const evaluate = `${programName()} evaluate --experiment ${experiment}`;
  if (!isRecommended) return [evaluate, `${resumeCommand(folder)} --iterations ${2 * planned}`];
  const [source, out] = [data, freePath(`${nameOf(data)}-augmented`)].map(quoteForShell);
  const read = [source, ...dataFlags(dataKeys)].join(" ");
  return [evaluate, `${programName()} apply --policy ${experiment} --data ${read} --out ${out}`];
}

/** The name of the data without their path and without the ending of an archive. */
function nameOf(data: string): string {
  const name = basename(resolve(data)).replace(/\.(tar\.gz|tgz|tar|zip|gz|npz|parquet|csv)$/i, "");
  return name || "data";
}
