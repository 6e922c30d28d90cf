// The appearance and position of text on a sheet.

import type { Colour, Drawing, Fonts, TextStyle } from "./drawing.ts";
import { CAPITAL_HEIGHT } from "./typeface.ts";

/** Light, but dark enough to show the edge of a white picture. */
export const BACKGROUND: Colour = [242, 243, 245];
const INK: Colour = [31, 35, 40];
const QUIET: Colour = [101, 109, 118];

/** Distance between the tops of consecutive lines, in ems. */
const LINE = 1.3;

/** The text styles of a sheet; sizes and gaps are relative to `em`, the size of ordinary text in pixels. */
export interface SheetStyle {
  readonly em: number;
  readonly title: TextStyle;
  readonly text: TextStyle;
  readonly detail: TextStyle;
  readonly note: TextStyle;
}

export function styleOf(em: number, { regular, semibold }: Fonts): SheetStyle {
  return {
    em,
    title: { font: semibold, size: Math.round(1.3 * em), colour: INK },
    text: { font: regular, size: em, colour: INK },
    detail: { font: regular, size: em, colour: QUIET },
    note: { font: regular, size: Math.round(0.85 * em), colour: QUIET },
  };
}

/** A line of text in its style. */
export interface Line {
  readonly text: string;
  readonly style: TextStyle;
}

/** Measures the width of a text, in pixels. */
export function measureOf({ font, size }: TextStyle): (text: string) => number {
  return (text) => font.measure(text, size);
}

export function lineHeight({ size }: TextStyle): number {
  return Math.round(LINE * size);
}

export function heightOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { style }) => sum + lineHeight(style), 0);
}

/** Draws lines below each other, starting at `top`; capitals are vertically centred in their line. */
export function drawLines(canvas: Drawing, lines: readonly Line[], left: number, top: number): void {
  let y = top;
  for (const { text, style } of lines) {
    const baseline = Math.round(y + (lineHeight(style) + CAPITAL_HEIGHT * style.size) / 2);
    canvas.drawText(text, left, baseline, style);
    y += lineHeight(style);
  }
}
