import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DrawnOperation, renderChain } from "../../src/augment/chain.ts";
import { coarseDropout, coarseSaltPepper, dropout } from "../../src/augment/noise.ts";
import { normalQuantile, normalTable } from "../../src/augment/normal.ts";
import { Random } from "../../src/common/random.ts";

const shape = { height: 100, width: 120 };
const middle = new Uint8Array(100 * 120 * 3).fill(128);

function meanAndDeviation(values: ArrayLike<number>): [number, number] {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    squares += values[i] ** 2;
  }
  const mean = sum / values.length;
  return [mean, Math.sqrt(squares / values.length - mean ** 2)];
}

describe("the table of the normal distribution", () => {
  it("has the known quantiles", () => {
    const known: [number, number][] = [
      [1 / 131072, -4.32491904],
      [1e-3, -3.09023231],
      [0.02, -2.05374891],
      [0.03, -1.88079361],
      [0.3, -0.52440051],
      [0.5, 0],
      [0.9, 1.28155157],
    ];
    for (const [p, quantile] of known) assert.ok(Math.abs(normalQuantile(p) - quantile) < 1e-7);
    const [mean, deviation] = meanAndDeviation(normalTable());
    assert.ok(Math.abs(mean) < 1e-7 && Math.abs(deviation - 1) < 1e-3);
  });
});

describe("additive-gaussian-noise", () => {
  it("has the drawn standard deviation, for all channels together or separately", () => {
    for (const perChannel of [false, true]) {
      const result = renderChain(middle, shape, [
        {
          type: "additive-gaussian-noise",
          parameters: { standardDeviation: 20, perChannel, noiseSeed: 5 },
        },
      ]);
      const [mean, deviation] = meanAndDeviation(result);
      assert.ok(Math.abs(mean - 128) < 0.5, `mean ${mean}`);
      assert.ok(Math.abs(deviation - 20) < 0.4, `deviation ${deviation}`);
      let alike = 0;
      for (let i = 0; i < result.length; i += 3) if (result[i] === result[i + 1]) alike++;
      assert.ok(perChannel ? alike < 400 : alike === 12000);
    }
  });
});

describe("noise on pixels", () => {
  const cells = { gridHeight: shape.height, gridWidth: shape.width, perChannel: false, noiseSeed: 9 };
  const whole: DrawnOperation[] = [
    ...[false, true].flatMap((perChannel): DrawnOperation[] => [
      { type: "additive-gaussian-noise", parameters: { standardDeviation: 20, perChannel, noiseSeed: 8 } },
      { type: "dropout", parameters: { share: 0.4, perChannel, noiseSeed: 8 } },
    ]),
    { type: "coarse-dropout", parameters: { ...cells, share: 0.4 } },
    { type: "coarse-dropout", parameters: { ...cells, share: 0.4, perChannel: true } },
    { type: "coarse-salt-pepper", parameters: { ...cells, share: 1 } },
  ];

  it("is independent from pixel to pixel: no correlation at any lag", () => {
    for (const operation of whole) {
      const result = renderChain(middle, shape, [operation]);
      const step = operation.parameters.perChannel ? 1 : 3;
      const values = Float64Array.from({ length: result.length / step }, (_, i) => result[i * step]);
      const [mean, deviation] = meanAndDeviation(values);
      for (let lag = 1; lag < 3000; lag++) {
        let sum = 0;
        const pairs = values.length - lag;
        for (let i = 0; i < pairs; i++) sum += (values[i] - mean) * (values[i + lag] - mean);
        const correlation = sum / pairs / deviation ** 2;
        // 21,000 distances in total: by chance, five standard errors are exceeded in one of 80 such tests.
        assert.ok(
          Math.abs(correlation) < 5 / Math.sqrt(pairs),
          `${JSON.stringify(operation)}, ${lag} values apart: ${correlation}`,
        );
      }
    }
  });
});

describe("dropout", () => {
  it("zeroes the drawn share of pixels, or of single channels", () => {
    for (const perChannel of [false, true]) {
      const result = renderChain(middle, shape, [
        { type: "dropout", parameters: { share: 0.3, perChannel, noiseSeed: 5 } },
      ]);
      assert.ok(result.every((value) => value === 0 || value === 128));
      const share = result.filter((value) => value === 0).length / result.length;
      assert.ok(Math.abs(share - 0.3) < 0.015, String(share));
      let whole = 0;
      for (let i = 0; i < result.length; i += 3) if (result[i] + result[i + 1] + result[i + 2] === 0) whole++;
      assert.ok(Math.abs(whole / 12000 - (perChannel ? 0.027 : 0.3)) < 0.015);
    }
  });

  it("draws at least 0.01 of the pixels, at magnitude 0 too", () => {
    const random = new Random(2);
    for (let i = 0; i < 100; i++) {
      const { share } = dropout.draw(0, shape, random);
      assert.ok(share >= 0.01 && share <= 0.011);
    }
  });
});

describe("coarse masks", () => {
  it("zero whole cells of the grid and nothing else", () => {
    const parameters = { share: 0.3, gridHeight: 10, gridWidth: 6, perChannel: true, noiseSeed: 3 };
    const result = renderChain(middle, shape, [{ type: "coarse-dropout", parameters }]);
    let hit = 0;
    for (let y = 0; y < 100; y += 10) {
      for (let x = 0; x < 120; x += 20) {
        for (let c = 0; c < 3; c++) {
          const value = result[(y * 120 + x) * 3 + c];
          if (value === 0) hit++;
          for (let dy = 0; dy < 10; dy++) {
            for (let dx = 0; dx < 20; dx++) {
              assert.equal(result[((y + dy) * 120 + x + dx) * 3 + c], value);
            }
          }
        }
      }
    }
    assert.ok(hit > 30 && hit < 80, String(hit));
  });

  it("have grids of at least 4 x 4, or the image's size if that is smaller, at every magnitude", () => {
    const random = new Random(1);
    for (const magnitude of [0, 0.1, 1 / 3, 0.4, 0.7, 1]) {
      // The bounds of the share of the side: 0.3 and log10(3 m), clamped to [0.05, 1], in either order.
      const other = Math.min(1, Math.max(0.05, Math.log10(3 * magnitude)));
      for (let i = 0; i < 200; i++) {
        const { gridHeight, gridWidth } = coarseDropout.draw(magnitude, { height: 3, width: 200 }, random);
        assert.equal(gridHeight, 3);
        assert.ok(gridWidth >= Math.floor(200 * Math.min(0.3, other)));
        assert.ok(gridWidth <= Math.ceil(200 * Math.max(0.3, other)));
      }
    }
    const { gridHeight, gridWidth } = coarseSaltPepper.draw(0.5, { height: 6, width: 33 }, random);
    assert.deepEqual([gridHeight, gridWidth], [4, 16]);
    const least = coarseSaltPepper.draw(0, { height: 1, width: 400 }, random);
    assert.deepEqual([least.gridHeight, least.gridWidth], [1, 4]);
  });

  it("of salt and pepper: grey values on every pixel of a hit cell, mostly near black and white", () => {
    const parameters = { share: 1, gridHeight: 4, gridWidth: 4, perChannel: false, noiseSeed: 3 };
    const result = renderChain(middle, shape, [{ type: "coarse-salt-pepper", parameters }]);
    let extreme = 0;
    for (let i = 0; i < result.length; i += 3) {
      assert.ok(result[i] === result[i + 1] && result[i] === result[i + 2]);
      if (result[i] < 26 || result[i] > 229) extreme++;
    }
    // The arcsine distribution has 2 x 2/pi asin(sqrt(0.1)) = 41% of its mass within a tenth of its ends.
    assert.ok(Math.abs(extreme / 12000 - 0.41) < 0.02, String(extreme));
    assert.ok(Math.abs(meanAndDeviation(result)[0] - 127.5) < 2);
  });

  it("of salt and pepper hit a fifth of the image", () => {
    let hit = 0;
    const random = new Random(9);
    for (let i = 0; i < 40; i++) {
      const parameters = coarseSaltPepper.draw(0.2, shape, random);
      const result = renderChain(middle, shape, [{ type: "coarse-salt-pepper", parameters }]);
      hit += result.filter((value) => value !== 128).length / result.length;
    }
    assert.ok(Math.abs(hit / 40 - 0.2) < 0.015, String(hit / 40));
  });
});
