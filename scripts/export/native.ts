// Compares the framework's own transforms, as export --native writes them, with our augmentation: each technique that a framework
// has, at fixed and at drawn magnitudes, and a policy of several.
//
//   pip install -r scripts/export/requirements.txt      # Python 3.11
//   npm run compare:native -- --python path/to/python3
//
// Prints a row for each; exit code 1 if a distribution differs.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { redrawInto } from "../../src/augment/redraw.ts";
import { RunError, UsageError } from "../../src/common/errors.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { MODULE } from "../../src/export/frameworks.ts";
import { nativeFiles } from "../../src/export/native-module.ts";
import { createBatch, type ImageBatch, imageAt, selectImages } from "../../src/image/batch.ts";
import type { Policy } from "../../src/policy/policy.ts";
import { PythonPeer } from "../bench/python-peer.ts";
import { compareSamples, measureImages } from "../imgaug/measures.ts";
import { runScript } from "../run-script.ts";
import { NEGLIGIBLE } from "./rows.ts";

const FRAMEWORKS = ["albumentations", "torchvision"] as const;
const STATISTICS = ["mean", "deviation", "change", "colour", "grain"] as const;

/** A base, a chain of two, chances and a portion together. */
const SEVERAL: Policy = {
  ...{ base: "flip", redrawn: true, portion: 0.7, chances: [0.3, 0.5, 0.8] },
  chains: [
    [{ type: "invert", magnitude: 0 }],
    [
      { type: "posterize", magnitude: 0.5 },
      { type: "vertical-flip", magnitude: 1 },
    ],
    [{ type: "brightness", magnitude: 0.6 }],
  ],
};

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      python: { type: "string", default: process.env.PYTHON ?? "python3" },
      images: { type: "string", default: "1000" },
    },
  });
  const indices = Array.from({ length: Number(values.images) }, (_, i) => i);
  const images = selectImages((await loadDataset("cifar10")).train.images, indices);
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-native-"));
  const script = fileURLToPath(new URL("native.py", import.meta.url));
  const peer = await PythonPeer.start(values.python, ["-W", "ignore", script]);
  try {
    const input = join(folder, "in.bin");
    writeFileSync(input, images.data);
    const outside: string[] = [];
    for (const { name, policy, framework, files } of cases()) {
      const place = join(folder, name.replaceAll(" ", "-"));
      mkdirSync(place);
      for (const [file, text] of Object.entries(files)) writeFileSync(join(place, file), text);
      const job = {
        module: join(place, `${MODULE}.py`),
        framework,
        images: input,
        out: join(place, "out.bin"),
      };
      await peer.ask({ ...job, height: images.height, width: images.width });
      const theirs = { ...images, data: new Uint8Array(readFileSync(job.out)) };
      const ours = createBatch(images.count, images.height, images.width);
      redrawInto(ours, images, indices, [{ policy }], 7);
      const comparisons = compare(images, ours, theirs);
      const worst = Math.max(...comparisons.map(({ kolmogorov }) => kolmogorov));
      if (comparisons.some(({ inside }) => !inside)) outside.push(name);
      console.log(
        `${name}: ${worst.toFixed(3)}, ${equalImages(ours, theirs)} of ${images.count} images equal`,
      );
    }
    if (outside.length > 0) throw new RunError(`not the same: ${outside.join(", ")}`);
  } finally {
    peer.close();
    rmSync(folder, { recursive: true });
  }
});

/** Each framework with each technique that it has, and with the policy of several. */
function* cases() {
  for (const framework of FRAMEWORKS) {
    yield caseOf(`${framework} several`, framework, SEVERAL);
    for (const type of EXTENDED_TECHNIQUES) {
      for (const magnitudes of [undefined, "drawn"] as const) {
        for (const magnitude of [0.25, 1]) {
          const chains = [[{ type, magnitude }]];
          const policy: Policy = { chains, portion: 1, redrawn: true, ...(magnitudes && { magnitudes }) };
          try {
            yield caseOf(`${framework} ${type} ${magnitude} ${magnitudes ?? "fixed"}`, framework, policy);
          } catch (error) {
            // The framework does not have it.
            if (!(error instanceof UsageError)) throw error;
          }
        }
      }
    }
  }
}

function caseOf(name: string, framework: (typeof FRAMEWORKS)[number], policy: Policy) {
  return { name, framework, policy, files: nativeFiles({ policies: [policy] }, framework).files };
}

function compare(originals: ImageBatch, ours: ImageBatch, theirs: ImageBatch) {
  const [before, own, other] = [originals, ours, theirs].map((images) => measureImages(images, originals));
  return STATISTICS.map((name) => {
    const changes = (one: typeof own) => one[name].map((value, i) => value - before[name][i]);
    return compareSamples(changes(own), changes(other), NEGLIGIBLE, true);
  });
}

function equalImages(one: ImageBatch, other: ImageBatch): number {
  const places = Array.from({ length: one.count }, (_, i) => i);
  return places.filter((i) => Buffer.compare(imageAt(one, i), imageAt(other, i)) === 0).length;
}
