// The page of a report: draws what the JSON in it says, and, if it is served live, what the server sends from then on.

import type { PageContent } from "../src/report/contents.ts";
import { answerSection } from "./answer.ts";
import { curvesSection } from "./curves.ts";
import { effectsSection } from "./effects.ts";
import { element } from "./element.ts";
import { evaluationSection } from "./evaluation.ts";
import { historySection } from "./history.ts";
import { picturesSection } from "./pictures.ts";
import { repeatSection } from "./repeat.ts";
import { timesSection } from "./times.ts";

/** A section, drawn again only if what it is drawn from has changed. */
interface Section {
  readonly id: string;
  readonly title: string;
  readonly from: unknown;
  readonly draw: () => HTMLElement;
}

function sectionsOf({ report, pictures, madeAt }: PageContent): Section[] {
  const { search, evaluation, answer, status, times, repeat } = report;
  const curves = [search?.curves ?? null, evaluation?.curves ?? null] as const;
  const effects = search && { ...search, trials: null, curves: null, failures: null };
  return [
    { id: "answer", title: "Answer", from: [answer, status], draw: () => answerSection(report) },
    ...(evaluation
      ? [
          {
            id: "evaluation",
            title: "Test images",
            from: evaluation,
            draw: () => evaluationSection(evaluation),
          },
        ]
      : []),
    ...(search
      ? [
          { id: "history", title: "Search", from: search, draw: () => historySection(search) },
          { id: "techniques", title: "Techniques", from: effects, draw: () => effectsSection(search) },
        ]
      : []),
    { id: "curves", title: "Curves", from: curves, draw: () => curvesSection(...curves) },
    { id: "pictures", title: "Pictures", from: pictures, draw: () => picturesSection(pictures) },
    { id: "times", title: "Time", from: [times, search?.trials, status], draw: () => timesSection(report) },
    { id: "repeat", title: "Repeat", from: [repeat, madeAt], draw: () => repeatSection(repeat, madeAt) },
  ];
}

const drawn = new Map<string, string>();

function show(content: PageContent): void {
  const { report } = content;
  const main = document.querySelector("main")!;
  const sections = sectionsOf(content);
  setText("status", `${report.kind}, ${report.status}: ${report.progress}`);
  document
    .querySelector("nav")!
    .replaceChildren(...sections.map(({ id, title }) => element("a", { href: `#${id}` }, title)));
  for (const [index, { id, from, draw }] of sections.entries()) {
    const key = JSON.stringify(from);
    const old = document.getElementById(id);
    if (old && drawn.get(id) === key) continue;
    drawn.set(id, key);
    const made = draw();
    if (!old) {
      main.insertBefore(made, main.children[index] ?? null);
      continue;
    }
    const open = [...old.querySelectorAll<HTMLDetailsElement>("details[open]")].map(
      ({ dataset }) => dataset.key,
    );
    old.replaceWith(made);
    for (const each of made.querySelectorAll("details")) each.open = open.includes(each.dataset.key);
  }
}

function setText(id: string, text: string): void {
  const place = document.getElementById(id);
  if (place && place.textContent !== text) place.textContent = text;
}

/** The server sends the whole content after each change. */
function follow(): void {
  const events = new EventSource("events");
  events.addEventListener("report", ({ data }) => {
    show(JSON.parse(data) as PageContent);
    setText("live", "live");
  });
  events.addEventListener("problem", ({ data }) => setText("live", JSON.parse(data) as string));
  events.addEventListener("error", () => setText("live", "not connected"));
}

const content = JSON.parse(document.getElementById("content")!.textContent) as PageContent;
show(content);
if (content.isLive) follow();
