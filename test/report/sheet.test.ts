// The layout of a sheet: pictures are on an even grid, pixel by pixel, and nothing is cut off.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import type { Pixels } from "../../src/image/batch.ts";
import { fitPicture } from "../../src/report/fit.ts";
import type { Place } from "../../src/report/grid.ts";
import { drawSheet, type Sheet } from "../../src/report/sheet.ts";

function noise(height: number, width: number, seed = 0): Pixels {
  const random = new Random(seed, "test");
  const data = Uint8Array.from({ length: height * width * 3 }, () => random.integer(0, 255));
  return { data, height, width };
}

/** The part of the sheet at `place`. */
function cut({ data, width }: Sheet, place: Place): Uint8Array {
  const rows = Array.from({ length: place.height }, (_, y) => {
    const start = ((place.top + y) * width + place.left) * 3;
    return data.subarray(start, start + place.width * 3);
  });
  return Uint8Array.from(Buffer.concat(rows));
}

describe("fitPicture", () => {
  const cases: [number, number, number, number, number][] = [
    // height and width, size, height and width of the result
    [32, 32, 128, 128, 128],
    [28, 28, 128, 140, 140],
    [32, 16, 128, 128, 64],
    [100, 100, 128, 100, 100],
    [300, 200, 100, 100, 67],
    [1, 1, 64, 64, 64],
    [1, 4000, 100, 1, 100],
  ];
  for (const [height, width, size, toHeight, toWidth] of cases) {
    it(`makes ${height} x ${width} for ${size}: ${toHeight} x ${toWidth}`, () => {
      const fitted = fitPicture(noise(height, width), size);
      assert.deepEqual([fitted.height, fitted.width], [toHeight, toWidth]);
      assert.equal(fitted.data.length, toHeight * toWidth * 3);
    });
  }

  it("enlarges each pixel to a square", () => {
    const picture = noise(5, 7);
    const { data, width, height } = fitPicture(picture, 21);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const from = (Math.floor(y / 3) * 7 + Math.floor(x / 3)) * 3;
        const to = (y * width + x) * 3;
        assert.deepEqual(data.subarray(to, to + 3), picture.data.subarray(from, from + 3));
      }
    }
  });
});

describe("drawSheet", () => {
  const rows = [0, 1, 2].map((row) => ({
    label: ["cat", "a class with quite a long name_and-more/of it, and still more", "猫"][row],
    ...(row === 0 && { note: "magnitude not used" }),
    cells: [0, 1, 2].map((column) => noise(20, 30, 3 * row + column)),
  }));
  const grid = { corner: "magnitude", groups: [["original"], ["draw 1", "chain 2, draw 1"]], rows };
  const content = { title: ["shear 0.10 → sharpen 0.72"], details: ["portion 0.67"], grids: [grid, grid] };

  it("has every picture unchanged, in evenly spaced rows and columns", async () => {
    const sheet = await drawSheet(content, 14);
    assert.equal(sheet.data.length, sheet.height * sheet.width * 3);
    assert.equal(sheet.places.length, 2);
    for (const places of sheet.places) {
      for (const [i, row] of places.entries()) {
        for (const [j, place] of row.entries()) {
          assert.deepEqual(cut(sheet, place), rows[i].cells[j].data);
          assert.equal(place.top, row[0].top);
          assert.equal(place.left, places[0][j].left);
        }
        // The original is set apart from the draws, which form one group.
        assert.ok(row[1].left - row[0].left > row[2].left - row[1].left);
        assert.ok(row[2].left > row[1].left + 30);
      }
      assert.equal(places[1][0].top - places[0][0].top, places[2][0].top - places[1][0].top);
    }
  });

  it("has empty margins on all sides", async () => {
    const { data, height, width } = await drawSheet(
      { ...content, lead: { label: "original", picture: noise(40, 40) } },
      14,
    );
    const background = data.subarray(0, 3);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (y >= 16 && y < height - 20 && x >= 20 && x < width - 20) continue;
        const place = (y * width + x) * 3;
        assert.deepEqual(data.subarray(place, place + 3), background, `(${x}, ${y})`);
      }
    }
  });

  it("centres a smaller picture in its cell", async () => {
    const cells = [noise(40, 40), noise(20, 40), noise(40, 10)];
    const one = { groups: [["a", "b", "c"]], rows: [{ label: "", cells }] };
    const { places } = await drawSheet({ title: [], details: [], grids: [one] }, 14);
    const [[[whole, wide, tall]]] = places;
    assert.equal(wide.top, whole.top + 10);
    assert.equal(tall.left - wide.left, wide.left - whole.left + 15);
  });

  it("rejects a row that does not match its headings", async () => {
    const uneven = { groups: [["a", "b"]], rows: [{ label: "cat", cells: [noise(4, 4)] }] };
    await assert.rejects(
      drawSheet({ title: [], details: [], grids: [uneven] }, 14),
      /"cat" has 1 cells for 2 heads/,
    );
  });
});
