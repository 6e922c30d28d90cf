// Damaged pictures of all formats: each is read, or refused with one line.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Random } from "../../src/common/random.ts";
import { decodeImage, ImageError } from "../../src/image/codec.ts";
import { readConformanceSet } from "./conformance-set.ts";

const PER_FILE = 3;
/** In bytes; each decoder takes its share. */
const MOST_MEMORY = 500 * 2 ** 20;

/** Flips bits, half of them in the header, cuts bytes out, or cuts the file off. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const place = () => random.integer(0, (random.chance(0.5) ? Math.min(64, bytes.length) : bytes.length) - 1);
  const kind = random.integer(0, 3);
  if (kind === 0) return bytes.subarray(0, place());
  if (kind === 1) {
    const [start, length] = [place(), 1 + random.integer(0, 20)];
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + length)]);
  }
  const mutated = Uint8Array.from(bytes);
  for (let i = 0; i < kind; i++) mutated[place()] ^= 1 << random.integer(0, 7);
  return mutated;
}

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
