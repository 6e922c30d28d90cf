// The arms of an evaluation on test images.

import { dot, type PlotOptions, pointerY, ruleY, tip } from "@observablehq/plot";
import type { ArmPart, EvaluationPart } from "../src/report/contents.ts";
import { BELOW, chart, nameOf, roomFor, TIP } from "./chart.ts";
import { element, paragraph, table } from "./element.ts";
import { forest } from "./forest.ts";
import { count, interval, percent, points } from "./format.ts";

export function evaluationSection(part: EvaluationPart): HTMLElement {
  const { trainImages, testImages, measured, arms, progress, status } = part;
  const begun = arms.filter(({ accuracy }) => accuracy !== null);
  const sorted = begun.toSorted((a, b) => b.accuracy!.mean - a.accuracy!.mean);
  const waiting = arms.filter(({ accuracy }) => accuracy === null).map(({ arm }) => arm);
  return element(
    "section",
    { id: "evaluation" },
    element("h2", {}, "On test images"),
    paragraph(
      `Trained on ${count(trainImages, "image")} each, tested on ${testImages.toLocaleString("en")}, by the ${measured}. ${progress}${status === "finished" ? "" : ": not finished"}.`,
    ),
    ...(sorted.length > 0 ? [accuracies(sorted), ...differences(sorted, part)] : []),
    sorted.length > 0 ? armTable(sorted, part) : paragraph("No training has ended yet.", "empty"),
    waiting.length > 0 && sorted.length > 0
      ? paragraph(`No training has ended of: ${waiting.join(", ")}.`)
      : null,
  );
}

function accuracies(arms: readonly ArmPart[]): HTMLElement {
  return chart({
    title: "Test accuracy of each arm",
    caption: "Small dots are samples, large ones their means, bars 95% intervals of the means over samples.",
    summary: arms.map(({ arm, accuracy }) => `${arm}: ${percent(accuracy!.mean)}%`).join("; "),
    table: {
      head: ["arm", "sample", "test accuracy (%)"],
      rows: arms.flatMap(({ arm, accuracies }) =>
        accuracies.map((accuracy, sample) => [arm, String(sample + 1), percent(accuracy)]),
      ),
    },
    draw: (width) => accuracyPlot(arms, width),
  });
}

function accuracyPlot(arms: readonly ArmPart[], width: number): PlotOptions {
  const names = arms.map(({ arm }) => arm);
  const samples = arms.flatMap(({ arm, accuracies }) => accuracies.map((each) => ({ arm, x: 100 * each })));
  const means = arms.map(({ arm, accuracy, accuracies }) => {
    const { mean, low, high } = accuracy!;
    const range = low === null || high === null ? "" : ` (${percent(low)} to ${percent(high)})`;
    const text = `${arm}\n${percent(mean)}%${range}, ${count(accuracies.length, "sample")}`;
    return { arm, x: 100 * mean, low: 100 * (low ?? mean), high: 100 * (high ?? mean), text };
  });
  return {
    height: 26 * arms.length + 54,
    marginTop: 8,
    marginLeft: roomFor(names, width),
    marginRight: 16,
    x: { ...BELOW, label: "test accuracy (%)", grid: true, ticks: width < 500 ? 4 : 8 },
    y: { domain: names, label: null, tickSize: 0, tickFormat: nameOf(width) },
    marks: [
      ruleY(means, {
        ...{ y: "arm", x1: "low", x2: "high", stroke: "var(--accent)", strokeWidth: 3, strokeOpacity: 0.4 },
      }),
      dot(samples, { y: "arm", x: "x", r: 3, stroke: "var(--muted)" }),
      dot(means, { y: "arm", x: "x", r: 5.5, fill: "var(--accent)" }),
      tip(means, pointerY({ ...TIP, y: "arm", x: "x", title: "text" })),
    ],
  };
}

function differences(arms: readonly ArmPart[], { bestRecipe }: EvaluationPart): HTMLElement[] {
  const over = (key: "fromNone" | "fromBestRecipe", what: string) => {
    const rows = arms.flatMap((arm) => {
      const difference = arm[key];
      return difference ? [{ name: arm.arm, ...difference }] : [];
    });
    if (rows.length === 0) return [];
    return [
      chart({
        title: `Gain over ${what}`,
        caption:
          "Paired samples and test images; in points. An interval that does not contain 0 is more than chance.",
        summary: rows.map((row) => `${row.name}: ${points(row.mean)} (${interval(row)})`).join("; "),
        table: {
          head: ["arm", "gain", "95% interval"],
          rows: rows.map((row) => [row.name, points(row.mean), interval(row)]),
        },
        draw: (width) => forest(rows, width, `points over ${what}`),
      }),
    ];
  };
  return [
    ...over("fromNone", "no augmentation"),
    ...(bestRecipe === null ? [] : over("fromBestRecipe", `the best recipe, ${bestRecipe}`)),
  ];
}

function armTable(arms: readonly ArmPart[], { recommended }: EvaluationPart): HTMLElement {
  const cell = (difference: ArmPart["fromNone"]) =>
    difference ? `${points(difference.mean)} (${interval(difference)})` : "–";
  return table(
    {
      head: ["arm", "samples", "test accuracy (%)", "over no augmentation", "over the best recipe"],
      rows: arms.map(({ arm, accuracies, accuracy, fromNone, fromBestRecipe }) => [
        arm === recommended ? `${arm} (recommended)` : arm,
        String(accuracies.length),
        percent(accuracy!.mean),
        cell(fromNone),
        cell(fromBestRecipe),
      ]),
    },
    "Arms",
  );
}
