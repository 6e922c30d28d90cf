// The part of opentype.js that we use; it has no types of its own, and those made for it assume a browser.

declare module "opentype.js" {
  namespace opentype {
    interface PathCommand {
      readonly type: "M" | "L" | "Q" | "C" | "Z";
      readonly x: number;
      readonly y: number;
      readonly x1: number;
      readonly y1: number;
      readonly x2: number;
      readonly y2: number;
    }

    interface Glyph {
      /** In font units; missing if the font has none. */
      readonly advanceWidth?: number;
      /** The outline at `fontSize` pixels per em, y downwards, with its origin at (x, y). */
      getPath(x: number, y: number, fontSize: number): { readonly commands: readonly PathCommand[] };
    }

    interface Font {
      readonly unitsPerEm: number;
      charToGlyph(character: string): Glyph;
      /** In font units. */
      getKerningValue(left: Glyph, right: Glyph): number;
    }

    function parse(bytes: ArrayBuffer): Font;
  }

  export = opentype;
}
