// Rasterises text in IBM Plex Sans (SIL Open Font License), laid out glyph by glyph with kerning. It has Latin, Greek
// and Cyrillic letters; other characters, such as Chinese ones, show as an empty box.

import type { Font, Glyph, PathCommand } from "opentype.js";
import { type ReadAsset, readAsset } from "../common/assets.ts";
import { type Coverage, coverageOf, type Polygon } from "./outline.ts";

export type Weight = "regular" | "semibold";

const FILES: Readonly<Record<Weight, ReadAsset>> = {
  regular: "@expo-google-fonts/ibm-plex-sans/400Regular/IBMPlexSans_400Regular.ttf",
  semibold: "@expo-google-fonts/ibm-plex-sans/600SemiBold/IBMPlexSans_600SemiBold.ttf",
};

/** Height of capital letters, in ems. */
export const CAPITAL_HEIGHT = 0.698;

/** Number of straight lines that approximate a curve: no corners show at the sizes of a sheet. */
const CURVE_STEPS = 8;

/** One weight of the typeface. */
export class Typeface {
  readonly #font: Font;

  private constructor(font: Font) {
    this.#font = font;
  }

  /** @throws Error if the font's package is not installed. */
  static async load(weight: Weight): Promise<Typeface> {
    const { default: opentype } = await import("opentype.js");
    const file = readAsset(FILES[weight]);
    return new Typeface(opentype.parse(Uint8Array.from(file).buffer));
  }

  /** The width of the text at `size` pixels per em, in pixels. */
  measure(text: string, size: number): number {
    let end = 0;
    for (const { glyph, x } of this.#layOut(text, size)) end = x + this.#advance(glyph, size);
    return end;
  }

  /** The text's glyphs with their positions; the baseline starts at (x, y). */
  *draw(text: string, size: number, x: number, y: number): Generator<Coverage> {
    for (const placed of this.#layOut(text, size)) {
      yield coverageOf(polygonsOf(placed.glyph.getPath(x + placed.x, y, size).commands));
    }
  }

  *#layOut(text: string, size: number): Generator<{ glyph: Glyph; x: number }> {
    let x = 0;
    let previous: Glyph | undefined;
    for (const character of printable(text)) {
      const glyph = this.#font.charToGlyph(character);
      if (previous) x += (this.#font.getKerningValue(previous, glyph) * size) / this.#font.unitsPerEm;
      yield { glyph, x };
      x += this.#advance(glyph, size);
      previous = glyph;
    }
  }

  #advance(glyph: Glyph, size: number): number {
    return ((glyph.advanceWidth ?? 0) * size) / this.#font.unitsPerEm;
  }
}

/** Composes letters with their accents if possible, and removes characters without a shape. */
function printable(text: string): string {
  return text
    .normalize("NFC")
    .replace(/\s/gu, " ")
    .replace(/[\p{Cc}\p{Cf}\p{Mn}\p{Cs}]/gu, "");
}

function polygonsOf(commands: readonly PathCommand[]): Polygon[] {
  const polygons: number[][] = [];
  for (const command of commands) {
    const points = polygons.at(-1) ?? [];
    const [x0, y0] = points.slice(-2);
    if (command.type === "M") polygons.push([command.x, command.y]);
    else if (command.type === "L") points.push(command.x, command.y);
    else if (command.type !== "Z") {
      for (let step = 1; step <= CURVE_STEPS; step++)
        points.push(...pointOn(command, x0, y0, step / CURVE_STEPS));
    }
  }
  return polygons;
}

/** The point of a quadratic or cubic Bézier curve at `t` in [0, 1]. */
function pointOn(command: PathCommand, x0: number, y0: number, t: number): [number, number] {
  const { type, x, y, x1, y1, x2, y2 } = command;
  const s = 1 - t;
  if (type === "Q") {
    return [s * s * x0 + 2 * s * t * x1 + t * t * x, s * s * y0 + 2 * s * t * y1 + t * t * y];
  }
  const a = s * s * s;
  const b = 3 * s * s * t;
  const c = 3 * s * t * t;
  const d = t * t * t;
  return [a * x0 + b * x1 + c * x2 + d * x, a * y0 + b * y1 + c * y2 + d * y];
}
