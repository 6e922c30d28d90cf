// Models and datasets that are very deep, very long or have names for terminals: one line of printable characters, with little
// memory, or the right result.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { writePicture } from "../apply/pictures.ts";
import { lineOf, run, runMain } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-hostile-data-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true, force: true }));

function write(name: string, content: string): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const many = <Each>(count: number, make: (index: number) => Each) =>
  Array.from({ length: count }, (_, i) => make(i));
const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

describe("an own model", () => {
  const modelsOf = (model: unknown) =>
    runMain(
      ["models", write("model.json", typeof model === "string" ? model : JSON.stringify(model))],
      environment,
    );
  const input = { class_name: "InputLayer", config: { name: "in", batch_input_shape: [null, 32, 32, 3] } };
  const convolution = (name: string, filters = 3) => {
    return { class_name: "Conv2D", config: { name, filters, kernel_size: [1, 1], activation: "relu" } };
  };
  const node = (...names: string[]) => [names.map((name) => [name, 0, 0, {}])];
  const head = [
    { class_name: "GlobalAveragePooling2D", config: { name: "pool" } },
    { class_name: "Dense", config: { name: "dense", units: 10, activation: "softmax" } },
  ];
  const keras2 = { keras_version: "2.15.0" };
  const sequential = (body: readonly unknown[]) => {
    return { ...keras2, class_name: "Sequential", config: { name: "s", layers: [input, ...body, ...head] } };
  };
  const functional = (body: readonly { readonly name: string }[]) => {
    const ends = [
      { ...head[0], name: "pool", inbound_nodes: node(body.at(-1)!.name) },
      { ...head[1], name: "dense", inbound_nodes: node("pool") },
    ];
    const connections = { input_layers: [["in", 0, 0]], output_layers: [["dense", 0, 0]] };
    const first = { ...input, name: "in", inbound_nodes: [] };
    return {
      ...keras2,
      class_name: "Functional",
      config: { name: "f", layers: [first, ...body, ...ends], ...connections },
    };
  };
  const chain = (length: number) =>
    many(length, (i) => ({
      ...convolution(`c${i}`),
      name: `c${i}`,
      inbound_nodes: node(i === 0 ? "in" : `c${i - 1}`),
    }));
  /** A model that contains another twice, one after the other, and that another, and so on. */
  const nested = (levels: number): { name: string; inbound_nodes: unknown } => {
    const name = `m${levels}`;
    const inner =
      levels === 0 ? { ...convolution("c"), name: "c", inbound_nodes: node("in") } : nested(levels - 1);
    const twice =
      levels === 0 ? inner : { ...inner, inbound_nodes: [...node("in"), [[inner.name, 1, 0, {}]]] };
    const layers = [{ ...input, name: "in", inbound_nodes: [] }, twice];
    const connections = {
      input_layers: [["in", 0, 0]],
      output_layers: [[inner.name, levels === 0 ? 0 : 2, 0]],
    };
    const inbound_nodes = node("in");
    return Object.assign(
      { name, inbound_nodes },
      { class_name: "Functional", config: { name, layers, ...connections } },
    );
  };
  const withNested = (levels: number) => {
    const model = functional([nested(levels)]);
    return JSON.stringify(model).replace(`[["m${levels}",0,0,{}]]`, `[["m${levels}",1,0,{}]]`);
  };
  const TOO_MANY =
    /applies layers more than 2000 times \(to n inputs counts n - 1 times\); give a smaller one$/;
  const cases: Record<string, [model: () => unknown, problem: RegExp]> = {
    "of 5,000 layers one after another": [
      () => sequential(many(5000, (i) => convolution(`c${i}`))),
      TOO_MANY,
    ],
    "of 5,000 connected layers": [() => functional(chain(5000)), TOO_MANY],
    "that contains a model twice, 20 times": [() => withNested(20), TOO_MANY],
    "that contains a model twice, 40 times": [
      () => withNested(40),
      /not valid JSON \(it has more than 100 levels\)/,
    ],
    "with a layer of 100,000 inputs": [
      () =>
        functional([
          ...chain(1),
          {
            class_name: "Add",
            name: "add",
            config: { name: "add" },
            inbound_nodes: node(...many(100_000, () => "c0")),
          } as never,
        ]),
      TOO_MANY,
    ],
    "whose layers need each other": [
      () =>
        functional([
          { ...convolution("a"), name: "a", inbound_nodes: node("b") } as never,
          { ...convolution("b"), name: "b", inbound_nodes: node("a") } as never,
        ]),
      /refers to an output that layer . does not have$/,
    ],
    "of megabytes": [
      () => " ".repeat(10_000_000),
      /has 10000000 characters, more than the 8388608 that a model may have/,
    ],
    "whose name has 20,000 levels": [
      () => JSON.stringify(sequential([])).replace('"s"', deep(20_000)),
      /not valid JSON \(it has more than 100 levels\)/,
    ],
    "with a class of a million letters": [
      () => sequential([{ ...convolution("c"), class_name: "X".repeat(1_000_000) }]),
      /layer c \(X{198}… is not supported; use Conv2D, /,
    ],
    "with a class of control characters": [
      () => sequential([{ ...convolution("c"), class_name: "a\u001b[31m\n\0b\u202e" }]),
      /layer c \(a\\x1b\[31m\\n\\x00b\\u202e\) is not supported/,
    ],
    "with 100,000 unknown settings": [
      () => {
        const { class_name, config } = convolution("c");
        return sequential([
          { class_name, config: { ...config, ...Object.fromEntries(many(100_000, (i) => [`k${i}`, 1])) } },
        ]);
      },
      /layer c \(Conv2D\) has k0 1, which is not supported$/,
    ],
  };
  for (const [name, [model, problem]] of Object.entries(cases)) {
    it(`${name} is one line`, async () => {
      assert.match(lineOf(await modelsOf(model())), problem);
    });
  }

  it("may have a chain of 1,900 layers, or contain others many times", async () => {
    for (const model of [functional(chain(1900)), withNested(8)]) {
      const { code, stderr } = await modelsOf(model);
      assert.equal(code, 0, stderr);
    }
  });

  it("is not read from a pipe or a folder", { skip: process.platform === "win32" }, async () => {
    const pipe = join(root, "pipe.json");
    execFileSync("mkfifo", [pipe]);
    assert.match(
      lineOf(await runMain(["models", pipe], environment)),
      /it is a named pipe, not an ordinary file$/,
    );
  });
});

describe("a table of labels", () => {
  let tables = 0;
  /** Eight pictures with a table that says what they show. */
  async function infoOf(name: string, text: string) {
    const folder = join(root, `table-${tables++}`);
    for (const i of many(8, (each) => each)) await writePicture(join(folder, `${i}.png`), i, 8, 8);
    writeFileSync(join(folder, name), text);
    // Memory is the process's own.
    const options = { ...environment, NODE_OPTIONS: "--max-old-space-size=400" };
    return run(["data", "info", folder], options);
  }
  const row = (i: number) => `${i}.png,${"ab"[i % 2]}\n`;
  const object = (i: number, more: object = {}, label = "ab"[i % 2]) =>
    `${JSON.stringify({ file_name: `${i}.png`, label, ...more })}\n`;
  const keys = (count: number, prefix: string) =>
    Object.fromEntries(many(count, (i) => [`${prefix}${i}`, 1]));
  const cases: Record<string, [name: string, text: () => string, problem: RegExp]> = {
    "of 100,000 columns": [
      "labels.csv",
      () => `file,label,${many(100_000, (i) => `c${i}`).join()}\n${many(8, row).join("")}`,
      /has 100002 columns in 9 rows, more than a table of labels may have \(30000 columns, 33554432 cells\); keep the columns/,
    ],
    "of 100,000 keys": [
      "metadata.jsonl",
      () => many(8, (i) => object(i, i === 0 ? keys(100_000, "k") : {})).join(""),
      /has 100002 columns in 8 rows, more than a table of labels may have/,
    ],
    "of other keys in every line": [
      "metadata.jsonl",
      () => many(2000, (i) => object(i, keys(10, `k${i}_`))).join(""),
      /has 20002 columns in 2000 rows, more than a table of labels may have/,
    ],
    "with a cell of 20 MB without an end": [
      "labels.csv",
      () => `file,label\n0.png,"${"x".repeat(20_000_000)}`,
      /labels\.csv, line 2: not valid CSV: /,
    ],
  };
  for (const [title, [name, text, problem]] of Object.entries(cases)) {
    it(`${title} is one line`, async () => {
      assert.match(lineOf(await infoOf(name, text())), problem);
    });
  }

  it("may have deep values beside the labels, and names that would control a terminal", async () => {
    const line = (i: number) =>
      object(i, {}, ["a\u001b[31m\u0007", "b\u202e\u009b"][i % 2]).replace("}", `,"boxes":${deep(100_000)}}`);
    const { code, stdout, stderr } = await infoOf("metadata.jsonl", many(8, line).join(""));
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout.replaceAll("\n", ""), /[\p{Cc}\p{Bidi_Control}]/u);
    assert.match(stdout, /b\\u202e/);
  });
});

describe("a folder of pictures", { skip: process.platform === "win32" }, () => {
  it("may have names that would control a terminal, which are shown escaped", async () => {
    const folder = join(root, "names");
    for (const name of ["a\u001b[31m", "b\n\u202e"]) {
      for (const i of [0, 1]) await writePicture(join(folder, name, `${i}.png`), i, 8, 8);
      write(join("names", name, "bad\u0007.png"), "");
    }
    const { code, stdout, stderr } = await runMain(["data", "info", folder], environment);
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stdout.replaceAll("\n", ""), /[\p{Cc}\p{Bidi_Control}]/u);
    assert.match(stdout, /^a\\x1b\[31m +2$/m);
    assert.match(stdout, /names\/b\\n\\u202e\/bad\\x07\.png: the file is empty/);
  });
});
