import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { freePath } from "../../src/common/run-folder.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-free-"));
after(() => rmSync(root, { recursive: true }));

describe("freePath", () => {
  it("is the path itself, or the first one with a number at which there is nothing", () => {
    const path = join(root, "photos-augmented");
    assert.equal(freePath(path), path);
    mkdirSync(path);
    assert.equal(freePath(path), `${path}-2`);
    writeFileSync(`${path}-2`, "");
    assert.equal(freePath(path), `${path}-3`);
  });
});
