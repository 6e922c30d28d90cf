// `models` from the command line.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { run, runMain } from "./run.ts";

const models = (...args: string[]) => runMain(["models", ...args]);

describe("deepaugment models", () => {
  it("lists the children in a table, and says where images are too small for one", async () => {
    const { code, stdout, stderr } = await run(["models"]);
    assert.deepEqual([code, stderr], [0, ""]);
    const [title, , head, ...rows] = stdout.trimEnd().split("\n");
    assert.equal(title, "For images of 32 x 32 pixels in 10 classes:");
    assert.match(head, /^model +parameters +multiply-adds +in training +smallest image +description$/);
    const names = rows.map((row) => row.split(" ")[0]);
    assert.deepEqual(names, ["basiccnn", "wrn_10_1", "wrn_16_2", "wrn_28_10", "mobilenetv2", "inceptionv3"]);
    assert.match(rows[0], /^basiccnn +1,250,858 +20\.7 M +61\.3 M +10 +the original DeepAugment's/);
    assert.match(rows[5], /^inceptionv3 +- +- +- +75 +InceptionV3.*: requires image_size 75 or more$/);
  });

  it("counts the parameters that Keras counts, trained and not", async () => {
    const { models: keras } = JSON.parse(
      readFileSync(new URL("../fixtures/keras-models.json", import.meta.url), "utf8"),
    );
    const { stdout } = await models("--image-size", "75", "inceptionv3", "--json");
    const [found, ...others] = JSON.parse(stdout);
    const layers: [string, number[], number, number][] = keras.inceptionv3.layers;
    const trained = layers.reduce((sum, [, , count]) => sum + count, 0);
    const { about, ...rest } = found;
    assert.match(about, /Szegedy/);
    assert.deepEqual(rest, {
      ...{ model: "inceptionv3", smallestImageSize: 75, imageSize: 75, classes: 10 },
      parameters: layers.reduce((sum, [, , , count]) => sum + count, trained),
      trainedParameters: trained,
      multiplyAdds: rest.multiplyAdds,
      trainingMultiplyAdds: rest.trainingMultiplyAdds,
    });
    // Each number of a convolution's filter is multiplied once for each place of its output.
    const products = layers.map(([kind, shape, count]) => {
      if (kind === "Conv2D") return count * shape[0] * shape[1];
      return kind === "Dense" ? count - shape[0] : 0;
    });
    assert.equal(
      rest.multiplyAdds,
      products.reduce((sum, count) => sum + count, 0),
    );
    assert.equal(rest.trainingMultiplyAdds, 3 * rest.multiplyAdds - products[0]);
    assert.deepEqual(others, []);
  });

  it("lists the given models, for other images and classes", async () => {
    const { stdout } = await models(
      "WRN_40_4",
      "mobilenetv2",
      "--image-size",
      "20",
      "--classes",
      "3",
      "--json",
    );
    const [wide, mobile] = JSON.parse(stdout);
    assert.deepEqual([wide.model, wide.imageSize, wide.classes], ["WRN_40_4", 20, 3]);
    assert.ok(wide.parameters > wide.trainedParameters && wide.trainedParameters > 8_000_000);
    const { parameters, trainedParameters, multiplyAdds, trainingMultiplyAdds, smallestImageSize } = mobile;
    assert.deepEqual(
      [parameters, trainedParameters, multiplyAdds, trainingMultiplyAdds, smallestImageSize],
      [null, null, null, null, 32],
    );
  });

  const wrong: [string[], RegExp][] = [
    [["mobilnetv2"], /unknown model "mobilnetv2".*did you mean "mobilenetv2"/],
    [["wrn_11_1"], /use wrn_10_1 or wrn_16_1/],
    [["wrn_9994_999"], /million weights.*use a smaller model/],
    [["--image-size", "0"], /--image-size: expected a whole number from 1/],
    [["--classes", "1"], /--classes: expected a whole number from 2/],
  ];
  for (const [args, message] of wrong) {
    it(`refuses in one line: ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await models(...args);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, /^deepaugment: [^\n]+\n$/);
      assert.match(stderr, message);
    });
  }
});
