import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isAtChance } from "../../src/experiment/chance.ts";

describe("isAtChance", () => {
  const ten = { classes: 10, validationImages: 1000 };

  it("is so for an accuracy that guessing could have", () => {
    // The standard deviation of guessing is 0.0095.
    assert.ok(isAtChance({ reward: 0.05, standardError: null }, ten));
    assert.ok(isAtChance({ reward: 0.115, standardError: null }, ten));
    assert.ok(!isAtChance({ reward: 0.125, standardError: null }, ten));
  });

  it("allows for few validation images, and for trainings that differ", () => {
    assert.ok(isAtChance({ reward: 0.2, standardError: null }, { ...ten, validationImages: 20 }));
    assert.ok(isAtChance({ reward: 0.16, standardError: 0.03 }, ten));
    assert.ok(!isAtChance({ reward: 0.16, standardError: 0.01 }, ten));
  });

  it("depends on the number of classes", () => {
    const two = { classes: 2, validationImages: 1000 };
    assert.ok(isAtChance({ reward: 0.52, standardError: null }, two));
    assert.ok(!isAtChance({ reward: 0.55, standardError: null }, two));
  });
});
