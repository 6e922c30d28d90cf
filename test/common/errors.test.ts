import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mismatch } from "../../src/common/errors.ts";

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
});
