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
  "controller",
  "policy",
  "augment",
  "engine",
  "child",
  "experiment",
  "search",
  "apply",
  "report",
  "cli",
];

const files = globSync("src/**/*.ts", { cwd: ROOT }).filter((file) => file !== "src/index.ts");

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map((match) => match[1]);
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
