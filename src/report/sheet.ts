// A sheet of pictures: a title, optionally with a picture beside it, and below it one grid, or several side by side.

import type { Pixels } from "../image/batch.ts";
import { Drawing, loadFonts } from "./drawing.ts";
import { type Grid, GridLayout, type Place } from "./grid.ts";
import { BACKGROUND, drawLines, heightOf, type Line, measureOf, type SheetStyle, styleOf } from "./style.ts";
import { wrapText } from "./wrap.ts";

export interface SheetContent {
  /** One line each. */
  readonly title: readonly string[];
  /** Smaller lines below the title. */
  readonly details: readonly string[];
  /** A picture to the left of the title, with its caption. */
  readonly lead?: Lead;
  /** Side by side; all cells have the same size, that of the largest picture. */
  readonly grids: readonly Grid[];
}

interface Lead {
  readonly label: string;
  readonly picture: Pixels;
}

export interface Sheet extends Pixels {
  /** The positions of the pictures: [grid][row][column]. */
  readonly places: readonly (readonly (readonly Place[])[])[];
}

/** In ems. */
const MARGIN = 1.5;
const GRID_GAP = 2.2;
const HEADER_GAP = 1;
const LEAST_WIDTH = 26;

/**
 * Draws a sheet.
 * @param textSize pixels per em of ordinary text; margins and gaps are relative to it.
 * @throws RangeError if a row does not have one cell per heading.
 */
export async function drawSheet(content: SheetContent, textSize: number): Promise<Sheet> {
  const style = styleOf(textSize, await loadFonts());
  const ems = (count: number) => Math.round(count * textSize);
  const pictures = content.grids.flatMap(({ rows }) => rows.flatMap(({ cells }) => cells));
  const cell = {
    height: Math.max(...pictures.map(({ height }) => height)),
    width: Math.max(...pictures.map(({ width }) => width)),
  };
  const grids = content.grids.map((grid) => new GridLayout(grid, cell, style));
  const gridsWidth = grids.reduce((sum, { width }) => sum + width, (grids.length - 1) * ems(GRID_GAP));
  const width = Math.max(gridsWidth, ems(LEAST_WIDTH));
  const margin = ems(MARGIN);
  const header = new Header(content, width, style);
  const gridsTop = margin + header.height + ems(HEADER_GAP);
  const gridsHeight = Math.max(...grids.map(({ height }) => height));
  const canvas = new Drawing(gridsTop + gridsHeight + margin, width + 2 * margin, BACKGROUND);
  header.draw(canvas, margin, margin);
  let left = margin;
  const places = grids.map((grid) => {
    const drawn = grid.draw(canvas, left, gridsTop);
    left += grid.width + ems(GRID_GAP);
    return drawn;
  });
  return { data: canvas.data, height: canvas.height, width: canvas.width, places };
}

/** Title and details, beside the leading picture if there is one. */
class Header {
  readonly height: number;
  readonly #lines: readonly Line[];
  readonly #lead: Lead | undefined;
  readonly #indent: number;
  readonly #style: SheetStyle;

  constructor({ title, details, lead }: SheetContent, width: number, style: SheetStyle) {
    this.#lead = lead;
    this.#style = style;
    this.#indent = lead ? lead.picture.width + style.em : 0;
    const wrapped = (lines: readonly string[], lineStyle: Line["style"]) =>
      lines
        .flatMap((line) => wrapText(line, width - this.#indent, measureOf(lineStyle)))
        .map((text) => ({ text, style: lineStyle }));
    this.#lines = [...wrapped(title, style.title), ...wrapped(details, style.detail)];
    const leadHeight = lead ? lead.picture.height + heightOf([this.#caption(lead)]) : 0;
    this.height = Math.max(heightOf(this.#lines), leadHeight);
  }

  draw(canvas: Drawing, left: number, top: number): void {
    const lead = this.#lead;
    if (lead) {
      canvas.drawPicture(lead.picture, left, top);
      drawLines(canvas, [this.#caption(lead)], left, top + lead.picture.height);
    }
    const free = lead ? lead.picture.height - heightOf(this.#lines) : 0;
    drawLines(canvas, this.#lines, left + this.#indent, top + Math.max(0, Math.round(free / 2)));
  }

  #caption({ label }: Lead): Line {
    return { text: label, style: this.#style.note };
  }
}
