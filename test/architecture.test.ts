// Checks the dependencies between the folders of src: data flows one way, and no folder imports a later one.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { VERSION } from "../src/common/version.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** In the order of the data flow. `cli/` and `index.ts` may use all of them. */
const FOLDERS = [
  "common",
  "config",
  "image",
  "dataset",
  "engine",
  "controller",
  "policy",
  "pipelines",
  "augment",
  "child",
  "experiment",
  "search",
  "analysis",
  "evaluate",
  "measure",
  "budget",
  "apply",
  "export",
  "report",
  "cli",
];

const files = globSync("src/**/*.ts", { cwd: ROOT }).filter((file) => file !== "src/index.ts");

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]);
}

/** The files whose values a file imports when it is loaded: without type-only and dynamic imports. */
function valueImportsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const statements = text.matchAll(/^(?:import|export)\s+(?!type\b)(?:([^;"]*?)from\s+)?"(\.[^"]+)";/gm);
  return [...statements]
    .filter(([, names]) => {
      const listed = names?.match(/\{([^}]*)\}/)?.[1].split(",");
      return !listed?.every((name) => /^\s*(type\s|$)/.test(name));
    })
    .map(([, , target]) => join(dirname(file), target));
}

/** A cycle of files, each of which imports values of the next one; undefined if there is none. */
function findCycle(): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const target of valueImportsOf(file)) {
      const cycle = visit(target);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of files) {
    const cycle = visit(file);
    if (cycle) return cycle;
  }
  return undefined;
}

describe("the folders of src", () => {
  it("are all known, and none imports a later one", () => {
    assert.ok(files.length > 30);
    for (const file of files) {
      const folder = file.split("/")[1];
      assert.ok(FOLDERS.includes(folder), `${file}: unknown folder ${folder}`);
      for (const target of importsOf(file).filter((name) => name.startsWith("."))) {
        const imported = relative(join(ROOT, "src"), join(ROOT, dirname(file), target)).split("/")[0];
        // The program starts itself again through bin/; only cli/ may use that.
        if (!FOLDERS.includes(imported)) assert.fail(`${file} imports ${target}`);
        assert.ok(
          FOLDERS.indexOf(imported) <= FOLDERS.indexOf(folder),
          `${file} (${folder}) imports ${imported}, a later folder`,
        );
      }
    }
  });

  it("have no import cycles of values, also inside a folder", () => {
    assert.ok(valueImportsOf("src/child/trainer.ts").includes("src/child/steps.ts"));
    assert.equal(findCycle()?.join(" → "), undefined);
  });

  it("leave it to engine/ to know the engines' capabilities", () => {
    for (const file of files.filter((name) => name.split("/")[1] !== "engine")) {
      const text = readFileSync(join(ROOT, file), "utf8");
      assert.doesNotMatch(
        text,
        /[=!]==? "(native|webgpu|wasm|tensorflow)"/,
        `${file} compares an engine's name`,
      );
    }
  });

  it("keep TensorFlow.js to engine/ and child/, jimp to image/, printing to cli/terminal.ts", () => {
    for (const file of files) {
      const folder = file.split("/")[1];
      const imports = importsOf(file);
      if (imports.some((name) => name.startsWith("@tensorflow/")))
        assert.ok(["engine", "child"].includes(folder), file);
      if (imports.some((name) => name === "jimp" || name.startsWith("@jimp/")))
        assert.equal(folder, "image", file);
      const text = readFileSync(join(ROOT, file), "utf8");
      if (/console\.|process\.(stdout|stderr)/.test(text))
        assert.equal(file, "src/cli/terminal.ts", `${file} prints past main's streams`);
    }
  });
});

describe("the version", () => {
  it("is the same as in package.json", () => {
    assert.equal(VERSION, JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version);
  });

  it("is the same in CITATION.cff, and the newest one in CHANGELOG.md", () => {
    const citation = readFileSync(join(ROOT, "CITATION.cff"), "utf8");
    assert.equal(/^version: (.+)$/m.exec(citation)?.[1], VERSION);
    const changelog = readFileSync(join(ROOT, "CHANGELOG.md"), "utf8");
    assert.equal(/^## (\d\S+)$/m.exec(changelog)?.[1], VERSION);
  });
});
