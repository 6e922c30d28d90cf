// Values with their 95% intervals, a row each: whether an interval contains 0 is what matters.

import { dot, type PlotOptions, pointerY, ruleX, ruleY, tip } from "@observablehq/plot";
import { BELOW, nameOf, roomFor, TIP } from "./chart.ts";
import { broken, interval, points } from "./format.ts";

export interface ForestRow {
  readonly name: string;
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
  /** Below the name in its tip. */
  readonly about?: string;
}

/** In points, in the order given. @param label of the axis. */
export function forest(rows: readonly ForestRow[], width: number, label: string): PlotOptions {
  const known = rows.map((row) => {
    const { name, mean, low, high, about } = row;
    const [from, to] = [100 * (low ?? mean), 100 * (high ?? mean)];
    const text = `${broken(name)}\n${about ? `${about}\n` : ""}${points(mean)} points (${interval(row)})`;
    return { name, mean: 100 * mean, from, to, verdict: verdictOn(row), text };
  });
  const shorten = nameOf(width);
  return {
    height: 24 * rows.length + 54,
    marginTop: 8,
    marginLeft: roomFor(
      rows.map(({ name }) => name),
      width,
    ),
    marginRight: 16,
    x: {
      ...BELOW,
      label,
      grid: true,
      ticks: width < 500 ? 4 : 8,
      tickFormat: (value: number) => signed(value),
    },
    y: { domain: rows.map(({ name }) => name), label: null, tickSize: 0, tickFormat: shorten },
    color: { domain: [...VERDICTS], range: ["var(--good)", "var(--bad)", "var(--unsure)"] },
    marks: [
      ruleX([0], { stroke: "var(--text)", strokeOpacity: 0.5 }),
      ruleY(known, {
        y: "name",
        x1: "from",
        x2: "to",
        stroke: "verdict",
        strokeWidth: 3,
        strokeOpacity: 0.55,
      }),
      dot(known, { y: "name", x: "mean", fill: "verdict", r: 5 }),
      tip(known, pointerY({ ...TIP, y: "name", x: "mean", title: "text" })),
    ],
  };
}

const VERDICTS = ["above 0", "below 0", "may be 0"] as const;

function verdictOn({ low, high }: ForestRow): (typeof VERDICTS)[number] {
  if (low !== null && low > 0) return "above 0";
  return high !== null && high < 0 ? "below 0" : "may be 0";
}

function signed(value: number): string {
  return value === 0 ? "0" : `${value > 0 ? "+" : "−"}${Math.abs(value)}`;
}
