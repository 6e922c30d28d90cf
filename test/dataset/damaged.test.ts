// Damaged Parquet files and tar archives. `npm run check:packed` reads more of them.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KINDS, readDamaged } from "./fixtures/damaged-packed.ts";
import { unpackSet } from "./fixtures/packed-set.ts";

const OF_EACH = 60;
/** In bytes. */
const MOST_MEMORY = 500 * 2 ** 20;

const set = await unpackSet();

describe("a damaged larger file", () => {
  for (const kind of KINDS) {
    it(`of pictures, ${kind}, is read, or refused with one line`, async () => {
      const counts = { read: 0, refused: 0 };
      for (let number = 0; number < OF_EACH; number++) {
        const { name, refused, problem } = await readDamaged(set, kind, number);
        assert.equal(problem, undefined, name);
        if (refused === undefined) counts.read++;
        else counts.refused++;
      }
      assert.ok(counts.read > 2 && counts.refused > 15, JSON.stringify(counts));
      assert.ok(process.memoryUsage().rss < MOST_MEMORY, `${process.memoryUsage().rss} bytes`);
    });
  }
});
