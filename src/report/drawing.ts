// The canvas of a sheet: pixels filled with one colour, with pictures and text on top.

import type { Pixels } from "../image/batch.ts";
import { Typeface, type Weight } from "./typeface.ts";

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [number, number, number];

/** The typeface in the weights that a sheet needs. */
export type Fonts = Readonly<Record<Weight, Typeface>>;

export async function loadFonts(): Promise<Fonts> {
  return { regular: await Typeface.load("regular"), semibold: await Typeface.load("semibold") };
}

/** One line of text. */
export interface TextStyle {
  readonly font: Typeface;
  /** Pixels per em. */
  readonly size: number;
  readonly colour: Colour;
}

export class Drawing implements Pixels {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;

  constructor(height: number, width: number, background: Colour) {
    this.height = height;
    this.width = width;
    this.data = new Uint8Array(height * width * 3);
    for (let i = 0; i < this.data.length; i++) this.data[i] = background[i % 3];
  }

  /** Copies the picture pixel by pixel; it must be within the canvas. */
  drawPicture({ data, height, width }: Pixels, left: number, top: number): void {
    if (left < 0 || top < 0 || left + width > this.width || top + height > this.height) {
      throw new RangeError(
        `a picture of ${height} x ${width} at (${left}, ${top}) exceeds the ${this.height} x ${this.width} canvas`,
      );
    }
    for (let row = 0; row < height; row++) {
      const source = data.subarray(row * width * 3, (row + 1) * width * 3);
      this.data.set(source, ((top + row) * this.width + left) * 3);
    }
  }

  /** Draws a line of text whose baseline starts at (x, y); what exceeds the canvas is cut off. */
  drawText(text: string, x: number, y: number, { font, size, colour }: TextStyle): void {
    for (const { left, top, width, height, values } of font.draw(text, size, x, y)) {
      for (let row = Math.max(0, -top); row < Math.min(height, this.height - top); row++) {
        for (let column = Math.max(0, -left); column < Math.min(width, this.width - left); column++) {
          this.#blend(((top + row) * this.width + left + column) * 3, colour, values[row * width + column]);
        }
      }
    }
  }

  #blend(place: number, colour: Colour, share: number): void {
    for (let channel = 0; channel < 3; channel++) {
      const below = this.data[place + channel];
      this.data[place + channel] = Math.round(below + (colour[channel] - below) * share);
    }
  }
}
