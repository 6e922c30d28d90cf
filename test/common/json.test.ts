import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseJson } from "../../src/common/json.ts";

describe("JSON", () => {
  it("is parsed as JSON.parse does", () => {
    const values = [
      null,
      1,
      "a",
      [],
      { a: [{ b: 'a "quoted" \\ [[[' }] },
      "[".repeat(1000),
      ["\\", '"', "]"],
    ];
    for (const value of values) {
      for (const text of [JSON.stringify(value), JSON.stringify([value, value, "x".repeat(300)])]) {
        assert.deepEqual(parseJson(text), JSON.parse(text));
      }
    }
    assert.throws(() => parseJson("{"), SyntaxError);
    assert.throws(() => parseJson(`["${"a".repeat(300)}`), SyntaxError);
  });

  it("may have a hundred levels, one after another as often as it likes", () => {
    const deep = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
    parseJson(deep(100));
    parseJson(`[${Array.from({ length: 1000 }, () => deep(99)).join()}]`);
  });

  it("is refused if it has more levels, of lists or of objects", () => {
    const nested = [
      `${"[".repeat(101)}${"]".repeat(101)}`,
      "[".repeat(1_000_000),
      `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`,
      `{"a": "]]]", "b": ${'[{"\\"}": '.repeat(60)}0${"}]".repeat(60)}}`,
    ];
    for (const text of nested)
      assert.throws(() => parseJson(text), { message: "it has more than 100 levels" });
  });
});
