import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Tempo } from "../../../src/search/executors/queue/tempo.ts";

describe("the tempo of a worker", () => {
  it("is that of the last minute, or since the start", () => {
    let now = 0;
    const tempo = new Tempo(2, () => now);
    tempo.occupy(1);
    now = 10_000;
    tempo.train(500);
    assert.equal(tempo.imagesPerSecond, 50);
    assert.equal(tempo.busy, 0.5);
    tempo.occupy(2);
    now = 20_000;
    assert.equal(tempo.busy, 0.75);
    tempo.occupy(0);
    now = 75_000;
    // From 15 to 75 seconds: both slots for 5 seconds.
    assert.equal(tempo.busy, 5 / 60);
    assert.equal(tempo.imagesPerSecond, 0);
  });
});
