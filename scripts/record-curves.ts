// Records learning curves of trainings under many policies (test/fixtures/curves-<data>.jsonl.gz), on which rewards, stopping
// rules and searches are compared without training. Each policy is trained on two draws of training images with weights of
// their own; the child is validated after every epoch, also with averaged weights, and in the end tested. Of fewer than 2,000
// training images, several epochs count as one.
//
//   npm run record:curves -- --data cifar10 --train-size 2000 --out curves-cifar10.jsonl
//
// Each training is a JSON line, appended when it ends; those that the file already has are not trained again. `--policies 37`
// records only the first ones: the recipes and the chosen policies.

import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { inspectionOf } from "../src/child/model.ts";
import { Random } from "../src/common/random.ts";
import { WorkerPool } from "../src/common/worker-pool.ts";
import { selectLabelled } from "../src/dataset/dataset.ts";
import { loadDataset } from "../src/dataset/load.ts";
import { writeSubsets } from "../src/dataset/subset-file.ts";
import { drawSubset } from "../src/dataset/subsets.ts";
import { probeEngine, resolveEngine } from "../src/engine/choose.ts";
import { formatPolicy } from "../src/policy/policy.ts";
import { curvePolicies } from "./curves/policies.ts";
import { AVERAGED_AT, EPOCHS } from "./curves/table.ts";
import type { CurveResult, CurveTask } from "./curves/training.ts";
import { runScript } from "./run-script.ts";

const SAMPLES = 2;
const VALIDATION = 4000;
/** Training images of an epoch in the table. */
const EPOCH_IMAGES = 2000;

await runScript(main);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: "string", default: "cifar10" },
      "train-size": { type: "string", default: "2000" },
      model: { type: "string", default: "basiccnn" },
      workers: { type: "string", default: String(availableParallelism()) },
      out: { type: "string", default: "curves.jsonl" },
      policies: { type: "string", default: "Infinity" },
    },
  });
  const { data, model, out } = values;
  const trainSize = Number(values["train-size"]);
  const policies = curvePolicies().slice(0, Number(values.policies));
  const dataset = await loadDataset(data);
  if (!dataset.test) throw new Error(`${data} has no test images`);
  const { height, width } = dataset.train.images;
  const classes = dataset.classNames.length;
  const { identity } = await resolveEngine("auto", "auto", (name) =>
    probeEngine(name, inspectionOf(model, { height, width, classes })),
  );
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-curves-"));
  const worker = fileURLToPath(new URL("curves/training.ts", import.meta.url));
  const pool = new WorkerPool<CurveTask, CurveResult>("curve", Number(values.workers), {
    command: { file: process.execPath, args: [worker] },
  });
  try {
    const files = Array.from({ length: SAMPLES }, (_, sample) => {
      const { labels } = dataset.train;
      const validation = drawSubset(labels, classes, VALIDATION, new Random("curves", "validation"));
      const held = new Set(validation);
      const rest = Int32Array.from([...labels.keys()].filter((index) => !held.has(index)));
      const ofRest = rest.map((index) => labels[index]);
      const random = new Random("curves", "training", sample);
      const drawn = drawSubset(ofRest, classes, trainSize, random);
      const train = selectLabelled(
        dataset.train,
        drawn.map((place) => rest[place]),
      );
      const path = (name: string) => join(folder, `${name}-${sample}.bin`);
      const images = selectLabelled(dataset.train, validation);
      writeSubsets(path("validation"), { train, validation: images, classes });
      writeSubsets(path("test"), { train: selectLabelled(train, [0]), validation: dataset.test!, classes });
      return { validation: path("validation"), test: path("test") };
    });
    const known = new Set(
      existsSync(out) ? readFileSync(out, "utf8").split("\n").filter(Boolean).map(keyOf) : [],
    );
    const record = async (policyIndex: number, sample: number) => {
      const { policy, equalSteps } = policies[policyIndex];
      const { name: engine, precision } = identity;
      const result = await pool.run({
        ...{ policy, equalSteps, sample, model, engine, precision },
        ...{ parts: EPOCHS, epochsPerPart: Math.max(1, Math.round(EPOCH_IMAGES / trainSize)) },
        ...{ averagedAt: AVERAGED_AT, ...files[sample] },
      });
      const line = { policyIndex, sample, equalSteps, policy, ...rounded(result) };
      appendFileSync(out, `${JSON.stringify(line)}\n`);
      const { accuracy } = result.test;
      console.error(`${policyIndex}, sample ${sample}: test ${accuracy}, ${formatPolicy(policy)}`);
    };
    const all = policies.flatMap((_, index) => [...files.keys()].map((sample) => ({ index, sample })));
    const missing = all.filter(({ index, sample }) => !known.has(`${index} ${sample}`));
    await Promise.all(missing.map(({ index, sample }) => record(index, sample)));
  } finally {
    await pool.close();
    rmSync(folder, { recursive: true });
  }
}

function keyOf(line: string): string {
  const { policyIndex, sample } = JSON.parse(line) as { policyIndex: number; sample: number };
  return `${policyIndex} ${sample}`;
}

/** With as many digits as mean something. */
function rounded(result: CurveResult): CurveResult {
  return JSON.parse(
    JSON.stringify(result, (_, value) => (typeof value === "number" ? Number(value.toFixed(5)) : value)),
  );
}
