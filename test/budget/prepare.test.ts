// The size of the images within a budget, on a made-up speed.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { prepareBudget } from "../../src/budget/prepare.ts";
import type { Speed } from "../../src/budget/times.ts";
import { UsageError } from "../../src/common/errors.ts";
import { resolveConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { loadSized, type SizedImages } from "../../src/search/settle/sizes.ts";
import { writePhotos } from "../evaluate/photos.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-prepare-"));
process.env.DEEPAUGMENT_HOME = join(root, "home");
after(() => rmSync(root, { recursive: true }));
const photos = join(root, "photos");
before(() => writePhotos(photos));

/** Images of 48 × 48 a second; smaller ones are faster. */
const RATE = 500;

async function prepare(seconds: number, given: Partial<Config> = {}) {
  const sides: number[] = [];
  const load = (config: Config): Promise<SizedImages> => {
    sides.push(config.image_size as number);
    return loadSized(config, (imageSize) => loadDataset(photos, { imageSize: imageSize as number }));
  };
  const values = { data: photos, image_size: 48, test_share: 0.2, engine: "wasm", workers: 1, ...given };
  const prepared = await prepareBudget({
    images: await load(resolveConfig(values)),
    ...{ given: new Set(Object.keys(given)), seconds, begun: 0, clock: () => 0, load },
    measure: async ({ dataset }): Promise<Speed> => {
      const { height, width } = dataset.train.images;
      const training = (RATE * 48 ** 2) / (height * width);
      const rates = { training, validation: 4 * training, start: 0 };
      return { rates, workers: 1, draw: { recipes: {}, policy: 0 }, momentEpochs: 0 };
    },
  });
  return { ...prepared, sides };
}

describe("prepareBudget", () => {
  it("resizes images only if no plan fits otherwise, to the largest side with which one does", async () => {
    const whole = await prepare(3600);
    assert.deepEqual([whole.sides, whole.planned.plan.cuts, whole.withoutCuts], [[48], [], undefined]);
    const cut = await prepare(300);
    assert.deepEqual([cut.sides, cut.images.config.image_size], [[48], 48]);
    assert.ok(cut.planned.plan.cuts.length > 0 && !cut.planned.plan.cuts.includes("image_size"));
    const small = await prepare(60);
    assert.deepEqual([small.sides, small.images.config.image_size], [[48, 24], 24]);
    assert.equal(small.planned.plan.cuts.at(-1), "image_size");
    assert.deepEqual(small.images.imageSize, {
      value: 24,
      reason: "24, because larger takes longer than the budget allows",
    });
    assert.equal(small.images.dataset.train.images.width, 24);
    assert.deepEqual(small.run.config.image_size, 24);
    // With a budget that is rounded up to this, nothing is cut.
    assert.deepEqual((await prepare(small.withoutCuts!)).planned.plan.cuts, []);
  });

  it("keeps a given size, and says which budget would do", async () => {
    const short = (seconds: number, given: Partial<Config> = {}) =>
      prepare(seconds, given).then(
        () => assert.fail("it is not too short"),
        (error: unknown) => {
          assert.ok(error instanceof UsageError);
          return error.message;
        },
      );
    assert.match(
      await short(5),
      /^--budget: 5s is too short for even the smallest plan, because this machine trains 4,500 images of 16 × 16 pixels a second \(engine wasm\): give \d0s or more$/,
    );
    const message = await short(60, { image_size: 48 });
    assert.match(
      message,
      /500 images of 48 × 48 pixels .*: give \dm or more, or leave image_size to the plan$/,
    );
    const minutes = Number(/give (\d)m/.exec(message)![1]);
    await prepare(60 * minutes, { image_size: 48 });
  });
});
