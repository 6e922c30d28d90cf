// Trains the same small network on what `apply` writes and on what the exported module draws: both must reach the same accuracy.
//
//   pip install -r scripts/export/requirements.txt      # Python 3.11
//   npm run compare:training -- --python path/to/python3  # half an hour on a busy core
//
// Prints the table for docs/export.md. Exit code 1 if the accuracies differ by more than two standard errors.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { applyPolicies } from "../../src/apply/apply.ts";
import { RunError } from "../../src/common/errors.ts";
import { meanOf, standardErrorOf } from "../../src/common/mean.ts";
import type { LabelledImages } from "../../src/dataset/dataset.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { exportPolicies } from "../../src/export/export.ts";
import { selectImages } from "../../src/image/batch.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { formatPolicyFile } from "../../src/policy/policy-file.ts";
import { PythonPeer } from "../bench/python-peer.ts";
import { runScript } from "../run-script.ts";

/** Two chains of techniques that change much, of which one changes the position and one the values. */
const POLICY: Policy = {
  portion: 0.75,
  chains: [
    [
      { type: "horizontal-flip", magnitude: 0.5 },
      { type: "translate-x", magnitude: 0.25 },
    ],
    [
      { type: "rotate", magnitude: 0.15 },
      { type: "brighten", magnitude: 1 },
    ],
  ],
};

/** The arms: how the training images come about. */
const ARMS = ["originals", "apply", "export"] as const;

type Arm = (typeof ARMS)[number];

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      python: { type: "string", default: process.env.PYTHON ?? "python3" },
      images: { type: "string", default: "2000" },
      epochs: { type: "string", default: "5" },
      seeds: { type: "string", default: "6" },
    },
  });
  const [images, epochs, seeds] = [Number(values.images), Number(values.epochs), Number(values.seeds)];
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-training-"));
  const script = fileURLToPath(new URL("training.py", import.meta.url));
  const peer = await PythonPeer.start(values.python, ["-W", "ignore", script]);
  try {
    const { train, test } = await loadDataset("cifar10");
    if (!test) throw new RunError("CIFAR-10 has no test images");
    const originals = join(folder, "originals.npz");
    await peer.ask({ pack: writeRaw(train, images, join(folder, "train")), out: originals });
    const held = join(folder, "test.npz");
    await peer.ask({ pack: writeRaw(test, test.labels.length, join(folder, "test")), out: held });
    const policyPath = writePolicy(join(folder, "best.json"));
    const { file } = exportPolicies({ policyPath, to: "torchvision", out: folder, top: 1, added: true });
    const accuracies: Record<Arm, number[]> = { originals: [], apply: [], export: [] };
    for (let seed = 0; seed < seeds; seed++) {
      const out = join(folder, `applied-${seed}`);
      await applyPolicies({
        ...{ policyPath, data: originals, out, top: 1, copies: 1, onlyAugmented: false },
        ...{ as: "npz", seed, workers: 1 },
      });
      for (const arm of ARMS) {
        const data = arm === "apply" ? join(out, "train.npz") : originals;
        const request = { data, test: held, module: arm === "export" ? file : null, epochs, seed };
        const { accuracy, trained } = (await peer.ask(request)) as { accuracy: number; trained: number };
        accuracies[arm].push(accuracy);
        process.stderr.write(`seed ${seed}, ${arm}: ${trained} images, accuracy ${accuracy.toFixed(4)}\n`);
      }
    }
    report(accuracies);
  } finally {
    peer.close();
    rmSync(folder, { recursive: true });
  }
});

/** Writes the first `count` images, [count, height, width, 3], and their labels as bytes. */
function writeRaw({ images, labels }: LabelledImages, count: number, path: string) {
  const first = selectImages(
    images,
    Array.from({ length: count }, (_, i) => i),
  );
  writeFileSync(`${path}.images`, first.data);
  writeFileSync(`${path}.labels`, Uint8Array.from(labels.subarray(0, count)));
  return { images: `${path}.images`, labels: `${path}.labels`, height: images.height, width: images.width };
}

function writePolicy(path: string): string {
  const measured = { reward: 0.5, standardError: null, confirmed: false };
  const found = { ...POLICY, ...measured, trial: 1, expectedAccuracyIncrease: 0 };
  const dataset = { name: "cifar10", classes: 10, imageShape: [32, 32, 3] } as const;
  writeFileSync(path, formatPolicyFile({ dataset, baseline: measured, policies: [found] }));
  return path;
}

/** @throws RunError if the accuracies of `apply` and of the exported module differ by more than two standard errors. */
function report(accuracies: Readonly<Record<Arm, readonly number[]>>): void {
  const rows = ARMS.map((arm) => `| ${arm} | ${summaryOf(accuracies[arm])} |`);
  const differences = accuracies.export.map((accuracy, seed) => accuracy - accuracies.apply[seed]);
  const [mean, error] = [meanOf(differences), standardErrorOf(differences, meanOf(differences))];
  console.log(["| training images | test accuracy |", "|---|---|", ...rows].join("\n"));
  console.log(
    `difference of export and apply: ${points(mean)} ± ${points(error)} points (one standard error)`,
  );
  if (Math.abs(mean) > 2 * error)
    throw new RunError("the accuracies differ by more than two standard errors");
}

function summaryOf(values: readonly number[]): string {
  return `${points(meanOf(values))}% ± ${points(standardErrorOf(values, meanOf(values)))}`;
}

function points(share: number): string {
  return (100 * share).toFixed(2);
}
