// Training batches with top policies: each image once, augmented according to its key, regardless of the batch size.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { type BatchOptions, imagesWithTopPolicies } from "../../src/augment/batches.ts";
import { drawForImage, renderChain } from "../../src/augment/chain.ts";
import { seedOf } from "../../src/common/random.ts";
import { type ImageBatch, imageAt } from "../../src/image/batch.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { loadSample } from "../fixtures/sample.ts";

const INVERT: Policy = { portion: 0.5, chains: [[{ type: "invert", magnitude: 0 }]] };
const FLIPS: Policy = {
  portion: 0.5,
  chains: [[{ type: "horizontal-flip", magnitude: 1 }], [{ type: "vertical-flip", magnitude: 1 }]],
};
const RANDOM: Policy = {
  portion: 0.5,
  chains: [
    [
      { type: "rotate", magnitude: 0.5 },
      { type: "additive-gaussian-noise", magnitude: 0.2 },
    ],
  ],
};

let images: ImageBatch;
let labels: Int32Array;
before(async () => {
  ({ images, labels } = (await loadSample()).train);
});

interface Epoch {
  readonly pictures: readonly Buffer[];
  readonly labels: readonly number[];
  readonly sizes: readonly number[];
}

async function collect(policies: readonly Policy[], options?: BatchOptions): Promise<Epoch> {
  const pictures: Buffer[] = [];
  const taken: number[] = [];
  const sizes: number[] = [];
  for await (const batch of imagesWithTopPolicies(images, labels, policies, options)) {
    const { count, height, width, channels } = batch.images;
    assert.deepEqual([height, width, channels], [32, 32, 3]);
    sizes.push(count);
    for (let i = 0; i < count; i++) pictures.push(Buffer.from(imageAt(batch.images, i)));
    taken.push(...batch.labels);
  }
  return { pictures, labels: taken, sizes };
}

const original = (index: number) => Buffer.from(imageAt(images, index));
const hash = (pictures: readonly Buffer[]) => pictures.map((picture) => picture.toString("latin1"));

describe("imagesWithTopPolicies", () => {
  it("gives each image once with its own label, in random order or in the order given", async () => {
    const plain = await collect([INVERT], { augmentChance: 0, shuffle: false });
    assert.deepEqual(plain.sizes, [64, 64, 64, 8]);
    assert.deepEqual(plain.labels, [...labels]);
    for (const [i, picture] of plain.pictures.entries()) assert.ok(picture.equals(original(i)));
    const shuffled = await collect([INVERT], { augmentChance: 0 });
    assert.notDeepEqual(hash(shuffled.pictures), hash(plain.pictures));
    const pairs = ({ pictures, labels }: Epoch) => hash(pictures).map((text, i) => text + labels[i]);
    assert.deepEqual(pairs(shuffled).sort(), pairs(plain).sort());
  });

  it("augments about the expected number of images, each by one chain of one policy", async () => {
    const before = Buffer.from(images.data);
    const { pictures } = await collect([INVERT, FLIPS], { shuffle: false, seed: 3 });
    const counts = { original: 0, invert: 0, horizontal: 0, vertical: 0 };
    const reversed = (index: number, flipRows: boolean) => {
      const source = original(index);
      return Buffer.from(
        source.map((_, i) => {
          const [y, x, channel] = [Math.floor(i / 96), Math.floor((i % 96) / 3), i % 3];
          return source[(flipRows ? 31 - y : y) * 96 + (flipRows ? x : 31 - x) * 3 + channel];
        }),
      );
    };
    for (const [i, picture] of pictures.entries()) {
      if (picture.equals(original(i))) counts.original++;
      else if (picture.equals(original(i).map((value) => 255 - value))) counts.invert++;
      else if (picture.equals(reversed(i, false))) counts.horizontal++;
      else if (picture.equals(reversed(i, true))) counts.vertical++;
    }
    const { original: plain, invert, horizontal, vertical } = counts;
    assert.equal(plain + invert + horizontal + vertical, 200);
    // Binomial: 4 standard deviations around 100, 50 and 25.
    assert.ok(Math.abs(plain - 100) < 29 && Math.abs(invert - 50) < 25, JSON.stringify(counts));
    assert.ok(Math.abs(horizontal - 25) < 19 && Math.abs(vertical - 25) < 19, JSON.stringify(counts));
    assert.ok(before.equals(images.data), "the images are unchanged");
    const all = await collect([INVERT], { shuffle: false, augmentChance: 1 });
    assert.ok(all.pictures.every((picture, i) => picture.equals(original(i).map((value) => 255 - value))));
  });

  it("does not depend on the batch size", async () => {
    const whole = await collect([RANDOM, FLIPS], { seed: 5 });
    for (const batchSize of [1, 7, 200, 1000]) {
      const other = await collect([RANDOM, FLIPS], { seed: 5, batchSize });
      assert.deepEqual(hash(other.pictures), hash(whole.pictures), `batch size ${batchSize}`);
      assert.deepEqual(other.labels, whole.labels);
    }
  });

  it("gives an image the same draws in any order, and others in another epoch or with another seed", async () => {
    const options = { seed: 5, shuffle: false };
    const first = hash((await collect([RANDOM], options)).pictures);
    assert.deepEqual(hash((await collect([RANDOM], { seed: 5 })).pictures).sort(), [...first].sort());
    for (const other of [{ epoch: 1 }, { seed: 6 }]) {
      const { pictures } = await collect([RANDOM], { ...options, ...other });
      const same = hash(pictures).filter((text, i) => text === first[i]).length;
      // Those that are not augmented in either.
      assert.ok(same > 20 && same < 85, `${same} of 200 images are the same`);
    }
    const orders = await Promise.all([0, 1].map((epoch) => collect([RANDOM], { augmentChance: 0, epoch })));
    assert.notDeepEqual(hash(orders[0].pictures), hash(orders[1].pictures));
  });

  it("puts every image through a recipe, before the policy if it gets one", async () => {
    const options = { seed: 5, shuffle: false, recipe: "flip-crop" } as const;
    const alone = await collect([], options);
    const never = await collect([INVERT], { ...options, augmentChance: 0 });
    const always = await collect([INVERT], { ...options, augmentChance: 1 });
    assert.deepEqual(hash(never.pictures), hash(alone.pictures));
    for (const [i, picture] of always.pictures.entries()) {
      assert.ok(picture.equals(alone.pictures[i].map((value) => 255 - value)));
    }
    const unchanged = alone.pictures.filter((picture, i) => picture.equals(original(i))).length;
    // 1 in 162 is neither flipped nor moved.
    assert.ok(unchanged < 10, String(unchanged));
    const batched = await collect([], { ...options, batchSize: 7 });
    assert.deepEqual(hash(batched.pictures), hash(alone.pictures));
    const other = await collect([], { ...options, epoch: 1 });
    assert.notDeepEqual(hash(other.pictures), hash(alone.pictures));
    // Whether an image is augmented by a policy does not depend on the recipe.
    const inverted = await collect([INVERT], { seed: 5, shuffle: false });
    const both = await collect([INVERT], options);
    for (const [i, picture] of both.pictures.entries()) {
      assert.equal(picture.equals(alone.pictures[i]), inverted.pictures[i].equals(original(i)));
    }
  });

  it("ends early if the caller stops", async () => {
    let count = 0;
    for await (const _ of imagesWithTopPolicies(images, labels, [RANDOM], { batchSize: 10 })) {
      if (++count === 2) break;
    }
    assert.equal(count, 2);
  });

  it("rejects wrong arguments at the call, with what was expected and received", () => {
    const call = (change: {
      images?: Partial<ImageBatch>;
      labels?: ArrayLike<number>;
      policies?: unknown;
      options?: unknown;
    }) => {
      const given = { ...images, ...change.images };
      const policies = (change.policies ?? [INVERT]) as Policy[];
      return () =>
        imagesWithTopPolicies(given, change.labels ?? labels, policies, change.options as BatchOptions);
    };
    const operation = (type: string, magnitude: number) => [{ portion: 1, chains: [[{ type, magnitude }]] }];
    const cases: [() => unknown, RegExp][] = [
      [call({ images: { channels: 1 } }), /^RangeError: images\.channels: expected 3, received 1/],
      [call({ images: { count: 0 } }), /images\.count: expected a whole number from 1 upwards, received 0/],
      [call({ images: { count: 199 } }), /images\.data: expected 199 x 32 x 32 x 3 values, received 614400/],
      [call({ images: { data: [] as never } }), /images\.data: expected a Uint8Array, received \[\]/],
      [call({ labels: labels.subarray(1) }), /labels: expected one per image, 200, received 199/],
      [call({ labels: labels.map((label, i) => (i === 3 ? -1 : label)) }), /labels\[3\]: .*received -1/],
      [call({ labels: Array(200).fill(1.5) }), /labels\[0\]: .*received 1\.5/],
      [call({ policies: [] }), /policies: expected a list of at least one, received \[\]/],
      [
        call({ policies: [{ portion: 1, chains: [] }] }),
        /policies\[0\]\.chains: expected a list of at least one/,
      ],
      [
        call({ policies: operation("spin", 0.1) }),
        /policies\[0\]\.chains\[0\]\[0\]\.type: expected one of crop, .*"spin"/,
      ],
      [
        call({ policies: operation("rotate", 1.1) }),
        /\.magnitude: expected a number in \[0, 1\], received 1\.1/,
      ],
      [call({ options: { batchSize: 0 } }), /batchSize: expected a whole number from 1 upwards, received 0/],
      [call({ options: { batchSize: "64" } }), /^TypeError: batchSize: .*received "64"/],
      [call({ options: { augmentChance: 2 } }), /augmentChance: expected a number in \[0, 1\], received 2/],
      [call({ options: { augmentChance: Number.NaN } }), /augmentChance: .*received NaN/],
      [call({ options: { seed: -1 } }), /seed: expected a whole number from 0 upwards, received -1/],
      [call({ options: { epoch: 0.5 } }), /epoch: .*received 0\.5/],
      [
        call({ options: { recipe: "flips" } }),
        /recipe: expected one of flip, crop, flip-crop, trivialaugment, .*, received "flips"/,
      ],
      [call({ policies: "none", options: { recipe: "flip" } }), /policies: expected a list, received "none"/],
      [call({ options: { shuffle: "no" } }), /shuffle: expected true or false, received "no"/],
    ];
    for (const [wrong, message] of cases) assert.throws(wrong, message);
  });

  it("scales techniques that count in pixels if it gets the judged shape", async () => {
    const blur: Policy = { portion: 0.5, chains: [[{ type: "gaussian-blur", magnitude: 0.2 }]] };
    const options = { augmentChance: 1, shuffle: false };
    const judgedHere = await collect([blur], { ...options, judgedShape: [32, 32, 3] });
    assert.deepEqual(hash(judgedHere.pictures), hash((await collect([blur], options)).pictures));
    const judgedSmaller = await collect([blur], { ...options, judgedShape: [16, 16] });
    const key = { seed: seedOf(0, "batches", 0), imageIndex: 5, chainIndex: 0 };
    const shape = { height: 32, width: 32, scale: 2 };
    const expected = renderChain(imageAt(images, 5), shape, drawForImage(blur.chains[0], shape, key));
    assert.ok(judgedSmaller.pictures[5].equals(expected));
    assert.throws(
      () => imagesWithTopPolicies(images, labels, [blur], { judgedShape: [0, 32] }),
      /^RangeError: judgedShape\[0\]: expected a whole number from 1 upwards, received 0$/,
    );
  });
});
