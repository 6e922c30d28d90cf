import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Occupancy } from "../../src/search/occupancy.ts";

describe("the occupancy of workers", () => {
  it("is the share of their time that went to trainings", () => {
    let now = 5;
    const occupancy = new Occupancy(2, () => now);
    const at = (time: number, act: () => void) => {
      now = time;
      act();
    };
    assert.equal(occupancy.share, null);
    at(1000, () => occupancy.start("a"));
    assert.equal(occupancy.share, null);
    at(3000, () => occupancy.start("b"));
    at(4000, () => occupancy.start("a")); // run again
    at(5000, () => occupancy.end("a"));
    assert.equal(occupancy.share, 4000 / (2 * 4000));
    at(11_000, () => occupancy.end("b"));
    assert.equal(occupancy.share, (4000 + 8000) / (2 * 10_000));
  });

  it("counts no time in which this program could not hear that a training had ended", () => {
    let now = 0;
    const occupancy = new Occupancy(1, () => now);
    occupancy.start("a");
    now = 1000;
    const result = occupancy.whileDeaf(() => {
      now = 3000;
      return 7;
    });
    assert.equal(result, 7);
    now = 3010;
    occupancy.end("a");
    occupancy.start("b");
    now = 4010;
    occupancy.end("b");
    assert.equal(occupancy.share, 2000 / 4010);
  });
});
