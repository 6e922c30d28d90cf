import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { quoteCell, splitLine } from "../../src/common/csv.ts";

describe("a line of CSV", () => {
  it("keeps its cells, which may contain anything but line breaks", () => {
    const cell = fc.string({ unit: fc.constantFrom("a", '"', ",", " ", ";", "é") });
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
        assert.deepEqual(splitLine(cells.map(quoteCell).join(",")), cells);
      }),
    );
  });

  it("is rejected if a quote is misplaced", () => {
    assert.equal(splitLine('1,"half'), undefined);
    assert.equal(splitLine('1,a"b"'), undefined);
    assert.equal(splitLine('"a"b'), undefined);
  });
});
