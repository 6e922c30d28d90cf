// The child models by name.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findModel } from "../../../src/child/models/registry.ts";
import { UsageError } from "../../../src/common/errors.ts";
import { MODEL_NAMES } from "../../../src/config/models.ts";

describe("the registry of models", () => {
  it("finds every listed model under its name, in any case", () => {
    for (const name of MODEL_NAMES) {
      const model = findModel(name.toUpperCase());
      assert.equal(model.name, name);
      assert.ok(model.about && model.smallestSide >= 1);
    }
  });

  it("knows models that are not listed, of the same form", () => {
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
