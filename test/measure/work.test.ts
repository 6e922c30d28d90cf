// How much a search has to train, before it begins.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resolveConfig } from "../../src/config/load.ts";
import type { ConfigInput, SizedConfig } from "../../src/config/schema.ts";
import { workOf } from "../../src/measure/work.ts";
import { spaceOf } from "../../src/search/settle/controller.ts";
import { ORIGINAL } from "../config/original.ts";

function work(given: ConfigInput = {}) {
  const sizes = { image_size: null, train_set_size: 100, validation_set_size: 50 };
  const config = resolveConfig({ data: "photos", ...ORIGINAL, ...sizes, ...given }) as SizedConfig;
  return workOf({ config, resumed: undefined, space: spaceOf(config), lag: 2 });
}

describe("the work of a search with the defaults", () => {
  it("is as many images an epoch under every policy, of one training a trial", () => {
    const sizes = { image_size: null, train_set_size: 100, validation_set_size: 50, child_epochs: 400 };
    const config = resolveConfig({ data: "photos", ...sizes }) as SizedConfig;
    const run = { config, resumed: undefined, space: spaceOf(config), lag: 2 };
    const { search, confirmation } = workOf(run);
    assert.deepEqual([search.trainings, search.policies, search.imagesPerEpoch], [101, 101, 101 * 100]);
    assert.deepEqual([confirmation.trainings, confirmation.imagesPerEpoch], [30, 30 * 100]);
  });
});

describe("the work of a new search", () => {
  it("is the trials with the baseline, and the confirmation", () => {
    const { firstEpochs, search, confirmation } = work({ iterations: 40 });
    assert.equal(firstEpochs, 0);
    // The baseline adds no image, the first ten policies half of the images, the others most of them.
    const each = [1, ...new Array(10).fill(1.5), ...new Array(30).fill(1.9)];
    const images = each.reduce((sum, times) => sum + 3 * 100 * times, 0);
    assert.deepEqual([search.trainings, search.policies, search.hasBaseline], [123, 41, true]);
    assert.ok(Math.abs(search.imagesPerEpoch - images) < 1e-6, `${search.imagesPerEpoch}`);
    assert.deepEqual([confirmation.trainings, confirmation.policies], [30, 6]);
    assert.ok(Math.abs(confirmation.imagesPerEpoch - 5 * 100 * (1 + 5 * 1.9)) < 1e-6);
  });

  it("counts the epochs that trainings have on average if some are stopped early", () => {
    const settings = { reward: "averaged", child_epochs: 20, opt_samples: 1, stop_share: 0.75 } as const;
    const { search, confirmation } = work({ ...settings, iterations: 40, stop_epochs: [5, 10] });
    // With a lag of 2, six trials are known to trial 8, and 24 to trial 26, of which six have reached the second epoch.
    const stopped = 18 * (5 + 15 / 4) + 15 * (5 + 5 / 4 + 10 / 16);
    assert.ok(Math.abs(search.imagesPerEpoch - 100 * (8 + stopped / 20)) < 1e-6, `${search.imagesPerEpoch}`);
    assert.deepEqual([search.trainings, confirmation.imagesPerEpoch], [41, 6 * 5 * 100]);
    assert.equal(work({ ...settings, iterations: 40 }).search.imagesPerEpoch, 41 * 100);
  });

  it("counts chains, a first training, fewer policies than are confirmed, and no confirmation", () => {
    const chains = work({ iterations: 1, opt_samples: 1, policy_chains: 5, child_first_train_epochs: 7 });
    assert.equal(chains.firstEpochs, 7);
    assert.equal(chains.search.imagesPerEpoch, 100 + 100 * (1 + 5 * 0.5));
    assert.deepEqual([chains.confirmation.trainings, chains.confirmation.policies], [10, 2]);
    for (const none of [{ confirm_top: 0 }, { confirm_samples: 0 }]) {
      assert.deepEqual(work(none).confirmation, {
        ...{ trainings: 0, policies: 0, hasBaseline: false, imagesPerEpoch: 0 },
      });
    }
    assert.equal(
      work({ method: "random", iterations: 20, opt_samples: 1 }).search.imagesPerEpoch,
      100 + 20 * 150,
    );
  });
});
