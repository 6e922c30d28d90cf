// Colours and weights of text on a terminal.

import { styleText } from "node:util";

type Style = "bold" | "dim" | "green" | "red" | "yellow";

/** Gives text a style, or leaves it as it is if the output has no colour. */
export type Paint = (style: Style, text: string) => string;

export const paintColours: Paint = (style, text) => styleText(style, text, { validateStream: false });
export const paintNothing: Paint = (_style, text) => text;

/** How text may look on an output. */
export interface Look {
  /** Its width. */
  readonly columns: number;
  readonly paint: Paint;
}
