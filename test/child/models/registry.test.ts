// The child models by name.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findModel, LISTED_MODELS } from "../../../src/child/models/registry.ts";
import { UsageError } from "../../../src/common/errors.ts";

describe("the registry of models", () => {
  it("finds every listed model under its name, in any case", () => {
    for (const name of LISTED_MODELS) {
      const model = findModel(name.toUpperCase());
      assert.equal(model.name, name);
      assert.ok(model.about && model.smallestSide >= 1);
    }
  });

  it("lists models with a name, and some of each family", () => {
    assert.deepEqual(LISTED_MODELS, [
      ...["basiccnn", "wrn_10_1", "wrn_16_2", "wrn_28_10", "mobilenetv2", "inceptionv3"],
    ]);
    assert.equal(findModel("wrn_22_3").name, "wrn_22_3");
  });

  it("names all known models for an unknown one, or the nearest", () => {
    const refuses = (name: string, message: string) =>
      assert.throws(() => findModel(name), { name: UsageError.name, message });
    refuses("basicnn", 'unknown model "basicnn" (key model); did you mean "basiccnn"?');
    refuses(
      "vgg",
      'unknown model "vgg" (key model); known: basiccnn, wrn_<depth>_<width>, mobilenetv2, inceptionv3, the path of a model.json or .keras',
    );
  });
});
