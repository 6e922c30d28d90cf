// What a technique is: drawing and rendering apart. `draw` turns a magnitude into parameters, which are plain JSON;
// `render` turns parameters into pixels and draws nothing. So the parameters in a manifest reproduce a picture
// exactly, and a result never depends on order, batch size or the number of workers. Where a technique needs a
// random value for each pixel, its parameters hold a `noiseSeed` instead of the values.

import type { Random } from "../common/random.ts";
import type { TechniqueName } from "../config/techniques.ts";
import type { Canvas } from "./kernels.ts";

/** Height and width in pixels, each at least 1. An image of it is [height, width, 3], RGB, uint8. */
export interface Shape {
  readonly height: number;
  readonly width: number;
}

export type ParameterValue =
  | number
  | boolean
  | readonly ParameterValue[]
  | { readonly [name: string]: ParameterValue };

/** What was drawn for one image: plain JSON, unchanged by writing and reading it. */
export type DrawnParameters = { readonly [name: string]: ParameterValue };

/** What a technique works on; one file each. */
export type Family =
  | "geometric"
  | "affine"
  | "blur"
  | "convolution"
  | "noise"
  | "contrast"
  | "colour"
  | "weather";

export interface Technique<P extends DrawnParameters = DrawnParameters> {
  readonly name: TechniqueName;
  readonly family: Family;
  /** What the magnitude m means, with its unit: one sentence for help, documentation and reports. */
  readonly meaning: string;
  /** Parameters for one image of this shape. `magnitude` is in [0, 1]; `drawOperation` checks it. */
  draw(magnitude: number, shape: Shape, random: Random): P;
  /** Whether these parameters leave every image as it is; then it is not rendered. Never, where it is missing. */
  isIdentity?(parameters: P): boolean;
  /** Bytes of working memory that rendering needs. None where it is missing. */
  workBytes?(shape: Shape, parameters: P): number;
  /**
   * Writes the whole of the canvas's target from its source. The same parameters give the same pixels. Results are
   * rounded to the nearest whole number (a half to the even one, as OpenCV and numpy do) and clipped to 0-255, unless
   * the technique says otherwise.
   */
  render(canvas: Canvas, parameters: P): void;
}
