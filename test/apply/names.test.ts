import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { augmentedPath, classFolders, OutputStems } from "../../src/apply/names.ts";

function stemsOf(inputs: readonly string[]): string[] {
  const stems = new OutputStems(inputs, "png");
  return inputs.map((input) => stems.take(input));
}

describe("stems of outputs", () => {
  it("are the inputs' own", () => {
    assert.deepEqual(stemsOf(["train/a/1.png", "train/a/x y é.jpeg", "train/a/none"]), [
      "train/a/1",
      "train/a/x y é",
      "train/a/none",
    ]);
  });

  it("differ for inputs that differ only in extension, case or Unicode form", () => {
    assert.deepEqual(stemsOf(["a/1.JPG", "a/1.jpg", "a/1.png", "a/é.png", "a/e\u0301.png", "b/1.png"]), [
      "a/1",
      "a/1_jpg",
      "a/1_png",
      "a/é",
      "a/e\u0301_png",
      "b/1",
    ]);
  });

  it("avoid the names of other inputs", () => {
    const inputs = ["a/1.png", "a/1_aug1.png", "a/2.png", "a/2_AUG1-3.png", "a/3.png", "a/3_aug1.jpg"];
    const stems = stemsOf(inputs);
    assert.deepEqual(stems, ["a/1_png", "a/1_aug1", "a/2_png", "a/2_AUG1-3", "a/3", "a/3_aug1"]);
    const outputs = stems.flatMap((stem) => [
      augmentedPath(stem, 1, undefined, "png"),
      augmentedPath(stem, 1, 3, "png"),
    ]);
    assert.equal(new Set([...inputs, ...outputs].map((path) => path.toLowerCase())).size, 6 + 12);
  });

  it("keep names within file systems' limits", () => {
    const long = "é".repeat(125);
    const stems = stemsOf([`a/${long}.png`, `a/${long}.jpg`]);
    assert.notEqual(stems[0], stems[1]);
    for (const stem of stems) assert.ok(Buffer.byteLength(augmentedPath(stem, 9999, 99, "png")) - 2 <= 255);
  });
});

describe("folders of classes", () => {
  it("are the classes' names, without characters that folders cannot have", () => {
    assert.deepEqual(classFolders(["cat", "T-shirt/top", "T-shirt:top", "..", "", "Cat", "ä b"]), [
      "cat",
      "T-shirt-top",
      "T-shirt-top_2",
      "_",
      "__2",
      "Cat_2",
      "ä b",
    ]);
  });
});
