// The history of the search: each trial, the best so far, and what fresh trainings confirmed.

import { dot, line, type PlotOptions, pointer, ruleX, ruleY, tip } from "@observablehq/plot";
import type { SearchPart, TrialPoint } from "../src/report/contents.ts";
import { BELOW, chart, NARROW, TIP } from "./chart.ts";
import { element, paragraph, table } from "./element.ts";
import { forest } from "./forest.ts";
import { broken, count, interval, percent, points } from "./format.ts";

const GROUPS = ["baseline", "recipe", "policy", "stopped", "confirmed"] as const;
const COLOURS = [8, 3, 1, 9, 2].map((series) => `var(--series-${series})`);
const SYMBOLS = ["square", "triangle", "circle", "times", "diamond"] as const;

export function historySection(search: SearchPart): HTMLElement {
  const { trials, failures, better, stopped, done, planned } = search;
  return element(
    "section",
    { id: "history" },
    element("h2", {}, "The search"),
    paragraph(
      `${count(done, "trial")} of ${planned.toLocaleString("en")} besides the baseline; ${better.toLocaleString("en")} did better than it, ${stopped.toLocaleString("en")} were stopped early. Accuracy is the ${search.reward}.`,
    ),
    trials.length > 0 ? historyChart(search) : paragraph("No trial has ended yet.", "empty"),
    ...confirmed(search),
    failures.length > 0 ? element("h3", {}, `${count(failures.length, "training")} failed twice`) : null,
    failures.length > 0
      ? table(
          {
            head: ["trial", "sample", "reason"],
            rows: failures.map(({ trial, sample, reason }) => [String(trial), String(sample), reason]),
            words: [2],
          },
          "Trainings that failed",
        )
      : null,
  );
}

function groupOf({ kind, stoppedAt }: TrialPoint): (typeof GROUPS)[number] {
  return stoppedAt !== null ? "stopped" : kind;
}

function historyChart(search: SearchPart): HTMLElement {
  const { trials, confirmation } = search;
  const best = trials.at(-1)!.best;
  return chart({
    title: "Accuracy of each trial, and the best so far",
    caption:
      "The line is the best of the trials that were not stopped. Vertical bars are the 95% intervals of confirmed policies, by their gain over the baseline in fresh trainings.",
    summary: `${count(trials.length, "trial")}: the baseline has ${percent(trials[0].reward)}%, the best trial ${percent(best)}%.`,
    table: {
      head: ["trial", "policy", "accuracy (%)", "best so far (%)", "stopped after epoch", "confirmed (%)"],
      words: [1],
      rows: trials.map(({ trial, policy, reward, best, stoppedAt }) => {
        const again = confirmation?.policies.find((each) => each.trial === trial);
        return [
          ...[String(trial), policy, percent(reward), percent(best)],
          ...[stoppedAt === null ? "" : String(stoppedAt), again ? percent(again.reward) : ""],
        ];
      }),
    },
    draw: (width) => historyPlot(search, width),
  });
}

function historyPlot({ trials, confirmation }: SearchPart, width: number): PlotOptions {
  const judged = trials.map((trial) => ({
    ...{ x: trial.trial, y: 100 * trial.reward, best: 100 * trial.best },
    ...{ group: groupOf(trial), text: tipOn(trial) },
  }));
  const fresh = (confirmation?.policies ?? []).map(({ trial, reward, gain, policy }) => {
    const at = (value: number | null) => 100 * (confirmation!.baseline + (value ?? gain.mean));
    const text = `trial ${trial}, confirmed: ${percent(reward)}%\n${points(gain.mean)} points (${interval(gain)})\n${broken(policy)}`;
    return { x: trial, y: 100 * reward, low: at(gain.low), high: at(gain.high), group: "confirmed", text };
  });
  const all = [...judged, ...fresh];
  const used = GROUPS.filter((name) => all.some(({ group }) => group === name));
  const ranged = <Value>(values: readonly Value[]) => used.map((group) => values[GROUPS.indexOf(group)]);
  const ticks = Math.min(trials.length, width < NARROW ? 5 : 10);
  return {
    height: width < NARROW ? 300 : 360,
    x: { ...BELOW, label: "trial", ticks, tickFormat: "d" },
    y: { label: "accuracy (%)", grid: true, nice: true },
    color: { domain: [...used], range: ranged(COLOURS) },
    symbol: { domain: [...used], range: ranged(SYMBOLS), legend: true },
    marks: [
      ruleY([100 * trials[0].reward], { stroke: "var(--series-8)", strokeDasharray: "4 3" }),
      line(judged, { x: "x", y: "best", curve: "step-after", stroke: "var(--accent)", strokeWidth: 2 }),
      ruleX(fresh, { x: "x", y1: "low", y2: "high", stroke: "group", strokeWidth: 3, strokeOpacity: 0.6 }),
      dot(judged, {
        ...{ x: "x", y: "y", stroke: "group", symbol: "group", strokeWidth: 1.75 },
        r: judged.length > 300 ? 2.5 : 4,
      }),
      dot(fresh, { x: "x", y: "y", stroke: "group", symbol: "group", strokeWidth: 3, r: 6 }),
      tip(all, pointer({ ...TIP, x: "x", y: "y", title: "text" })),
    ],
  };
}

function tipOn({ trial, reward, standardError, stoppedAt, policy }: TrialPoint): string {
  const error = standardError === null ? "" : ` ± ${percent(standardError)}`;
  const stopped = stoppedAt === null ? "" : `, stopped after epoch ${stoppedAt}`;
  return `trial ${trial}: ${percent(reward)}%${error}${stopped}\n${broken(policy)}`;
}

function confirmed({ confirmation }: SearchPart): HTMLElement[] {
  if (!confirmation) return [];
  const rows = confirmation.policies.map(({ trial, policy, recipe, gain }) => ({
    ...{ name: recipe ? `trial ${trial}: ${recipe}` : `trial ${trial}`, ...gain },
    about: broken(policy),
  }));
  return [
    chart({
      title: "Confirmed gains",
      caption: `Over the baseline, in ${count(confirmation.samples, "fresh training")} each, in which the luck of the search has no part.`,
      summary: rows.map((row) => `${row.name}: ${points(row.mean)} (${interval(row)})`).join("; "),
      table: {
        head: ["trial", "policy", "accuracy (%)", "in the search (%)", "gain", "95% interval"],
        words: [1],
        rows: confirmation.policies.map(({ trial, policy, reward, searchReward, gain }) => [
          ...[String(trial), policy, percent(reward), percent(searchReward)],
          ...[points(gain.mean), interval(gain)],
        ]),
      },
      draw: (width) => forest(rows, width, "points of accuracy over the baseline"),
    }),
    table(
      {
        head: ["trial", "policy", "accuracy (%)", "gain", "95% interval"],
        words: [1],
        rows: confirmation.policies.map(({ trial, policy, reward, gain }) => [
          ...[String(trial), policy, percent(reward), points(gain.mean), interval(gain)],
        ]),
      },
      "Confirmed policies",
    ),
  ];
}
