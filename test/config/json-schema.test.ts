// The JSON Schemas by which editors check configurations: they are up to date, and accept and refuse what the program does.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, it } from "node:test";
import { Ajv } from "ajv";
import { parse } from "yaml";
import type { z } from "zod";
import { SCHEMA_FILES } from "../../scripts/docs/json-schemas.ts";
import { EVALUATION } from "../../src/config/evaluation.ts";
import { jsonSchemaOf } from "../../src/config/json-schema.ts";
import type { KeySet } from "../../src/config/keys.ts";
import { resolveConfig } from "../../src/config/load.ts";
import { CONFIG } from "../../src/config/schema.ts";

const isSearch = new Ajv({ strictTypes: false }).compile(jsonSchemaOf(CONFIG, "a search"));
const isEvaluation = new Ajv({ strictTypes: false }).compile(jsonSchemaOf(EVALUATION, "an evaluation"));

const VALID: readonly Record<string, unknown>[] = [
  ...[{ data: "cifar10" }, { data: "photos/" }, { image_size: null }, { image_size: 32 }],
  ...[{ operations: "Original" }, { operations: ["Shear_X", "gaussian blur"] }, { operations: ["ROTATE"] }],
  ...[
    { bases: ["none", "Flip_Crop+RandAugment"] },
    { bases: "all" },
    { bases: "usual" },
    { families: [] },
    { families: "none" },
  ],
  ...[{ arrays: ["a", 1] }, { arrays: { train: ["a", "b"], test: ["c", "d"] } }, { stop_epochs: [3, 9] }],
  ...[{ queue: "redis://host:6379/0" }, { stop_share: 0 }, { workers: "auto" }, { model: "wrn_40_2" }],
];

const INVALID: readonly Record<string, unknown>[] = [
  ...[{ itertions: 3 }, { iterations: 0 }, { iterations: 1.5 }, { data: 7 }, { engine: "cuda" }],
  ...[{ operations: "some" }, { operations: "orig-inal" }, { operations: [] }, { operations: ["rotat"] }],
  ...[{ operations: ["rotate", "rotate"] }, { bases: ["flip-flop"] }, { families: "some" }, { mixed: "yes" }],
  ...[{ arrays: ["a"] }, { arrays: { test: ["c", "d"] } }, { stop_epochs: [3, 3] }, { stop_share: 1 }],
  ...[{ queue: "http://host" }, { child_epochs: "many" }, { train_set_size: null }],
];

describe("the JSON Schemas in configs/", () => {
  it("match the sets of keys (npm run docs)", () => {
    for (const [file, text] of Object.entries(SCHEMA_FILES)) {
      assert.equal(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"), text, file);
    }
  });

  it("are named by the examples, which are valid", () => {
    const files = globSync("configs/*.yaml", { cwd: new URL("../..", import.meta.url) });
    assert.ok(files.length >= 5);
    for (const file of files) {
      const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
      const [, schema] = /^# yaml-language-server: \$schema=\.\/(\S+)\n/.exec(text) ?? [];
      assert.ok(`configs/${schema}` in SCHEMA_FILES, file);
      const isValid = new Ajv({ strictTypes: false }).compile(JSON.parse(SCHEMA_FILES[`configs/${schema}`]));
      assert.ok(isValid(parse(text)), `${file}: ${JSON.stringify(isValid.errors)}`);
      const command = schema === "search.schema.json" ? "optimize" : "evaluate";
      assert.match(text, new RegExp(`deepaugment ${command} --config configs/${basename(file)}`));
    }
  });

  it("explain every key and have its default", () => {
    for (const keys of [CONFIG, EVALUATION] as KeySet<Record<string, z.ZodType>>[]) {
      const { properties = {} } = jsonSchemaOf(keys, "any");
      assert.deepEqual(Object.keys(properties), keys.names);
      for (const { key, explanation, default: fallback } of keys.describeAll()) {
        const property = properties[key];
        assert.ok(typeof property === "object");
        assert.equal(property.description, explanation);
        const written = Array.isArray(property.default) ? "[]" : property.default;
        assert.equal(written === undefined ? undefined : String(written), fallback, key);
      }
    }
  });
});

describe("the JSON Schema of a search", () => {
  it("accepts what the program accepts", () => {
    for (const values of VALID) {
      assert.ok(isSearch(values), `${JSON.stringify(values)}: ${JSON.stringify(isSearch.errors)}`);
      assert.doesNotThrow(() => resolveConfig({ data: "photos/", ...values }), JSON.stringify(values));
    }
  });

  it("refuses what the program refuses", () => {
    for (const values of INVALID) {
      assert.equal(isSearch({ ...values }), false, JSON.stringify(values));
      assert.throws(() => resolveConfig({ data: "photos/", ...values }), JSON.stringify(values));
    }
  });

  it("accepts all defaults", () => {
    const config = resolveConfig({ data: "photos/" });
    assert.ok(isSearch(config), JSON.stringify(isSearch.errors));
  });
});

describe("the JSON Schema of an evaluation", () => {
  it("accepts the parts of an arm in any order", () => {
    assert.ok(
      isEvaluation({ arms: ["none", "top-policies+flip-crop"] }),
      JSON.stringify(isEvaluation.errors),
    );
    assert.ok(!isEvaluation({ arms: [] }));
    assert.ok(!isEvaluation({ iterations: 3 }));
  });
});
