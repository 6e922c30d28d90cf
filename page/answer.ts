// The answer first: what to use, what it gains, and how sure that is.

import type { Answer, Report } from "../src/report/contents.ts";
import { chart } from "./chart.ts";
import { element, paragraph } from "./element.ts";
import { type ForestRow, forest } from "./forest.ts";
import { interval, points } from "./format.ts";

const BASES: Readonly<Record<NonNullable<Answer["basis"]>, string>> = {
  evaluation: "measured on test images, which the search did not see",
  confirmation: "measured in fresh trainings on the validation images",
  search: "measured in the search only: the best of many is partly luck",
};

export function answerSection({ answer, status }: Report): HTMLElement {
  const { use, basis, gain, sentences, next, isShown } = answer;
  const [first, ...others] = sentences;
  const rows = comparisons(answer);
  return element(
    "section",
    { id: "answer", class: "answer" },
    element("h2", {}, "The answer"),
    useOf(use, status),
    element(
      "dl",
      { class: "tiles" },
      tile(
        "Gain over no augmentation",
        gain ? `${points(gain.mean)} points` : "–",
        basis
          ? `${use === "no augmentation" ? "of the best policy, " : ""}${BASES[basis]}`
          : "not measured yet",
      ),
      tile(
        "95% interval",
        gain ? interval(gain) : "–",
        gain?.low === null || !gain
          ? "there is none yet"
          : isShown
            ? "above 0: it helps"
            : "not above 0: this may be chance",
      ),
      ...answer.against
        .slice(0, 1)
        .map((each) =>
          tile(
            `${each.subject[0].toUpperCase()}${each.subject.slice(1)} over ${each.recipe}`,
            `${points(each.mean)} points`,
            `95% interval: ${interval(each)}`,
          ),
        ),
    ),
    paragraph(first ?? "", "first"),
    ...others.map((sentence) => paragraph(sentence)),
    rows.length > 1
      ? chart({
          title: "Gains with their 95% intervals",
          caption: "In points of accuracy. An interval that does not contain 0 is more than chance.",
          summary: rows.map((row) => `${row.name}: ${points(row.mean)} (${interval(row)})`).join("; "),
          table: {
            head: ["comparison", "gain", "95% interval"],
            rows: rows.map((row) => [row.name, points(row.mean), interval(row)]),
          },
          draw: (width) => forest(rows, width, "points of accuracy"),
        })
      : null,
    next.length > 0 ? element("h3", {}, "Next") : null,
    next.length > 0 ? element("pre", { tabindex: "0" }, next.join("\n")) : null,
  );
}

function useOf(use: Answer["use"], status: Report["status"]): HTMLElement {
  if (use === null) return element("p", { class: "use" }, element("strong", {}, "Nothing to recommend yet"));
  const lead = element("span", { class: "lead" }, status === "running" ? "So far, use " : "Use ");
  return element("p", { class: "use" }, lead, element("strong", {}, use));
}

function tile(name: string, value: string, note: string): HTMLElement {
  return element(
    "div",
    {},
    element("dt", {}, name),
    element("dd", {}, element("span", { class: "value" }, value), element("span", { class: "note" }, note)),
  );
}

function comparisons({ gain, against }: Answer): ForestRow[] {
  return [
    ...(gain ? [{ name: "over no augmentation", ...gain }] : []),
    ...against.map(({ subject, recipe, ...each }) => ({ name: `${subject} over ${recipe}`, ...each })),
  ];
}
