// Runs the program as its users do, in an empty folder with an empty PATH: the standalone executable, or the build on a
// Node that may be older than the one of the tests.
//
//   npm run build:binary && npm run check:binary
//   npm run build && npm run check:build -- /usr/bin/node

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { hasAsset, NATIVE_ADDON } from "../src/common/assets.ts";
import { decodeImage } from "../src/image/codec.ts";
import { unpackSet } from "../test/dataset/fixtures/packed-set.ts";
import { readConformanceSet } from "../test/image/conformance-set.ts";
import { findStrip } from "./strip.ts";

const NAME = process.platform === "win32" ? "deepaugment.exe" : "deepaugment";
/** In bytes; Node's symbols, which are removed if there is strip, take 18 MB. */
const LARGEST = findStrip() ? 130e6 : 150e6;

const folder = mkdtempSync(join(tmpdir(), "deepaugment-binary-"));
const work = join(folder, "work");
const [node] = process.argv.slice(2);
const command = node ? [node, resolve("dist/bin/deepaugment.js")] : [join(folder, NAME)];
try {
  mkdirSync(work);
  if (!node) {
    const { size } = statSync(join("build", NAME));
    console.log(`build/${NAME}: ${(size / 1e6).toFixed(1)} MB`);
    assert.ok(size <= LARGEST, `the executable has at most ${LARGEST / 1e6} MB`);
    checkBill(join("build", NAME));
    copyFileSync(join("build", NAME), join(folder, NAME));
  }
  copyFileSync("test/fixtures/cifar-10-sample.tar.gz", join(folder, "images.tar.gz"));

  assert.match(run("--help"), /optimize/);
  assert.match(run("data", "info", "../images.tar.gz"), /10 classes/);
  const settings = {
    train_set_size: 60,
    validation_set_size: 20,
    child_epochs: 2,
    opt_samples: 1,
    confirm_top: 1,
    confirm_samples: 2,
    workers: 2,
  };
  const sets = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  const result = run("optimize", "--data", "../images.tar.gz", "--iterations", "3", "--out", "out", ...sets);
  assert.match(result, /The baseline, without augmentation/);
  const experiment = join(work, "out", readdirSync(join(work, "out"))[0]);
  const facts = JSON.parse(readFileSync(join(experiment, "experiment.json"), "utf8"));
  assert.equal(facts.engine, hasAsset(NATIVE_ADDON) ? "native" : "wasm", "native if it was compiled");
  const notebook = readFileSync(join(experiment, "notebook.csv"), "utf8").trimEnd().split("\n");
  assert.equal(notebook.length, 1 + 4, "a row for every training");

  run("report", experiment, "--out", "report.html");
  const page = readFileSync(join(work, "report.html"), "utf8");
  assert.ok(!page.includes("The pictures cannot be shown"), "the data are found");
  assert.ok(page.includes("@observablehq/plot"), "the script of the page");
  assert.equal(JSON.parse(run("report", experiment, "--json")).search.trials.length, 4);

  if (node) {
    checkLibrary(node, settings);
    const example = [resolve("examples/library.mjs"), "../images.tar.gz", "2", JSON.stringify(settings)];
    assert.match(runCommand([node, ...example]), /^trial 4: reward/m, "the library's example continues");
    const own = [resolve("examples/own-executor.mjs"), "../images.tar.gz", "1", "histories"];
    const ownExample = [node, ...own, JSON.stringify({ ...settings, confirm_top: 0 })];
    assert.match(runCommand(ownExample), /^2 trained, 0 trained before$/m, "the executor's example trains");
    assert.match(runCommand(ownExample), /^0 trained, 2 trained before$/m, "and keeps what it has trained");
  }

  const operation = { type: "rotate", magnitude: 0.2 };
  const policy = {
    trial: 1,
    reward: 0.6,
    standardError: null,
    expectedAccuracyIncrease: 0.1,
    portion: 1,
    chains: [[operation]],
  };
  const dataset = { name: "images", classes: 10, imageShape: [32, 32, 3] };
  const baseline = { reward: 0.5, standardError: null };
  const file = { format: "deepaugment-policies", version: 1, dataset, baseline, policies: [policy] };
  writeFileSync(join(work, "policy.json"), JSON.stringify(file));
  run("apply", "--policy", "policy.json", "--data", "../images.tar.gz", "--out", "augmented");
  const manifest = readFileSync(join(work, "augmented", "manifest.csv"), "utf8")
    .trimEnd()
    .split("\n");
  assert.equal(manifest.length, 1 + 200 + 40 + 200, "a row per original and per augmented training image");

  run("apply", "--policy", "policy.json", "--data", "../images.tar.gz", "--out", "jpeg", "--format", "jpeg");
  const [copy] = readdirSync(join(work, "jpeg"), { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith("_aug1.jpg"),
  );
  const { height: side } = await decodeImage(readFileSync(join(work, "jpeg", copy)), copy);
  assert.equal(side, 32, "an augmented JPEG file");

  assert.match(run("data", "info", "jpeg"), /400 train/, "JPEG files are decoded");

  // Pictures of every format; each decoder is another asset.
  const pictures = (await readConformanceSet()).filter(({ skip, zstd }) => skip === undefined && !zstd);
  for (const [i, { file, bytes }] of pictures.entries()) {
    const path = join(work, "pictures", i % 2 === 0 ? "even" : "odd", file.replace("/", "-"));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  const read = run("data", "info", "pictures");
  assert.match(read, new RegExp(`${pictures.length} train`), "pictures of every format are decoded");
  assert.doesNotMatch(read, /skipped/);

  // Larger files of every compression.
  const set = await unpackSet(join(work, "packed"));
  const larger = Object.keys(set.cases).filter((name) => Object.keys(set.cases[name]).length > 0);
  for (const name of larger)
    assert.match(run("data", "info", join("packed", name)), / train/, `${name} is read`);

  run("apply", "--policy", "policy.json", "--data", "../images.tar.gz", "--out", "numpy", "--as", "npz");
  assert.match(run("data", "info", "numpy"), /400 train/);

  run("preview", "--policy", "policy.json", "--data", "../images.tar.gz", "--out", "policy.png");
  run("preview", "--techniques", "--data", "../images.tar.gz", "--out", "techniques.png");
  for (const sheet of ["policy.png", "techniques.png"]) {
    const { height, width } = await decodeImage(readFileSync(join(work, sheet)), sheet);
    assert.ok(height > 500 && width > 500, `${sheet} is ${height} x ${width} pixels`);
  }

  const speed = JSON.parse(
    run("bench", "--workers", "1", "--batch", "8", "--seconds", "0.2", "--profile", "--json"),
  );
  assert.equal(speed.engine, facts.engine);
  assert.ok(speed.imagesPerSecond > 0 && speed.profile.rows.length > 5, "a measured training");
  const { engines } = JSON.parse(run("doctor", "--seconds", "0.1", "--json"));
  const webgpu = engines.find(({ engine }: { engine: string }) => engine === "webgpu");
  assert.match(webgpu.problem, /^finds no /, "Dawn is there");
  console.log(`${command.join(" ")}: 1 passed, 0 failed; engine ${facts.engine}`);
} finally {
  rmSync(folder, { recursive: true });
}

/** The executable's bill of materials is of this file, and has what the bundles of the program and of the page are made of, and Node. */
function checkBill(executable: string): void {
  const { metadata, components } = JSON.parse(readFileSync(`${executable}.cdx.json`, "utf8"));
  const digest = createHash("sha256").update(readFileSync(executable)).digest("hex");
  assert.equal(metadata.component.hashes[0].content, digest);
  const names = new Set(components.map(({ name }: { name: string }) => name));
  for (const name of [
    "@jsquash/avif",
    "@observablehq/plot",
    "@tensorflow/tfjs-core",
    "node",
    "webgpu",
    "zod",
  ])
    assert.ok(names.has(name), `the bill has ${name}`);
}

/** A program of TensorFlow.js searches with its own model, and the library's declarations hold. */
function checkLibrary(node: string, settings: object): void {
  const project = join(work, "program");
  mkdirSync(join(project, "node_modules"), { recursive: true });
  const link = (name: string, path: string) =>
    symlinkSync(resolve(path), join(project, "node_modules", name), "junction");
  link("deepaugment", ".");
  link("@tensorflow", "node_modules/@tensorflow");
  link("@types", "node_modules/@types");
  writeFileSync(
    join(project, "search.mjs"),
    `import "@tensorflow/tfjs-backend-cpu";
     import { layers, sequential } from "@tensorflow/tfjs-layers";
     console.warn = (line) => { if (line.includes("registered")) throw new Error(line); };
     const { DeepAugment } = await import("deepaugment");
     const model = sequential();
     model.add(layers.conv2d({ inputShape: [32, 32, 3], filters: 4, kernelSize: 3 }));
     model.add(layers.globalAveragePooling2d({}));
     model.add(layers.dense({ units: 10, activation: "softmax" }));
     const search = new DeepAugment("../images.tar.gz", { ...${JSON.stringify(settings)}, confirm_top: 0, model });
     await search.optimize(1, { onTrial: ({ trial, reward }) => console.log("trial", trial, reward) });`,
  );
  assert.match(runCommand([node, join(project, "search.mjs")]), /^trial 1 0/m, "its own model is trained");
  writeFileSync(join(project, "index.ts"), 'export * from "deepaugment";\n');
  const compilerOptions = {
    module: "nodenext",
    target: "es2023",
    lib: ["es2023"],
    types: ["node"],
    strict: true,
  };
  const options = { ...compilerOptions, noEmit: true };
  writeFileSync(
    join(project, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, files: ["index.ts"] }),
  );
  execFileSync("tsc", ["-p", project], { stdio: "inherit" });
}

/** What the program prints; it must exit with 0. */
function run(...args: string[]): string {
  return runCommand([...command, ...args]);
}

function runCommand([file, ...args]: readonly string[]): string {
  // Without a graphics card, wherever it is checked.
  const environment = {
    PATH: "",
    HOME: folder,
    DEEPAUGMENT_HOME: join(folder, "home"),
    VK_ICD_FILENAMES: join(folder, "none.json"),
  };
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd: work,
    env: environment,
    encoding: "utf8",
  });
  assert.equal(status, 0, `${args.join(" ")}: ${error ?? stderr}`);
  return stdout;
}
