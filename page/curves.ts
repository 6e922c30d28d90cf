// Learning curves.

import { dot, line, pointer, tip } from "@observablehq/plot";
import type { CurveLine, CurvesPart } from "../src/report/contents.ts";
import { BELOW, chart, SERIES, TIP } from "./chart.ts";
import { element, paragraph } from "./element.ts";
import { broken, percent } from "./format.ts";

export function curvesSection(search: CurvesPart | null, evaluation: CurvesPart | null): HTMLElement {
  return element(
    "section",
    { id: "curves" },
    element("h2", {}, "Learning curves"),
    ...(search ? [ofSearch(search)] : []),
    ...(evaluation ? [ofEvaluation(evaluation)] : []),
  );
}

function ofSearch({ missing, lines }: CurvesPart): HTMLElement {
  if (missing !== null) return paragraph(missing, "empty");
  const which = "Of the policies: the best, the confirmed ones, and the last that were stopped.";
  return element(
    "div",
    { class: "pair" },
    curvesChart({ title: "Search: validation accuracy", caption: which, lines, measure: "validation" }),
    curvesChart({
      title: "Search: training accuracy",
      caption:
        "Of augmented images, with dropout. If it is far above the validation accuracy, the child memorises its images.",
      ...{ lines, measure: "training" },
    }),
  );
}

function ofEvaluation({ missing, lines }: CurvesPart): HTMLElement {
  if (missing !== null) return paragraph(missing, "empty");
  return curvesChart({
    title: "Evaluation: training accuracy",
    caption:
      "Mean of each arm's samples. Augmented images are harder, so a lower curve is not a worse arm: test images are classified only in the end.",
    ...{ lines, measure: "training" },
  });
}

interface Curves {
  readonly title: string;
  readonly caption: string;
  readonly lines: readonly CurveLine[];
  readonly measure: "training" | "validation";
}

/** With fewer points than this in a line, they are drawn: lines between them are no more than a guess. */
const FEW = 8;

function curvesChart({ title, caption, lines, measure }: Curves): HTMLElement {
  const groups = [...new Set(lines.map(({ group }) => group))];
  const known = lines.flatMap(({ group, label, points }) =>
    points.flatMap(({ epoch, [measure]: value }) => {
      if (value === null) return [];
      const text = `${broken(label)}\nepoch ${epoch}: ${percent(value)}%`;
      return [{ epoch, y: 100 * value, group, label, value, text }];
    }),
  );
  const few = lines.filter(({ points }) => points.length < FEW).map(({ label }) => label);
  return chart({
    ...{ title, caption },
    summary: lines
      .flatMap(({ label }) => {
        const last = known.findLast((point) => point.label === label);
        return last ? [`${label}: ${percent(last.value)}% after epoch ${last.epoch}`] : [];
      })
      .join("; "),
    table: {
      head: ["training", "epoch", `${measure} accuracy (%)`],
      rows: known.map(({ label, epoch, value }) => [label, String(epoch), percent(value)]),
    },
    draw: (width) => ({
      height: 320,
      x: { ...BELOW, label: "epoch", ticks: width < 600 ? 5 : 10, tickFormat: "d" },
      y: { label: "accuracy (%)", grid: true, nice: true },
      color: { domain: groups, range: groups.map((group, i) => COLOURS[group] ?? SERIES[i]), legend: true },
      marks: [
        line(known, { x: "epoch", y: "y", z: "label", stroke: "group", strokeWidth: 2 }),
        dot(known, { filter: ({ label }) => few.includes(label), x: "epoch", y: "y", fill: "group", r: 3 }),
        tip(known, pointer({ ...TIP, x: "epoch", y: "y", title: "text" })),
      ],
    }),
  });
}

/** As in the history. */
const COLOURS: Readonly<Record<string, string>> = {
  stopped: SERIES[8],
  "best policies": SERIES[0],
  recipes: SERIES[2],
  baseline: SERIES[7],
};
