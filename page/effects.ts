// Which techniques help, by the additive model of the controller: each along its magnitude, in pairs, and the portion.

import { areaY, dot, line, pointerX, ruleX, ruleY, tip } from "@observablehq/plot";
import type { EffectCurve, EffectKind, EffectPoint, Importance, SearchPart } from "../src/report/contents.ts";
import { BELOW, chart, TIP } from "./chart.ts";
import { details, element, paragraph } from "./element.ts";
import { type ForestRow, forest } from "./forest.ts";
import { interval, points } from "./format.ts";

const AXES: Readonly<Record<EffectKind, string>> = {
  technique: "magnitude",
  amount: "techniques of it per image",
  strength: "strength",
  base: "",
  portion: "portion",
};

/** Small charts that are shown at first. */
const SHOWN = 9;
const PAIRS = 10;

export function effectsSection({ effects, importance, joint }: SearchPart): HTMLElement {
  const portion = effects.find(({ kind }) => kind === "portion");
  const curves = importance
    .filter(({ kind }) => kind !== "base" && kind !== "portion")
    .map((each) => ({ each, effect: curveOf(effects, each) }))
    .filter(({ effect }) => effect.points.length > 1)
    .sort((a, b) => Number(a.each.kind === "strength") - Number(b.each.kind === "strength"));
  const small = curves.map(({ each, effect }) => smallChart(each, effect, effects));
  return element(
    "section",
    { id: "techniques" },
    element("h2", {}, "Which techniques help"),
    paragraph(
      "By the model that the search fits to all trials: what the expected accuracy gains on average over the judged policies if a part has this value. Bands and bars are 95% intervals; after few trials they are wide.",
    ),
    effects.length > 0 ? overview(importance, effects) : paragraph("No trial has ended yet.", "empty"),
    small.length > 0 ? element("h3", {}, "Along their magnitudes") : null,
    small.length > 0 ? element("div", { class: "grid" }, ...small.slice(0, SHOWN)) : null,
    small.length > SHOWN
      ? details(`${small.length - SHOWN} more`, () =>
          element("div", { class: "grid" }, ...small.slice(SHOWN)),
        )
      : null,
    joint.length > 0 ? pairs(joint.slice(0, PAIRS)) : null,
    portion ? portionChart(portion, effects) : null,
  );
}

function curveOf(effects: readonly EffectCurve[], { kind, name }: Importance): EffectCurve {
  return effects.find((effect) => effect.kind === kind && effect.name === name)!;
}

function fullName({ kind, name }: Pick<Importance, "kind" | "name">): string {
  if (kind === "strength") return `${name}, strength`;
  if (kind === "base") return `base ${name}`;
  return kind === "portion" ? "portion" : name;
}

/** The most favourable point; of what never helps, the least favourable one, since the other is that of leaving it out. */
function shownPoint(each: Importance, effects: readonly EffectCurve[]): EffectPoint {
  if (each.best.mean > 0) return each.best;
  return curveOf(effects, each).points.reduce((one, other) => (other.mean < one.mean ? other : one));
}

function overview(importance: readonly Importance[], effects: readonly EffectCurve[]): HTMLElement {
  // The first base is what the others are compared with.
  const rows = importance
    .filter(({ best, kind }) => !(kind === "base" && best.low === best.high))
    .map((each): ForestRow => {
      const { kind, policies } = each;
      const point = shownPoint(each, effects);
      const at = AXES[kind] === "" ? "" : `at ${AXES[kind]} ${point.at.toFixed(1)}; `;
      return { name: fullName(each), ...point, about: `${at}in ${policies} of the judged policies` };
    })
    .sort((a, b) => b.mean - a.mean);
  return chart({
    title: "Each part at its best",
    caption:
      "At its most favourable value; what never helps, at its least favourable one. Green: it helps. Red: it harms. Grey: the trials do not show either.",
    summary: rows.map((row) => `${row.name}: ${points(row.mean)} (${interval(row)})`).join("; "),
    table: {
      head: ["part", "best at", "gain", "95% interval", "importance", "policies", "verdict"],
      words: [0, 6],
      rows: importance.map((each) => [
        ...[fullName(each), each.best.at.toFixed(2), points(each.best.mean), interval(each.best)],
        ...[(100 * each.importance).toFixed(2), String(each.policies), each.verdict],
      ]),
    },
    draw: (width) => forest(rows, width, "points of accuracy"),
  });
}

function smallChart(each: Importance, effect: EffectCurve, all: readonly EffectCurve[]): HTMLElement {
  const made = effectChart(effect, all, `${fullName(each)}`, true);
  made.querySelector("h3")?.append(" ", element("span", { class: `chip ${each.verdict}` }, each.verdict));
  return made;
}

function portionChart(effect: EffectCurve, all: readonly EffectCurve[]): HTMLElement {
  return effectChart(effect, all, "What the portion does", false);
}

/** In the same range as the others of its size, so that they can be compared. */
function effectChart(
  { kind, points: curve, name }: EffectCurve,
  all: readonly EffectCurve[],
  title: string,
  isSmall: boolean,
): HTMLElement {
  const known = curve.map(({ at, mean, low, high }) => ({
    ...{ at, mean: 100 * mean, low: 100 * low, high: 100 * high },
    text: `${AXES[kind]} ${at.toFixed(2)}\n${points(mean)} points (${interval({ low, high })})`,
  }));
  const alike = all.filter((other) => other.points.length > 1 && other.kind === kind);
  const ends = alike.flatMap((other) => other.points.flatMap(({ low, high }) => [100 * low, 100 * high]));
  const best = curve.reduce((one, other) => (other.mean > one.mean ? other : one));
  return chart({
    title,
    caption: isSmall ? "" : "Compared with portion 0, for an average of the judged policies.",
    summary: `${name}: at most ${points(best.mean)} points, at ${AXES[kind]} ${best.at.toFixed(1)} (${interval(best)}).`,
    table: {
      head: [AXES[kind], "gain", "95% interval"],
      words: [],
      rows: curve.map((point) => [point.at.toFixed(2), points(point.mean), interval(point)]),
    },
    isSmall,
    draw: () => ({
      height: isSmall ? 165 : 250,
      marginLeft: 36,
      x: { ...BELOW, label: AXES[kind], ticks: 4 },
      y: {
        label: "points",
        domain: [Math.min(...ends), Math.max(...ends)],
        nice: true,
        ticks: 4,
        grid: true,
      },
      marks: [
        ruleY([0], { stroke: "var(--text)", strokeOpacity: 0.5 }),
        areaY(known, { x: "at", y1: "low", y2: "high", fill: "var(--accent)", fillOpacity: 0.18 }),
        line(known, { x: "at", y: "mean", stroke: "var(--accent)", strokeWidth: 2 }),
        ruleX(known, pointerX({ x: "at", stroke: "var(--muted)" })),
        dot(known, pointerX({ x: "at", y: "mean", fill: "var(--accent)" })),
        tip(known, pointerX({ ...TIP, x: "at", y: "mean", title: "text" })),
      ],
    }),
  });
}

function pairs(joint: SearchPart["joint"]): HTMLElement {
  const rows = joint.map(({ names, ...each }) => ({ name: names.join(" + "), ...each }));
  return chart({
    title: "Which pairs help each other",
    caption:
      "What two gain together beyond what each gains alone; below 0, they get in each other's way. The surest first.",
    summary: rows.map((row) => `${row.name}: ${points(row.mean)} (${interval(row)})`).join("; "),
    table: {
      head: ["pair", "beyond the sum", "95% interval"],
      rows: rows.map((row) => [row.name, points(row.mean), interval(row)]),
    },
    draw: (width) => forest(rows, width, "points beyond the sum of both"),
  });
}
