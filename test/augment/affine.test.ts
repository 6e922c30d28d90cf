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

  it("blends with black at the edge of the source", () => {
    // At 45 degrees a corner comes from a point 2 sin 45 = 1.41 from the centre: 0.41 beyond the last pixel.
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
    // At 60 degrees y halves: row 1 of 5 comes from y = 2 + (1 - 2) / 0.5 = 0, shifted by tan 60 = 1.732 to the right.
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

  /**
   * The warp by definition: bilinear at the source position that the matrix gives for the target pixel, black outside.
   */
  function directWarp(image: Uint8Array, height: number, width: number, matrix: number[]): number[] {
    const [xx, xy, yx, yy, shiftX, shiftY] = matrix;
    const determinant = xx * yy - xy * yx;
    const at = (x: number, y: number, c: number) =>
      x < 0 || x >= width || y < 0 || y >= height ? 0 : image[(y * width + x) * 3 + c];
    return Array.from(image, (_, i) => {
      const c = i % 3;
      const x = (Math.floor(i / 3) % width) - (width - 1) / 2 - shiftX;
      const y = Math.floor(i / 3 / width) - (height - 1) / 2 - shiftY;
      const fromX = (yy * x - xy * y) / determinant + (width - 1) / 2;
      const fromY = (xx * y - yx * x) / determinant + (height - 1) / 2;
      const [left, top] = [Math.floor(fromX), Math.floor(fromY)];
      const [u, v] = [fromX - left, fromY - top];
      return (
        (1 - v) * ((1 - u) * at(left, top, c) + u * at(left + 1, top, c)) +
        v * ((1 - u) * at(left, top + 1, c) + u * at(left + 1, top + 1, c))
      );
    });
  }

  it("equal the direct warp for any parameters and sizes", () => {
    const cos = (degrees: number) => Math.cos((degrees * Math.PI) / 180);
    const sin = (degrees: number) => Math.sin((degrees * Math.PI) / 180);
    for (const [height, width] of [
      [1, 9],
      [8, 1],
      [12, 7],
      [15, 24],
    ]) {
      const image = randomImage(height, width);
      const cases: [TechniqueName, DrawnParameters, number[]][] = [];
      for (const degrees of [-171, -33.3, 0.4, 10, 61, 120]) {
        const matrix = [cos(degrees), -sin(degrees), sin(degrees), cos(degrees), 0, 0];
        cases.push(["rotate", { degrees }, matrix]);
      }
      for (const degrees of [-80, -33.3, 0.4, 10, 61]) {
        cases.push(["shear", { degrees }, [1, -sin(degrees), 0, cos(degrees), 0, 0]]);
      }
      for (const share of [-0.9, -0.31, 0.003, 0.5, 0.77]) {
        cases.push(["translate-x", { share }, [1, 0, 0, 1, share * width, 0]]);
        cases.push(["translate-y", { share }, [1, 0, 0, 1, 0, share * height]]);
      }
      for (const [type, parameters, matrix] of cases) {
        const result = renderChain(image, { height, width }, [{ type, parameters }]);
        const expected = directWarp(image, height, width, matrix);
        const what = `${type} ${JSON.stringify(parameters)} on ${height} x ${width}`;
        assert.ok(
          result.every((value, i) => Math.abs(value - expected[i]) <= 0.5 + 1e-3),
          what,
        );
      }
    }
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
