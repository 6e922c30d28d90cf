// An example program that searches for policies and then trains on batches augmented with the best of them.
//
//   node examples/library.mjs cifar10
//   node examples/library.mjs photos/ 100 '{"image_size": 64, "child_epochs": 60}'
//
// Arguments: a dataset's name or path, the number of policies to evaluate, and configuration keys as JSON.

import { DeepAugment, formatPolicy, InterruptedError, loadDataset } from "deepaugment";

const [data = "cifar10", iterations = "30", settings = "{}"] = process.argv.slice(2);
const config = JSON.parse(settings);

// The images can come from any source: uint8 [count, height, width, 3], with an integer label for each. To let the
// search read them itself, use `new DeepAugment("cifar10", config)`.
const { train } = await loadDataset(data, { imageSize: config.image_size });
const deepAugment = new DeepAugment(train.images, train.labels, config);

// Ctrl-C ends the search; the results so far stay in the experiment's folder.
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

function onTrial({ trial, reward }, best) {
  console.log(
    `trial ${trial}: reward ${reward.toFixed(3)}, best ${best.reward.toFixed(3)} (trial ${best.trial})`,
  );
}

try {
  await deepAugment.optimize(Number(iterations), { onTrial, signal: stop.signal });
  // Another call continues the search: two more policies, using what was learned from the first ones.
  await deepAugment.optimize(2, { onTrial, signal: stop.signal });
} catch (error) {
  if (!(error instanceof InterruptedError)) throw error;
  console.log("interrupted");
}

console.log(`experiment: ${deepAugment.folder}`);
for (const policy of deepAugment.topPolicies) {
  const { reward, standardError, confirmed, expectedAccuracyIncrease } = policy;
  const error = standardError === null ? "" : ` ± ${standardError.toFixed(3)}`;
  const gain = `+${expectedAccuracyIncrease.toFixed(3)}`;
  console.log(
    `${reward.toFixed(3)}${error} (${gain}, ${confirmed ? "" : "not "}confirmed)`,
    formatPolicy(policy),
  );
}

if (deepAugment.topPolicies.length > 0) {
  for (let epoch = 0; epoch < 2; epoch++) {
    let count = 0;
    const options = { batchSize: 32, epoch };
    for await (const { images } of deepAugment.imagesWithTopPolicies(train.images, train.labels, options)) {
      // images.data is uint8 [batch, height, width, 3], with one label per image: train your model on them here.
      count += images.count;
    }
    console.log(`epoch ${epoch}: ${count} images, augmented by these policies`);
  }
}
