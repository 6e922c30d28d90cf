// What once failed is read or refused as it should be, and so are some inputs of each class. `npm run check:fuzz` reads more.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CLASSES } from "./classes.ts";
import { readCorpus } from "./corpus.ts";
import { type FuzzClass, type FuzzInput, makeInput } from "./input.ts";
import { outcomeOf } from "./outcome.ts";

/** For each turn of a class. */
const INPUTS = 2;

/** In bytes; each decoder has its share. */
const MOST_MEMORY = 500 * 2 ** 20;

/** Of inputs as they are, without damage. */
async function outcomesOfSeeds(fuzzClass: FuzzClass): Promise<string[]> {
  const outcomes: string[] = [];
  for (const { name, files, path } of await fuzzClass.seeds())
    outcomes.push(
      await kindOf(fuzzClass, { class: fuzzClass.name, seed: 0, number: 0, from: name, files, path }),
    );
  return outcomes;
}

async function kindOf(fuzzClass: FuzzClass, input: FuzzInput): Promise<string> {
  const { kind, text } = await outcomeOf(fuzzClass, input);
  assert.notEqual(kind, "failed", `${fuzzClass.name}, ${input.from}: ${text}`);
  return kind;
}

describe("a damaged file", () => {
  it("that once failed is read or refused", async () => {
    for (const input of await readCorpus())
      await kindOf(CLASSES.find(({ name }) => name === input.class)!, input);
  });

  for (const fuzzClass of CLASSES) {
    it(`of the class "${fuzzClass.name}" is read or refused`, async () => {
      for (let number = 0; number < INPUTS * fuzzClass.turns; number++)
        await kindOf(fuzzClass, await makeInput(fuzzClass, 1, number));
      assert.ok(process.memoryUsage().rss < MOST_MEMORY, `${process.memoryUsage().rss} bytes`);
    });
  }
});

describe("a file of this program as it was written", () => {
  for (const fuzzClass of CLASSES.filter(({ isOwn }) => isOwn)) {
    it(`is read (${fuzzClass.name})`, async () => {
      for (const kind of await outcomesOfSeeds(fuzzClass)) assert.equal(kind, "read");
    });
  }
});

describe("an input of the fuzzer", () => {
  it("is the same for the same seed and number", async () => {
    const [fuzzClass] = CLASSES;
    assert.deepEqual(await makeInput(fuzzClass, 3, 7), await makeInput(fuzzClass, 3, 7));
    assert.notDeepEqual((await makeInput(fuzzClass, 3, 7)).files, (await makeInput(fuzzClass, 4, 7)).files);
  });
});
