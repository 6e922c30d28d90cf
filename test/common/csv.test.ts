import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { quoteCell, splitLine } from "../../src/common/csv.ts";

describe("a line of CSV", () => {
  it("gives its cells back, whatever they hold but line ends", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", " ", ";", "é") });
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
        assert.deepEqual(splitLine(cells.map(quoteCell).join(",")), cells);
      }),
    );
  });

  it("is none where a quote is out of place", () => {
    assert.equal(splitLine('1,"half'), undefined);
    assert.equal(splitLine('1,a"b"'), undefined);
    assert.equal(splitLine('"a"b'), undefined);
  });
});
