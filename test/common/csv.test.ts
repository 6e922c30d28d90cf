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

  it("may have cells of any length", () => {
    const cells = ['"'.repeat(3_000_000), "x".repeat(20_000_000), "", ",".repeat(1_000_000)];
    assert.deepEqual(splitLine(cells.map(quoteCell).join(",")), cells);
    assert.equal(splitLine(`1,"${"x".repeat(20_000_000)}`), undefined);
  });

  it("is rejected if a quote is misplaced", () => {
    assert.equal(splitLine('1,"half'), undefined);
    assert.equal(splitLine('1,a"b"'), undefined);
    assert.equal(splitLine('"a"b'), undefined);
    assert.equal(splitLine('"a""'), undefined);
  });
});
