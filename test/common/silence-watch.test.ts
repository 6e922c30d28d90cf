import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it, mock } from "node:test";
import { SilenceWatch } from "../../src/common/silence-watch.ts";

describe("SilenceWatch", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout", "Date"] }));
  afterEach(() => mock.timers.reset());

  let asleep = 0;
  const now = () => Date.now() + asleep;
  const pass = (milliseconds: number) => {
    for (let i = 0; i < milliseconds; i += 10) mock.timers.tick(10);
  };

  it("reports a silence that is longer than the limit, once, and reads the limit again", () => {
    const limits: number[] = [];
    const silences: number[] = [];
    const limit = () => {
      limits.push(400);
      return 400;
    };
    const watch = new SilenceWatch(limit, (silence) => silences.push(silence), now);
    pass(350);
    assert.equal(watch.heard(), 350);
    pass(390);
    assert.deepEqual(silences, []);
    pass(10_000);
    assert.equal(silences.length, 1);
    assert.ok(silences[0] > 400 && silences[0] <= 420, `${silences}`);
    assert.ok(limits.length > 4, "the limit is asked for anew");
  });

  it("follows a limit that changes", () => {
    let limit = 100_000;
    const silences: number[] = [];
    new SilenceWatch(
      () => limit,
      (silence) => silences.push(silence),
      now,
    );
    pass(30_000);
    assert.deepEqual(silences, []);
    limit = 20_000;
    pass(5000);
    assert.equal(silences.length, 1);
  });

  it("reports nothing once it has been stopped", () => {
    const silences: number[] = [];
    const watch = new SilenceWatch(
      () => 100,
      (silence) => silences.push(silence),
      now,
    );
    pass(90);
    watch.stop();
    pass(1000);
    assert.deepEqual(silences, []);
  });

  it("counts at most the time of two checks while the program is suspended", () => {
    const silences: number[] = [];
    const watch = new SilenceWatch(
      () => 60_000,
      (silence) => silences.push(silence),
      now,
    );
    pass(4000);
    asleep = 3_600_000;
    pass(2000);
    assert.deepEqual(silences, []);
    assert.equal(watch.heard(), 10_000 + 1000);
    watch.stop();
  });
});
