// What a search learns from an earlier one before it begins.

import { UsageError } from "../../common/errors.ts";
import type { Config } from "../../config/schema.ts";
import type { Judged } from "../../controller/controller.ts";
import { completed } from "../../controller/rungs.ts";
import { Experiment } from "../../experiment/experiment.ts";
import { readNotebookText } from "../../experiment/notebook.ts";
import { notebookAt, parsePastTrials } from "../../experiment/past-trials.ts";
import { type FormExtension, hasForm, type PolicyForm } from "../../policy/form.ts";
import type { Policy } from "../../policy/policy.ts";
import { policyToPoint, type SearchSpace } from "../../policy/space.ts";

export interface WarmStart {
  /** Points of this search's space, with what they gained over their own search's baseline. */
  readonly gains: readonly Judged[];
  /** The notebook, for a copy in the experiment's folder: a resumed run does not need the file. */
  readonly text: string;
  /** What the user should know about it, a line each. */
  readonly notes: readonly string[];
}

/** The copy of the notebook in the folder of the experiment that learns from it. */
export function warmStartPath(experiment: Pick<Experiment, "path">): string {
  return experiment.path("warm-start.csv");
}

/**
 * What the configuration's warm_start teaches: nothing if it is not set. A resumed experiment reads its copy.
 * @throws UsageError as `readWarmStart` does.
 */
export function settleWarmStart(
  { warm_start, method }: Pick<Config, "warm_start" | "method">,
  space: SearchSpace,
  resume?: string,
): WarmStart | undefined {
  if (warm_start === null) return undefined;
  const warm = readWarmStart(resume ? warmStartPath(Experiment.open(resume)) : warm_start, space);
  if (method !== "random") return warm;
  return {
    ...warm,
    notes: [...warm.notes, "warm_start: random search learns nothing, and ignores it"],
  };
}

/**
 * Reads another experiment's notebook.
 * @param source the notebook, or the folder of the experiment.
 * @throws UsageError naming the file, if its policies are of another form, or nothing can be learnt from it.
 */
function readWarmStart(source: string, space: SearchSpace): WarmStart {
  const path = notebookAt(source);
  const text = readNotebookText(path);
  const { form, trials: all } = parsePastTrials(text, path);
  const { chains, operationsPerChain } = form;
  if (describeExtension(form) !== describeExtension(space)) {
    throw new UsageError(
      `warm_start ${path}: its policies have ${describeExtension(form)}, those of this search ${describeExtension(space)}; set these keys alike, or give another notebook`,
    );
  }
  if (chains !== space.chains || operationsPerChain !== space.operationsPerChain) {
    const differing = `its policies have ${chains} × ${operationsPerChain} operations, those of this search ${space.chains} × ${space.operationsPerChain}`;
    throw new UsageError(
      `warm_start ${path}: ${differing}; set policy_chains: ${chains} and operations_per_chain: ${operationsPerChain}, or give another notebook`,
    );
  }
  const trials = completed(all);
  const baseline = trials.find(({ trial }) => trial === 0);
  if (!baseline) throw new UsageError(`warm_start ${path}: it has no baseline (trial 0) to compare with`);
  const past = trials.filter(({ trial }) => trial > 0);
  if (past.length === 0) throw new UsageError(`warm_start ${path}: it has no trial besides the baseline`);
  const lacking = space.extension
    ? "techniques or bases that this search does not have"
    : "techniques that are not among operations";
  // The techniques of a family may be others there; its amount and its strength are what counts.
  const found = form.families ? { ...space, families: form.families } : space;
  const fitting = past.filter(({ policy }) => isAllowed(found, policy));
  if (fitting.length === 0) {
    throw new UsageError(`warm_start ${path}: all of its trials use ${lacking}`);
  }
  const gains = fitting.map(({ policy, reward, standardError, noise }) => ({
    point: policyToPoint(found, policy),
    reward: reward - baseline.reward,
    ...{ standardError, noise },
  }));
  const left = past.length - fitting.length;
  const notes =
    left === 0 ? [] : [`warm_start: ${left} of ${past.length} trials use ${lacking}, and are left out`];
  return { gains, text, notes };
}

/** How the policies are used, as the configuration's keys say it. */
function describeExtension({ extension, families }: PolicyForm): string {
  if (families) return `families: ${families.map(({ name }) => name).join(", ")}`;
  const { mixture, magnitudes, redraw } = extension ?? ORIGINAL;
  return `mixture: ${mixture}, magnitudes: ${magnitudes}, redraw: ${redraw}`;
}

const ORIGINAL: Pick<FormExtension, "mixture" | "magnitudes" | "redraw"> = {
  mixture: false,
  magnitudes: "fixed",
  redraw: "once",
};

function isAllowed(space: SearchSpace, policy: Policy): boolean {
  if (space.families) return hasForm(space, policy);
  const { operations, extension } = space;
  const { chains, portion, base } = policy;
  const isBase = extension ? extension.bases.includes(base ?? "none") : base === undefined;
  return isBase && (portion === 0 || chains.flat().every(({ type }) => operations.includes(type)));
}
