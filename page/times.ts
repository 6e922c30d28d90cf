// How the time was spent.

import { barX, dot, pointer, text, tip } from "@observablehq/plot";
import type { Report, SearchPart, TimesPart } from "../src/report/contents.ts";
import { BELOW, chart, NARROW, nameOf, roomFor, TIP } from "./chart.ts";
import { element, paragraph, table } from "./element.ts";
import { count, duration } from "./format.ts";

const STAGES = ["search", "confirmation", "evaluation"] as const;

export function timesSection({ times, search, status }: Report): HTMLElement {
  const { stages, elapsed, budget } = times;
  const all = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  const took =
    elapsed === null ? "" : `${duration(elapsed)} from start to ${status === "running" ? "now" : "end"}. `;
  return element(
    "section",
    { id: "times" },
    element("h2", {}, "How the time was spent"),
    paragraph(
      `${took}${budget ? budgetInWords(budget) : ""}Trainings took ${duration(all)} in all, with those that ran at the same time added up.`,
    ),
    stages.length > 0 ? stagesChart(times) : paragraph("No training has ended yet.", "empty"),
    times.machines.length > 0 ? machinesTable(times) : null,
    search && search.trials.length > 1 ? trialsChart(search) : null,
  );
}

function budgetInWords({ seconds, used }: NonNullable<TimesPart["budget"]>): string {
  const stages = Object.entries(used).map(([stage, time]) => `${stage} ${duration(time)}`);
  const all = Object.values(used).reduce((sum, time) => sum + time, 0);
  return `${duration(all)} of a budget of ${duration(seconds)}: ${stages.join(", ")}. `;
}

function stagesChart({ stages }: TimesPart): HTMLElement {
  const rows = stages.map(({ stage, what, seconds, trainings }) => ({
    ...{ stage, name: what, minutes: seconds / 60, label: duration(seconds) },
    text: `${stage}: ${what}\n${duration(seconds)} in ${count(trainings, "training")}`,
  }));
  const names = rows.map(({ name }) => name);
  return chart({
    title: "Time of trainings by stage",
    caption: "",
    summary: rows.map(({ stage, name, label }) => `${stage}, ${name}: ${label}`).join("; "),
    table: {
      head: ["stage", "trainings of", "number", "time"],
      words: [0, 1],
      rows: stages.map(({ stage, what, trainings, seconds }) => [
        stage,
        what,
        String(trainings),
        duration(seconds),
      ]),
    },
    draw: (width) => ({
      height: 28 * rows.length + 54,
      marginTop: 8,
      marginLeft: roomFor(names, width),
      marginRight: 60,
      x: { ...BELOW, label: "minutes", grid: true, ticks: width < NARROW ? 4 : 8 },
      y: { domain: names, label: null, tickSize: 0, tickFormat: nameOf(width) },
      color: {
        domain: [...STAGES],
        range: [1, 2, 3].map((series) => `var(--series-${series})`),
        legend: true,
      },
      marks: [
        barX(rows, {
          y: "name",
          x: "minutes",
          fill: "stage",
          insetTop: 3,
          insetBottom: 3,
          title: "text",
          tip: true,
        }),
        text(rows, {
          y: "name",
          x: "minutes",
          text: "label",
          textAnchor: "start",
          dx: 6,
          fill: "var(--text)",
        }),
      ],
    }),
  });
}

function machinesTable({ machines }: TimesPart): HTMLElement {
  const rows = machines.map(({ host, engine, trainings, seconds }) => [
    ...[host, engine, String(trainings), duration(seconds)],
    duration(seconds / trainings),
  ]);
  return element(
    "div",
    { class: "machines" },
    element("h3", {}, "Machines"),
    table({ head: ["machine", "trained on", "trainings", "time", "each"], rows, words: [0, 1] }, "Machines"),
  );
}

function trialsChart({ trials }: SearchPart): HTMLElement {
  const rows = trials.map(({ trial, seconds, stoppedAt }) => ({
    ...{ trial, seconds, group: stoppedAt === null ? "whole" : "stopped early" },
    text: `trial ${trial}: ${duration(seconds)}${stoppedAt === null ? "" : `, stopped after epoch ${stoppedAt}`}`,
  }));
  const seconds = rows.map((row) => row.seconds);
  return chart({
    title: "Time of each trial",
    caption: "",
    summary: `From ${duration(Math.min(...seconds))} to ${duration(Math.max(...seconds))}.`,
    table: {
      head: ["trial", "seconds", "stopped after epoch"],
      words: [],
      rows: trials.map(({ trial, seconds, stoppedAt }) => [
        String(trial),
        seconds.toFixed(1),
        stoppedAt === null ? "" : String(stoppedAt),
      ]),
    },
    draw: (width) => ({
      height: 240,
      x: {
        ...BELOW,
        label: "trial",
        ticks: Math.min(trials.length, width < NARROW ? 5 : 10),
        tickFormat: "d",
      },
      y: { label: "seconds", grid: true, zero: true },
      color: {
        domain: ["whole", "stopped early"],
        range: ["var(--series-1)", "var(--series-9)"],
        legend: true,
      },
      marks: [
        dot(rows, { x: "trial", y: "seconds", stroke: "group", r: rows.length > 300 ? 2 : 3.5 }),
        tip(rows, pointer({ ...TIP, x: "trial", y: "seconds", title: "text" })),
      ],
    }),
  });
}
