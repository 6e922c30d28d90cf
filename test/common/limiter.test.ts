import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Limiter } from "../../src/common/limiter.ts";

/** A promise, and the function that resolves it. */
function gate(): { opened: Promise<void>; open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe("a limiter", () => {
  it("runs a limited number of works at the same time, first come, first served", async () => {
    const limiter = new Limiter(2);
    const begun: number[] = [];
    const gates = [0, 1, 2, 3].map(gate);
    const works = gates.map(({ opened }, i) =>
      limiter.run(async () => {
        begun.push(i);
        await opened;
        return i;
      }),
    );
    await Promise.resolve();
    assert.deepEqual(begun, [0, 1]);
    gates[1].open();
    assert.equal(await works[1], 1);
    await new Promise(setImmediate);
    assert.deepEqual(begun, [0, 1, 2]);
    for (const { open } of gates) open();
    assert.deepEqual(await Promise.all(works), [0, 1, 2, 3]);
    assert.deepEqual(begun, [0, 1, 2, 3]);
  });

  it("continues after work that fails", async () => {
    const limiter = new Limiter(1);
    const failed = limiter.run(async () => {
      throw new Error("no");
    });
    const next = limiter.run(async () => 7);
    await assert.rejects(failed, /no/);
    assert.equal(await next, 7);
  });
});
