import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { configurationPage } from "../../scripts/docs/configuration.ts";
import { FAMILY_NAMES } from "../../src/config/families.ts";
import { USUAL_BASES } from "../../src/config/recipes.ts";
import { CONFIG, type Config } from "../../src/config/schema.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";

describe("the configuration's keys", () => {
  it("have these defaults", () => {
    const expected: Config = {
      data: "cifar10",
      image_column: null,
      label_column: null,
      arrays: null,
      channels: "auto",
      image_size: "auto",
      train_set_size: "auto",
      validation_set_size: "auto",
      test_share: 0,
      model: "wrn_10_1",
      replace_head: false,
      child_epochs: "auto",
      child_batch_size: 64,
      child_first_train_epochs: 0,
      pre_aug_weights_path: null,
      method: "bayesian_optimization",
      iterations: 100,
      opt_samples: 1,
      confirm_top: 5,
      confirm_samples: 5,
      warm_start: null,
      opt_initial_points: 10,
      reward: "averaged",
      opt_last_n_epochs: 3,
      opt_overfit_margin: 0.1,
      stop_epochs: [],
      stop_share: 0.5,
      balanced_validation: false,
      families: [...FAMILY_NAMES],
      policy_chains: 3,
      operations_per_chain: 1,
      operations: [...EXTENDED_TECHNIQUES],
      bases: [...USUAL_BASES],
      mixture: false,
      magnitudes: "drawn",
      redraw: "epoch",
      seed: 0,
      engine: "auto",
      precision: "auto",
      threads: 1,
      workers: "auto",
      queue: null,
      queue_prefix: "deepaugment",
      mixed: false,
      in_flight: "auto",
      out: "reports/experiments",
      name: null,
      notebook_path: null,
      logging: "info",
    };
    assert.deepEqual(CONFIG.schema.parse({ data: "cifar10" }), expected);
  });

  it("are each described once, with a type, a default and a sentence", () => {
    const descriptions = CONFIG.describeAll();
    assert.deepEqual(
      descriptions.map(({ key }) => key),
      CONFIG.names,
    );
    for (const { key, type, explanation } of descriptions) {
      assert.ok(type.length > 0, key);
      assert.match(explanation, /^[A-Z].*\.$/, key);
    }
    const byKey = new Map(descriptions.map((description) => [description.key, description]));
    assert.equal(byKey.get("data")?.default, undefined);
    assert.equal(byKey.get("iterations")?.default, "100");
    assert.equal(byKey.get("iterations")?.type, "a whole number from 1 to 1000000");
    assert.equal(byKey.get("image_size")?.default, "auto");
    assert.equal(byKey.get("image_size")?.type, "auto, or a whole number from 8 to 4096, or null");
    assert.equal(byKey.get("train_set_size")?.type, "auto, or a whole number from 2 to 10000000");
    assert.equal(byKey.get("operations")?.default, "extended");
    assert.equal(byKey.get("bases")?.default, "usual");
    assert.equal(byKey.get("bases")?.type, "usual, all, or a list of at least one base");
    assert.equal(byKey.get("child_epochs")?.type, "auto, or a whole number from 1 to 100000");
    assert.equal(byKey.get("workers")?.type, "auto, or a whole number from 1 to 1024");
  });

  it("know which of them hold text", () => {
    assert.deepEqual(
      CONFIG.names.filter((name) => CONFIG.isText(name)),
      [
        "data",
        "image_column",
        "label_column",
        "model",
        "pre_aug_weights_path",
        "warm_start",
        "queue",
        "queue_prefix",
        "out",
        "name",
        "notebook_path",
      ],
    );
  });
});

describe("docs/configuration.md", () => {
  it("matches the schema (npm run docs)", () => {
    const page = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
    assert.equal(page, configurationPage());
  });
});
