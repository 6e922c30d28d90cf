import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { maximize } from "../../src/controller/maximize.ts";

describe("maximize", () => {
  it("finds the top of a hill whose sides differ in steepness", () => {
    const top = [1.5, -2, 0.25];
    const best = maximize(new Float64Array(3), (point, gradient) => {
      let value = 0;
      for (const [index, at] of top.entries()) {
        const steepness = 100 ** index;
        value -= steepness * (point[index] - at) ** 2;
        gradient[index] = -2 * steepness * (point[index] - at);
      }
      return value;
    });
    for (const [index, at] of top.entries()) assert.ok(Math.abs(best[index] - at) < 0.05, String(best));
  });

  it("returns the best point so far if the function ends", () => {
    const best = maximize(Float64Array.of(1), (point, gradient) => {
      gradient[0] = 1;
      return point[0] > 2 ? Number.NaN : point[0];
    });
    assert.ok(best[0] > 1 && best[0] <= 2, String(best));
  });
});
