// A grid of pictures: headings above its columns, labels beside its rows, all cells of the same size.

import type { Pixels } from "../image/batch.ts";
import type { Drawing } from "./drawing.ts";
import { drawLines, heightOf, type Line, lineHeight, measureOf, type SheetStyle } from "./style.ts";
import { wrapText } from "./wrap.ts";

export interface Grid {
  /** A caption for the headings, on their line above the labels. */
  readonly corner?: string;
  /** The headings of the columns; gaps between groups of columns are wider. */
  readonly groups: readonly (readonly string[])[];
  readonly rows: readonly Row[];
}

export interface Row {
  readonly label: string;
  /** In smaller text, below the label. */
  readonly note?: string;
  /** One per heading, drawn pixel by pixel. */
  readonly cells: readonly Pixels[];
}

/** Height and width of every cell; smaller pictures are centred. */
export interface CellSize {
  readonly height: number;
  readonly width: number;
}

/** Position of a picture on the sheet, in pixels. */
export interface Place extends CellSize {
  readonly left: number;
  readonly top: number;
}

/** In ems. */
const CELL_GAP = 0.4;
const GROUP_GAP = 1.1;
const LABEL_GAP = 0.8;
const LONGEST_LABEL = 8;

export class GridLayout {
  readonly width: number;
  readonly height: number;
  readonly #grid: Grid;
  readonly #cell: CellSize;
  readonly #style: SheetStyle;
  /** Lines per row. */
  readonly #labels: readonly (readonly Line[])[];
  /** Lines per column. */
  readonly #heads: readonly (readonly Line[])[];
  readonly #headHeight: number;
  /** Left edge of each column, relative to the grid's. */
  readonly #columns: readonly number[];
  /** Height of a row, and the distance between rows. */
  readonly #rowHeight: number;
  readonly #rowStep: number;

  /** @throws RangeError if a row does not have one cell per heading. */
  constructor(grid: Grid, cell: CellSize, style: SheetStyle) {
    const heads = grid.groups.flat();
    const uneven = grid.rows.find(({ cells }) => cells.length !== heads.length);
    if (uneven) {
      throw new RangeError(
        `row "${uneven.label}" has ${uneven.cells.length} cells for ${heads.length} heads`,
      );
    }
    const { em, note } = style;
    this.#grid = grid;
    this.#cell = cell;
    this.#style = style;
    this.#labels = grid.rows.map((row) => this.#labelOf(row));
    this.#heads = heads.map((head) =>
      wrapText(head, cell.width, measureOf(note), 2).map((text) => ({ text, style: note })),
    );
    this.#headHeight = Math.max(...this.#heads.map(heightOf));
    this.#columns = this.#placeColumns();
    this.#rowHeight = Math.max(cell.height, ...this.#labels.map(heightOf));
    this.#rowStep = this.#rowHeight + Math.round(CELL_GAP * em);
    this.width = this.#columns.at(-1)! + cell.width;
    this.height = this.#gridTop() + this.#rowStep * (grid.rows.length - 1) + this.#rowHeight;
  }

  /** @returns the positions of the pictures: [row][column]. */
  draw(canvas: Drawing, left: number, top: number): Place[][] {
    const { note } = this.#style;
    const headsEnd = top + this.#headHeight;
    if (this.#grid.corner) {
      drawLines(canvas, [{ text: this.#grid.corner, style: note }], left, headsEnd - lineHeight(note));
    }
    for (const [column, lines] of this.#heads.entries()) {
      for (const [i, line] of lines.entries()) {
        const indent = Math.round((this.#cell.width - measureOf(note)(line.text)) / 2);
        const y = headsEnd - (lines.length - i) * lineHeight(note);
        drawLines(canvas, [line], left + this.#columns[column] + indent, y);
      }
    }
    return this.#grid.rows.map(({ cells }, i) => {
      const rowTop = top + this.#gridTop() + i * this.#rowStep;
      const label = this.#labels[i];
      drawLines(canvas, label, left, rowTop + Math.round((this.#rowHeight - heightOf(label)) / 2));
      return cells.map((picture, column) => {
        const place = this.#placeOf(picture, left + this.#columns[column], rowTop);
        canvas.drawPicture(picture, place.left, place.top);
        return place;
      });
    });
  }

  #placeOf({ height, width }: Pixels, left: number, top: number): Place {
    return {
      left: left + Math.floor((this.#cell.width - width) / 2),
      top: top + Math.floor((this.#rowHeight - height) / 2),
      height,
      width,
    };
  }

  #gridTop(): number {
    return this.#headHeight + Math.round(0.2 * this.#style.em);
  }

  #placeColumns(): number[] {
    const { em, note } = this.#style;
    const { corner, groups } = this.#grid;
    const widths = this.#labels.flat().map(({ text, style }) => measureOf(style)(text));
    if (corner) widths.push(measureOf(note)(corner));
    let x = Math.ceil(Math.max(...widths)) + Math.round(LABEL_GAP * em);
    const columns: number[] = [];
    for (const [i, group] of groups.entries()) {
      if (i > 0) x += Math.round((GROUP_GAP - CELL_GAP) * em);
      for (const _ of group) {
        columns.push(x);
        x += this.#cell.width + Math.round(CELL_GAP * em);
      }
    }
    return columns;
  }

  /** As many lines as fit beside a cell, including the note; at least two for the label. */
  #labelOf({ label, note = "" }: Row): Line[] {
    const { em, text, note: noteStyle } = this.#style;
    const width = LONGEST_LABEL * em;
    const notes = note === "" ? [] : wrapText(note, width, measureOf(noteStyle), 2);
    const free = this.#cell.height - notes.length * lineHeight(noteStyle);
    const most = Math.max(2, Math.floor(free / lineHeight(text)));
    return [
      ...wrapText(label, width, measureOf(text), most).map((line) => ({ text: line, style: text })),
      ...notes.map((line) => ({ text: line, style: noteStyle })),
    ];
  }
}
