// The build, dist/, on the Node that runs this: a sheet of techniques, and a dataset augmented, as JPEG files and as npz.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const program = resolve("dist/bin/deepaugment.js");
const data = resolve("test/fixtures/cifar-10-sample.tar.gz");
const folder = mkdtempSync(join(tmpdir(), "deepaugment-build-"));
const run = (...args) =>
  execFileSync(process.execPath, [program, ...args], {
    cwd: folder,
    env: { ...process.env, DEEPAUGMENT_HOME: join(folder, "home") },
    encoding: "utf8",
  });
try {
  const chains = [
    [
      { type: "fog", magnitude: 0 },
      { type: "rotate", magnitude: 0.2 },
    ],
  ];
  const found = {
    trial: 1,
    reward: 0.6,
    standardError: null,
    expectedAccuracyIncrease: 0.1,
    portion: 1,
    chains,
  };
  const dataset = { name: "images", classes: 10, imageShape: [32, 32, 3] };
  const baseline = { reward: 0.5, standardError: null };
  const file = { format: "deepaugment-policies", version: 1, dataset, baseline, policies: [found] };
  writeFileSync(join(folder, "policy.json"), JSON.stringify(file));
  for (const form of [
    ["--format", "jpeg"],
    ["--as", "npz"],
  ]) {
    const out = form.at(-1);
    run("apply", "--policy", "policy.json", "--data", data, "--out", out, ...form);
    const rows = readFileSync(join(folder, out, "manifest.csv"), "utf8")
      .trimEnd()
      .split("\n");
    assert.equal(rows.length, 1 + 240 + 200);
  }
  assert.match(run("data", "info", "npz"), /400 train/);
  run("preview", "--techniques", "--data", data);
  console.log(`dist/ on Node ${process.version}: 1 passed, 0 failed`);
} finally {
  rmSync(folder, { recursive: true });
}
