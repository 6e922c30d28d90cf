// The rooms of the house: data flows one way, and a room imports none that comes later.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { VERSION } from "../src/common/version.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** In the order in which data flows. `cli/` and `index.ts` know all. */
const ROOMS = [
  "common",
  "config",
  "image",
  "dataset",
  "engine",
  "controller",
  "policy",
  "augment",
  "child",
  "experiment",
  "search",
  "measure",
  "apply",
  "report",
  "cli",
];

const files = globSync("src/**/*.ts", { cwd: ROOT }).filter((file) => file !== "src/index.ts");

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]);
}

/** The files whose values a file needs while it is loaded: neither types alone, nor what is imported when it is called. */
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

/** A chain of files each of which needs the next one's values, the last one the first one's; undefined if there is none. */
function findCircle(): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const target of valueImportsOf(file)) {
      const circle = visit(target);
      if (circle) return circle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of files) {
    const circle = visit(file);
    if (circle) return circle;
  }
  return undefined;
}

describe("the rooms", () => {
  it("are all known, and none imports a later one", () => {
    assert.ok(files.length > 30);
    for (const file of files) {
      const room = file.split("/")[1];
      assert.ok(ROOMS.includes(room), `${file}: unknown room ${room}`);
      for (const target of importsOf(file).filter((name) => name.startsWith("."))) {
        const imported = relative(join(ROOT, "src"), join(ROOT, dirname(file), target)).split("/")[0];
        // The program starts itself again from bin/, and only cli/ may be what it starts.
        if (!ROOMS.includes(imported)) assert.fail(`${file} imports ${target}`);
        assert.ok(
          ROOMS.indexOf(imported) <= ROOMS.indexOf(room),
          `${file} (${room}) imports ${imported}, a later room`,
        );
      }
    }
  });

  it("have no circle of files that need each other's values, inside a room either", () => {
    assert.ok(valueImportsOf("src/child/trainer.ts").includes("src/child/steps.ts"));
    assert.equal(findCircle()?.join(" → "), undefined);
  });

  it("leave it to engine/ to know what an engine can do", () => {
    for (const file of files.filter((name) => name.split("/")[1] !== "engine")) {
      const text = readFileSync(join(ROOT, file), "utf8");
      assert.doesNotMatch(
        text,
        /[=!]==? "(native|webgpu|wasm|tensorflow)"/,
        `${file} compares an engine's name`,
      );
    }
  });

  it("keep TensorFlow.js to engine/ and child/, jimp to image/, printing to cli/", () => {
    for (const file of files) {
      const room = file.split("/")[1];
      const imports = importsOf(file);
      if (imports.some((name) => name.startsWith("@tensorflow/")))
        assert.ok(["engine", "child"].includes(room), file);
      if (imports.some((name) => name === "jimp" || name.startsWith("@jimp/")))
        assert.equal(room, "image", file);
      const text = readFileSync(join(ROOT, file), "utf8");
      if (/console\.|process\.(stdout|stderr)\.write/.test(text)) assert.equal(room, "cli", `${file} prints`);
    }
  });
});

describe("the version", () => {
  it("is package.json's", () => {
    assert.equal(VERSION, JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).version);
  });
});
