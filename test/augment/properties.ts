// Properties of every technique and recipe for any size, magnitude and seed, as functions that throw AssertionError. The tests run
// them on cases from fast-check, which shrinks failing ones; scripts/check-techniques.ts runs them on millions of its
// own.

import assert from "node:assert/strict";
import { type DrawnOperation, drawChain, renderChain, renderChainInto } from "../../src/augment/chain.ts";
import { drawRecipe } from "../../src/augment/recipes.ts";
import type { DrawShape, Shape } from "../../src/augment/technique.ts";
import { Random } from "../../src/common/random.ts";
import type { RecipeName } from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";
import type { Chain, Operation } from "../../src/policy/policy.ts";
import { randomImage } from "./images.ts";

/** Values before and after the target that must not change. */
const MARGIN = 5;

/**
 * An operation on a random image: it writes every value of its target and nothing outside it, leaves its input
 * unchanged, and gives the same result again from the same seed, and from its parameters after a JSON round trip,
 * regardless of the images rendered in between.
 */
export function checkOperation(operation: Operation, shape: DrawShape, seed: number): void {
  checkDraws(() => drawChain([operation], shape, new Random(seed)), shape, seed);
}

/** The same for a recipe and, if there are any, further operations of a chain after it. */
export function checkRecipe(name: RecipeName, chain: Chain, shape: Shape, seed: number): void {
  const draw = () => [
    ...drawRecipe(name, shape, { seed, imageIndex: 3 }),
    ...drawChain(chain, shape, new Random(seed)),
  ];
  checkDraws(draw, shape, seed);
  const source = randomImage(shape.height, shape.width, seed);
  const expected = draw().reduce((image, operation) => renderChain(image, shape, [operation]), source);
  assertSame(renderChain(source, shape, draw()), expected, "together and one after another");
}

function checkDraws(draw: () => DrawnOperation[], shape: Shape, seed: number): void {
  const source = randomImage(shape.height, shape.width, seed);
  const before = source.slice();
  const drawn = draw();
  const written = JSON.parse(JSON.stringify(drawn));
  assert.deepEqual(written, drawn, "parameters do not survive JSON");

  // Two targets with different contents end up equal, so nothing is left unwritten.
  const size = source.length;
  const memory = new Uint8Array(size + 2 * MARGIN).fill(77);
  const first = memory.subarray(MARGIN, MARGIN + size);
  renderChainInto(source, first, shape, drawn);
  renderUnrelated(new Random(seed, "unrelated"));
  assert.deepEqual(draw(), drawn, "the same seed draws differently");
  const second = new Uint8Array(size).fill(201);
  renderChainInto(source, second, shape, written);
  assertSame(first, second, "rendered twice");
  for (let i = 0; i < MARGIN; i++) {
    assert.ok(memory[i] === 77 && memory[MARGIN + size + i] === 77, "written outside the target");
  }
  assertSame(before, source, "the input, before and after");
}

/** A chain draws and renders like its operations one after another. */
export function checkComposition(chain: Chain, shape: DrawShape, seed: number): void {
  const source = randomImage(shape.height, shape.width, seed);
  const together = drawChain(chain, shape, new Random(seed));
  const random = new Random(seed);
  const apart = chain.map((operation) => drawChain([operation], shape, random));
  assert.deepEqual(together, apart.flat(), "a chain draws differently from its operations");
  const expected = apart.reduce((image, drawn) => renderChain(image, shape, drawn), source);
  assertSame(renderChain(source, shape, together), expected, "together and one after another");
}

/** Any technique on any small image: it must not leave a trace in working memory. */
function renderUnrelated(random: Random): void {
  const shape = { height: random.integer(1, 24), width: random.integer(1, 24) };
  const operation = {
    type: EXTENDED_TECHNIQUES[random.integer(0, EXTENDED_TECHNIQUES.length - 1)],
    magnitude: random.uniform(),
  };
  const source = new Uint8Array(shape.height * shape.width * 3).fill(random.integer(0, 255));
  renderChain(source, shape, drawChain([operation], shape, random));
}

function assertSame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: another size`);
  if (Buffer.compare(actual, expected) === 0) return;
  const i = actual.findIndex((value, index) => value !== expected[index]);
  assert.fail(`${what}: value ${i} of ${actual.length} is ${actual[i]} and ${expected[i]}`);
}
