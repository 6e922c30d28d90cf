// Text: widths, line breaking, and coverage of outlines.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Drawing, loadFonts } from "../../src/report/drawing.ts";
import { coverageOf } from "../../src/report/outline.ts";
import { wrapText } from "../../src/report/wrap.ts";

const WHITE = [255, 255, 255] as const;
const BLACK = [0, 0, 0] as const;

describe("coverageOf", () => {
  it("covers whole pixels completely, and others by the area within", () => {
    // From (1.5, 1) to (4, 2.25).
    const { left, top, width, height, values } = coverageOf([[1.5, 1, 4, 1, 4, 2.25, 1.5, 2.25]]);
    assert.deepEqual([left, top, width, height], [1, 1, 3, 2]);
    assert.deepEqual([...values], [0.5, 1, 1, 0.125, 0.25, 0.25]);
  });

  it("leaves a hole for a polygon in the opposite direction", () => {
    const square = [0, 0, 3, 0, 3, 3, 0, 3];
    const hole = [1, 1, 1, 2, 2, 2, 2, 1];
    assert.deepEqual([...coverageOf([square, hole]).values], [1, 1, 1, 1, 0, 1, 1, 1, 1]);
  });

  it("adds up to the area of a slanted outline", () => {
    const triangle = [0.3, 0.2, 9.7, 3.1, 2.4, 7.9];
    const area = Math.abs((9.7 - 0.3) * (7.9 - 0.2) - (2.4 - 0.3) * (3.1 - 0.2)) / 2;
    const sum = coverageOf([triangle]).values.reduce((total, value) => total + value, 0);
    assert.ok(Math.abs(sum - area) < 1e-4, `${sum} for ${area}`);
  });

  it("of nothing is nothing", () => {
    assert.equal(coverageOf([]).values.length, 0);
  });
});

describe("wrapText", () => {
  const count = (text: string) => [...text].length;
  const cases: [string, number, number | undefined, string[]][] = [
    ["cat", 10, undefined, ["cat"]],
    ["", 10, undefined, [""]],
    ["add-to-hue-and-saturation", 12, undefined, ["add-to-hue-", "and-", "saturation"]],
    ["T-shirt/top", 8, undefined, ["T-shirt/", "top"]],
    ["a b c d", 3, undefined, ["a b", "c d"]],
    ["Donaudampfschiff", 6, undefined, ["Donaud", "ampfsc", "hiff"]],
    ["Donaudampfschiff", 6, 2, ["Donaud", "ampfs…"]],
    ["one two three", 5, 2, ["one", "two…"]],
    ["猫😀犬", 1, undefined, ["猫", "😀", "犬"]],
    ["held\u00a0together", 8, undefined, ["held\u00a0tog", "ether"]],
  ];
  for (const [text, width, most, lines] of cases) {
    it(`breaks "${text}" at ${width}`, () => assert.deepEqual(wrapText(text, width, count, most), lines));
  }
});

describe("text on a canvas", () => {
  it("is on its baseline, as wide as measured", async () => {
    const { regular: font } = await loadFonts();
    const canvas = new Drawing(60, 200, WHITE);
    canvas.drawText("HEH", 10, 40, { font, size: 40, colour: BLACK });
    const inked = (x: number, y: number) => canvas.data[(y * canvas.width + x) * 3] < 128;
    const rows = Array.from({ length: 60 }, (_, y) => y).filter((y) =>
      Array.from({ length: 200 }, (_, x) => x).some((x) => inked(x, y)),
    );
    assert.equal(rows.at(-1), 39, "capitals end at the baseline");
    assert.ok(Math.abs(rows.length - 28) <= 1, `capitals are ${rows.length} pixels high`);
    const columns = Array.from({ length: 200 }, (_, x) => x).filter((x) => rows.some((y) => inked(x, y)));
    const width = font.measure("HEH", 40);
    assert.ok(columns[0] >= 10 && columns.at(-1)! <= 10 + width);
    assert.ok(columns.at(-1)! - columns[0] > width - 12);
  });

  it("shows a box for a letter that the typeface lacks, and cuts off what exceeds the canvas", async () => {
    const { semibold: font } = await loadFonts();
    const style = { font, size: 20, colour: BLACK };
    for (const text of ["猫", "é", "e\u0301", "Ж", "→"]) {
      const canvas = new Drawing(30, 40, WHITE);
      canvas.drawText(text, 5, 22, style);
      assert.ok(
        canvas.data.some((value) => value < 60),
        text,
      );
    }
    assert.equal(font.measure("e\u0301", 20), font.measure("é", 20));
    assert.equal(font.measure("\u0007\u200b", 20), 0);
    new Drawing(10, 10, WHITE).drawText("Wide and tall", -20, 5, { ...style, size: 60 });
  });
});
