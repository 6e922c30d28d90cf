import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { unpackSnappy } from "../../src/dataset/readers/parquet/snappy.ts";

const text = (value: string) => Buffer.from(value);
const literal = (value: string) => Buffer.concat([Buffer.of((value.length - 1) << 2), text(value)]);

/** 300 bytes: the length of a literal in two bytes. */
const LONG = "0123456789".repeat(30);

describe("Snappy", () => {
  it("is unpacked: literals, and copies of one, two and four bytes of offset, also ones that overlap", () => {
    const cases: [Buffer, string][] = [
      [Buffer.concat([Buffer.of(3), literal("abc")]), "abc"],
      [Buffer.concat([Buffer.of(8), literal("ab"), Buffer.of((2 << 2) | 1, 2)]), "abababab"],
      [Buffer.concat([Buffer.of(4), literal("abc"), Buffer.of((0 << 2) | 2, 3, 0)]), "abca"],
      [Buffer.concat([Buffer.of(5), literal("abc"), Buffer.of((1 << 2) | 3, 2, 0, 0, 0)]), "abcbc"],
      [Buffer.concat([Buffer.of(0xac, 2), Buffer.of(61 << 2, 43, 1), text(LONG)]), LONG],
      [
        Buffer.concat([
          Buffer.of(0xb0, 2, 61 << 2, 43, 1),
          text(LONG),
          Buffer.of((1 << 5) | (0 << 2) | 1, 299 - 256),
        ]),
        `${LONG}1234`,
      ],
    ];
    for (const [bytes, expected] of cases)
      assert.equal(Buffer.from(unpackSnappy(bytes, expected.length)).toString(), expected);
  });

  it("that is damaged is an error", () => {
    const damaged: [Buffer, number][] = [
      [Buffer.concat([Buffer.of(3), literal("abc")]), 4],
      [Buffer.concat([Buffer.of(3), literal("abc")]), 2],
      [Buffer.of(5, 16 << 2, 1), 17],
      [Buffer.of(5, 63 << 2, 0xff, 0xff, 0xff, 0xff, 0), 5],
      [Buffer.concat([Buffer.of(4), literal("a"), Buffer.of(2, 2, 0)]), 2],
      [Buffer.concat([Buffer.of(4), literal("a"), Buffer.of(2, 0, 0)]), 2],
      [Buffer.concat([Buffer.of(4), literal("a"), Buffer.of(2, 1)]), 2],
      [Buffer.of(0x80), 1],
    ];
    for (const [bytes, length] of damaged)
      assert.throws(() => unpackSnappy(bytes, length), /^Error: Snappy data/);
  });
});
