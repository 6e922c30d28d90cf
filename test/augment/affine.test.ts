import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderChain } from "../../src/augment/chain.ts";
import type { DrawnParameters } from "../../src/augment/technique.ts";
import type { TechniqueName } from "../../src/config/techniques.ts";
import { grey, randomImage, rowsOf } from "./images.ts";

function rendered(rows: number[][], type: TechniqueName, parameters: DrawnParameters): number[][] {
  const shape = { height: rows.length, width: rows[0].length };
  return rowsOf(renderChain(grey(rows), shape, [{ type, parameters }]), shape.width);
}

describe("affine techniques", () => {
  const square = [
    [10, 20, 30],
    [40, 50, 60],
    [70, 80, 90],
  ];

  it("rotates clockwise about the centre: 90 and 180 degrees only move pixels", () => {
    assert.deepEqual(rendered(square, "rotate", { degrees: 90 }), [
      [70, 40, 10],
      [80, 50, 20],
      [90, 60, 30],
    ]);
    const even = [
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ];
    assert.deepEqual(rendered(even, "rotate", { degrees: 180 }), [
      [8, 7, 6, 5],
      [4, 3, 2, 1],
    ]);
    const image = randomImage(33, 33);
    const quarter = { type: "rotate", parameters: { degrees: 90 } } as const;
    assert.deepEqual(
      renderChain(image, { height: 33, width: 33 }, [quarter, quarter, quarter, quarter]),
      image,
    );
  });

  it("blends with black where the source ends", () => {
    // By 45 degrees a corner comes from 2 sin 45 = 1.41 beside the centre: 0.41 beyond the last pixel.
    const white = Array.from({ length: 3 }, () => [200, 200, 200]);
    const result = rendered(white, "rotate", { degrees: 45 });
    const corner = Math.round(200 * (1 - (2 * Math.SQRT1_2 - 1)));
    assert.deepEqual(result[0], [corner, 200, corner]);
    assert.deepEqual(result[1], [200, 200, 200]);
  });

  it("translates by whole pixels exactly, and by parts of one bilinearly", () => {
    assert.deepEqual(rendered(square, "translate-x", { share: 1 / 3 }), [
      [0, 10, 20],
      [0, 40, 50],
      [0, 70, 80],
    ]);
    assert.deepEqual(rendered(square, "translate-y", { share: -2 / 3 }), [
      [70, 80, 90],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    assert.deepEqual(rendered([[100, 200]], "translate-x", { share: 0.25 }), [[50, 150]]);
    assert.deepEqual(rendered([[100, 200]], "translate-x", { share: -1 }), [[0, 0]]);
  });

  it("shears along x by the tangent and shortens y by the cosine, as scikit-image up to 0.20", () => {
    // At 60 degrees y halves: row 1 of 5 comes from y = 2 + (1 - 2) / 0.5 = 0, moved by tan 60 = 1.732 to the right.
    const line = [
      [0, 0, 100, 0, 0],
      [0, 0, 0, 0, 0],
      [0, 0, 200, 0, 0],
      [0, 0, 0, 0, 0],
      [0, 0, 100, 0, 0],
    ];
    const result = rendered(line, "shear", { degrees: 60 });
    const tan = Math.tan(Math.PI / 3);
    assert.deepEqual(result, [
      [0, 0, 0, 0, 0],
      [0, 0, 0, Math.round(100 * (2 - tan)), Math.round(100 * (tan - 1))],
      [0, 0, 200, 0, 0],
      [Math.round(100 * (tan - 1)), Math.round(100 * (2 - tan)), 0, 0, 0],
      [0, 0, 0, 0, 0],
    ]);
  });

  it("collapses at 90 degrees: what is left is the middle row, or nothing", () => {
    assert.deepEqual(rendered(square, "shear", { degrees: 90 }), [
      [0, 0, 0],
      [40, 50, 60],
      [0, 0, 0],
    ]);
    assert.deepEqual(
      rendered(
        [
          [9, 9],
          [9, 9],
        ],
        "shear",
        { degrees: -90 },
      ),
      [
        [0, 0],
        [0, 0],
      ],
    );
  });
});
