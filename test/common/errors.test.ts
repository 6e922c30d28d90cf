import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mismatch, nearest } from "../../src/common/errors.ts";

describe("mismatch", () => {
  const received = (value: unknown) => mismatch("x", "y", value).replace(/^x: expected y, received /, "");

  it("shows a value as its reader would write it", () => {
    assert.equal(
      mismatch("--batch", "a whole number", "many"),
      '--batch: expected a whole number, received "many"',
    );
    assert.equal(received(undefined), "nothing");
    assert.equal(received(null), "null");
    assert.equal(received(Number.NaN), "NaN");
    assert.equal(received([1, 32, "a"]), '[1, 32, "a"]');
    assert.equal(received({ a: [1] }), '{"a":[1]}');
    assert.equal(received(new Float32Array(3)), "a Float32Array");
    assert.equal(
      received(() => 1),
      "() => 1",
    );
  });

  it("stays on one line, and short", () => {
    assert.equal(received("two\nlines"), '"two\\nlines"');
    assert.equal(received("a".repeat(1000)).length, 60);
    assert.equal(received(new Array(1e6).fill(1)).length, 60);
  });

  it("shows the beginning of a value of many levels, or one that contains itself", () => {
    let list: unknown = 1;
    let object: unknown = 1;
    for (let level = 0; level < 100_000; level++) [list, object] = [[list], { a: object }];
    const circle: unknown[] = [];
    circle.push(circle, { circle });
    const ring: Record<string, unknown> = { a: "b" };
    ring.ring = ring;
    for (const value of [
      list,
      object,
      circle,
      ring,
      { ["k".repeat(1e6)]: "v".repeat(1e6) },
      "s".repeat(1e7),
    ]) {
      assert.equal(received(value).length, 60);
    }
    assert.equal(received({ a: Number.NaN, b: undefined, c: [1, "x"] }), '{"a":null,"b":null,"c":[1,"x"]}');
    assert.equal(received(12n), "12");
  });
});

describe("the nearest of several names", () => {
  it("is one that a typing error away, if there is one", () => {
    assert.equal(nearest("rotat", ["crop", "rotate"]), "rotate");
    assert.equal(nearest("Chld_epochs", ["iterations", "child_epochs"]), "child_epochs");
    assert.equal(nearest("quite another thing", ["crop", "rotate"]), undefined);
  });

  it("is not looked for among names of a length that nobody types", () => {
    assert.equal(nearest("a".repeat(1e7), ["a".repeat(1e7)]), undefined);
    assert.equal(nearest("rotat", ["rotat".repeat(1e6), "rotate"]), "rotate");
    assert.equal(nearest("a", new Array(1e6).fill("bbbbbb")), undefined);
  });
});
