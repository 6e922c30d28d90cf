// Damaged files of arrays are read, or refused with one line. `npm run check:mutated-arrays` tries more of them.

import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { readArraySet } from "./arrays-set.ts";
import { temporaryFolder } from "./fixtures/files.ts";
import { damage, outcomeOf } from "./mutated-arrays.ts";

/** In bytes. */
const MOST_MEMORY = 500 * 2 ** 20;

describe("a damaged file of arrays", () => {
  it("of any form is read, or refused with one line", async () => {
    const folder = temporaryFolder();
    const counts = { read: 0, refused: 0 };
    for (const each of await readArraySet()) {
      const damaged = damage(each, new Random("mutated", each.name));
      const outcome = await outcomeOf(damaged, join(folder, "data")).catch((error) => {
        throw new Error(`${each.name}: ${error.stack}`);
      });
      counts["images" in outcome ? "read" : "refused"]++;
    }
    assert.ok(counts.read > 15 && counts.refused > 150, JSON.stringify(counts));
    assert.ok(process.memoryUsage().rss < MOST_MEMORY, `${process.memoryUsage().rss} bytes`);
  });
});
