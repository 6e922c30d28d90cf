// The user's own images under the winner and the techniques that help most.

import type { PictureRow, Pictures, PictureTable } from "../src/report/contents.ts";
import { element, paragraph } from "./element.ts";
import { short } from "./format.ts";

export function picturesSection({ missing, tables }: Pictures): HTMLElement {
  return element(
    "section",
    { id: "pictures" },
    element("h2", {}, "On your images"),
    missing === null ? null : paragraph(missing, "empty"),
    ...tables.map(tableOf),
  );
}

function tableOf({ title, note, heads, rows, side }: PictureTable): HTMLElement {
  const head = element("tr", {}, ...["image", ...heads].map((name) => element("th", { scope: "col" }, name)));
  return element(
    "figure",
    { class: "pictures" },
    element("figcaption", {}, element("h3", {}, title), paragraph(note, "note")),
    element(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-label": `Pictures: ${title}` },
      element(
        "table",
        {},
        element("thead", {}, head),
        element("tbody", {}, ...rows.map((row) => rowOf(row, heads, side))),
      ),
    ),
  );
}

const LONGEST_ALT = 200;

function rowOf({ label, source, cells }: PictureRow, heads: readonly string[], side: number): HTMLElement {
  const name = element(
    "th",
    { scope: "row" },
    element("span", { class: "label" }, label),
    element("span", { class: "source" }, source),
  );
  const pictures = cells.map((cell, i) =>
    element(
      "td",
      {},
      element("img", {
        ...{ src: cell, width: String(side), height: String(side) },
        alt: short(`${label}, ${heads[i]}`, LONGEST_ALT),
      }),
    ),
  );
  return element("tr", {}, name, ...pictures);
}
