// The history of the search: each trial, the best so far, and what fresh trainings confirmed.

import { dot, line, pointer, ruleX, ruleY, tip } from "@observablehq/plot";
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

function historyChart({ trials, confirmation }: SearchPart): HTMLElement {
  const [baseline] = trials;
  const best = trials.at(-1)!.best;
  const judged = trials.map((trial) => ({
    x: trial.trial,
    y: 100 * trial.reward,
    best: 100 * trial.best,
    group: groupOf(trial),
    text: `trial ${trial.trial}: ${percent(trial.reward)}%${trial.standardError === null ? "" : ` ± ${percent(trial.standardError)}`}${trial.stoppedAt === null ? "" : `, stopped after epoch ${trial.stoppedAt}`}\n${broken(trial.policy)}`,
  }));
  const fresh = (confirmation?.policies ?? []).map(({ trial, reward, gain, policy }) => {
    const at = (value: number | null) => 100 * (confirmation!.baseline + (value ?? gain.mean));
    const text = `trial ${trial}, confirmed: ${percent(reward)}%\n${points(gain.mean)} points (${interval(gain)})\n${broken(policy)}`;
    return { x: trial, y: 100 * reward, low: at(gain.low), high: at(gain.high), group: "confirmed", text };
  });
  const used = GROUPS.filter((group) => [...judged, ...fresh].some((point) => point.group === group));
  const all = [...judged, ...fresh];
  return chart({
    title: "Accuracy of each trial, and the best so far",
    caption:
      "The line is the best of the trials that were not stopped. Vertical bars are the 95% intervals of confirmed policies, by their gain over the baseline in fresh trainings.",
    summary: `${count(trials.length, "trial")}: the baseline has ${percent(baseline.reward)}%, the best trial ${percent(best)}%.`,
    table: {
      head: ["trial", "policy", "accuracy (%)", "best so far (%)", "stopped after epoch", "confirmed (%)"],
      words: [1],
      rows: trials.map(({ trial, policy, reward, best, stoppedAt }) => {
        const again = confirmation?.policies.find((each) => each.trial === trial);
        return [
          String(trial),
          policy,
          percent(reward),
          percent(best),
          stoppedAt === null ? "" : String(stoppedAt),
          again ? percent(again.reward) : "",
        ];
      }),
    },
    draw: (width) => ({
      height: width < NARROW ? 300 : 360,
      x: {
        ...BELOW,
        label: "trial",
        ticks: Math.min(trials.length, width < NARROW ? 5 : 10),
        tickFormat: "d",
      },
      y: { label: "accuracy (%)", grid: true, nice: true },
      color: { domain: [...used], range: used.map((group) => COLOURS[GROUPS.indexOf(group)]) },
      symbol: {
        domain: [...used],
        range: used.map((group) => SYMBOLS[GROUPS.indexOf(group)]),
        legend: true,
      },
      marks: [
        ruleY([100 * baseline.reward], { stroke: "var(--series-8)", strokeDasharray: "4 3" }),
        line(judged, { x: "x", y: "best", curve: "step-after", stroke: "var(--accent)", strokeWidth: 2 }),
        ruleX(fresh, { x: "x", y1: "low", y2: "high", stroke: "group", strokeWidth: 3, strokeOpacity: 0.6 }),
        dot(judged, {
          ...{ x: "x", y: "y", stroke: "group", symbol: "group", strokeWidth: 1.75 },
          r: judged.length > 300 ? 2.5 : 4,
        }),
        dot(fresh, { x: "x", y: "y", stroke: "group", symbol: "group", strokeWidth: 3, r: 6 }),
        tip(all, pointer({ ...TIP, x: "x", y: "y", title: "text" })),
      ],
    }),
  });
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
