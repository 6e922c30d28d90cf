// Damaged pictures of all formats: each is read, or refused with one line.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { decodeImage, ImageError } from "../../src/image/codec.ts";
import { mutate } from "../fixtures/mutate.ts";
import { readConformanceSet } from "./conformance-set.ts";

const PER_FILE = 3;
/** In bytes; each decoder takes its share. */
const MOST_MEMORY = 500 * 2 ** 20;

describe("a damaged picture", () => {
  it("of any format is read, or refused with one line", async () => {
    const counts = { read: 0, refused: 0 };
    for (const { name, bytes } of (await readConformanceSet()).filter(({ bytes }) => bytes.length > 0)) {
      for (let i = 0; i < PER_FILE; i++) {
        const file = mutate(bytes, new Random("mutated", `${name} ${i}`));
        try {
          const { data, height, width } = await decodeImage(file, "a/b.png");
          assert.equal(data.length, height * width * 3, name);
          counts.read++;
        } catch (error) {
          assert.ok(error instanceof ImageError, `${name} ${i}: ${error}`);
          assert.match(error.message, /^cannot read the picture a\/b\.png: [^\n]+$/, `${name} ${i}`);
          counts.refused++;
        }
      }
    }
    assert.ok(counts.read > 200 && counts.refused > 800, JSON.stringify(counts));
    assert.ok(process.memoryUsage().rss < MOST_MEMORY, `${process.memoryUsage().rss} bytes`);
  });
});
