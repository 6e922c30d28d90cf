// The interface of techniques, which separates drawing from rendering; operations of recipes share the latter. `draw` turns a magnitude into parameters, which
// are plain JSON; `render` turns parameters into pixels and draws nothing. So the parameters in a manifest reproduce an
// image exactly, and results never depend on order, batch size or number of workers. If a technique needs a random
// value for each pixel, its parameters hold a `noiseSeed` instead of the values.

import type { Random } from "../common/random.ts";
import type { TechniqueName } from "../config/techniques.ts";
import type { Canvas } from "./kernels.ts";

/** Height and width in pixels, each at least 1. An image of this shape is [height, width, 3], RGB, uint8. */
export interface Shape {
  readonly height: number;
  readonly width: number;
}

/** The shape for which parameters are drawn. */
export interface DrawShape extends Shape {
  /**
   * Pixels of this image per pixel of the images on which the policy was judged, above 0: 15 for 480 x 480 and 32 x 32
   * (`scaledTo`). Techniques that count in pixels scale with it. Defaults to 1.
   */
  readonly scale?: number;
}

type ParameterValue =
  | number
  | boolean
  | readonly ParameterValue[]
  | { readonly [name: string]: ParameterValue | undefined };

/** The values drawn for one image: plain JSON, unchanged by writing and reading. */
export type DrawnParameters = { readonly [name: string]: ParameterValue | undefined };

/** What a technique changes; one file each. */
type Family = "geometric" | "affine" | "blur" | "convolution" | "noise" | "contrast" | "colour" | "weather";

/** How an operation with drawn parameters is rendered. */
export interface Renderer<P extends DrawnParameters = DrawnParameters> {
  /** Whether these parameters leave every image unchanged, so that it need not be rendered. Defaults to never. */
  isIdentity?(parameters: P): boolean;
  /** Bytes of working memory that rendering needs. Defaults to none. */
  workBytes?(shape: Shape, parameters: P): number;
  /**
   * Writes the canvas's whole target from its source. The same parameters give the same pixels. Results are rounded to
   * the nearest whole number (halves to even, as in OpenCV and numpy) and clipped to 0-255, unless the operation says
   * otherwise.
   */
  render(canvas: Canvas, parameters: P): void;
}

export interface Technique<P extends DrawnParameters = DrawnParameters> extends Renderer<P> {
  readonly name: TechniqueName;
  readonly family: Family;
  /** What the magnitude m means, with its unit: one phrase for help, documentation and reports. */
  readonly meaning: string;
  /**
   * Parameters for one image of this shape; they hold what rendering needs to know of the scale. `magnitude` is in [0,
   * 1]; `drawOperation` checks it.
   */
  draw(magnitude: number, shape: DrawShape, random: Random): P;
}

/** The techniques of a family, by name. */
export type TechniqueSet = Partial<Readonly<Record<TechniqueName, Technique>>>;
