// A chart with what everyone needs who does not see it: a name, a caption, and its numbers as a table.

import type { PlotOptions } from "@observablehq/plot";
import { plot } from "@observablehq/plot";
import { details, element, paragraph, type TableContent, table } from "./element.ts";

export interface Chart {
  readonly title: string;
  /** How to read it. */
  readonly caption: string;
  /** What it shows, in one sentence with its numbers. */
  readonly summary: string;
  readonly table: TableContent;
  /** @param width in pixels. */
  readonly draw: (width: number) => PlotOptions;
  /** Smaller, without a caption of its own beneath it. */
  readonly isSmall?: boolean;
}

/** Narrower than this, the names of rows have less room. */
export const NARROW = 560;

/** Pixels to the left of a chart for the names of its rows. */
export function roomFor(names: readonly string[], width: number): number {
  const longest = Math.max(...names.map(({ length }) => length), 4);
  return Math.min(longest * 6.6 + 14, width < NARROW ? 0.42 * width : 0.32 * width);
}

/** The names of rows, shortened to their room. */
export function nameOf(width: number): (name: string) => string {
  const most = Math.floor((width < NARROW ? 0.42 : 0.32) * width) / 6.6 - 2;
  return (name) => (name.length > most ? `${name.slice(0, Math.max(3, Math.floor(most)))}…` : name);
}

/** Drawn for the width that there is, and again if that changes. */
export function chart(content: Chart): HTMLElement {
  const { title, caption, summary, isSmall } = content;
  const place = element("div", { class: "plot" });
  const figure = element(
    "figure",
    isSmall ? { class: "small" } : {},
    element("figcaption", {}, element("h3", {}, title), caption === "" ? null : paragraph(caption, "note")),
    place,
    details(isSmall ? `Numbers of ${title}` : `Numbers: ${title}`, () =>
      table(content.table, `Numbers: ${title}`),
    ),
  );
  let drawn = 0;
  const draw = (width: number) => {
    if (width < 1 || Math.abs(width - drawn) < 2) return;
    drawn = width;
    const made = plot({ ...STYLE, ...content.draw(width), width });
    const picture = made instanceof SVGSVGElement ? made : made.querySelector(":scope > svg");
    picture?.setAttribute("role", "img");
    picture?.setAttribute("aria-label", summary);
    // The chart has one name for all of its marks.
    for (const mark of picture?.querySelectorAll("g[aria-label]") ?? []) mark.removeAttribute("aria-label");
    for (const legend of made.querySelectorAll(":scope > div svg"))
      legend.setAttribute("aria-hidden", "true");
    place.replaceChildren(made);
  };
  new ResizeObserver(([{ contentRect }]) => draw(Math.floor(contentRect.width))).observe(place);
  return figure;
}

const STYLE: PlotOptions = {
  style: { fontSize: "12px", overflow: "visible" },
  marginTop: 24,
  marginBottom: 44,
};

/** Options of a horizontal axis: below the middle its name hides no number. */
export const BELOW = { labelAnchor: "center", labelOffset: 38 } as const;

/** Options of tips. */
export const TIP = { lineHeight: 1.3, stroke: "var(--muted)" } as const;

/** Colours of series, which follow the light or dark scheme. */
export const SERIES = Array.from({ length: 9 }, (_, i) => `var(--series-${i + 1})`);
