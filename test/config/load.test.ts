import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { UsageError } from "../../src/common/errors.ts";
import { EVALUATION } from "../../src/config/evaluation.ts";
import {
  type ConfigSources,
  formatConfig,
  loadConfig,
  loadKeys,
  loadSizedConfig,
  resolveConfig,
} from "../../src/config/load.ts";
import { CONFIG, type ConfigInput, EARLIER } from "../../src/config/schema.ts";
import { readPolicyFile } from "../../src/policy/policy-file.ts";
import { ORIGINAL } from "./original.ts";

const folder = mkdtempSync(join(tmpdir(), "deepaugment-config-"));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, "cfg.yaml");

function load(text: string, sources: Omit<ConfigSources, "file"> = {}) {
  writeFileSync(file, text);
  return loadConfig({ file, ...sources });
}

/** The one-line error of loading; `FILE` stands for the file's path. */
function errorOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    assert.doesNotMatch(error.message, /\n/);
    return error.message.replaceAll(file, "FILE");
  }
  return assert.fail("no error");
}

const errorIn = (text: string, sources?: Omit<ConfigSources, "file">) => errorOf(() => load(text, sources));

describe("loadConfig", () => {
  it("prefers --set to options, options to the file, and the file to defaults", () => {
    const text = "data: cifar10\niterations: 10\nseed: 1\nchild_epochs: 2\n";
    const config = load(text, {
      overrides: { iterations: "20", seed: 2, data: undefined },
      set: ["seed=3", "operations=[Rotate, HORIZONTAL_FLIP]", "workers=2"],
    });
    assert.equal(config.data, "cifar10");
    assert.equal(config.child_epochs, 2);
    assert.equal(config.iterations, 20);
    assert.equal(config.seed, 3);
    assert.deepEqual(config.operations, ["rotate", "horizontal-flip"]);
    assert.equal(config.workers, 2);
    assert.equal(config.opt_samples, 1);
  });

  it("needs no file, and keeps strings unchanged", () => {
    const config = loadConfig({
      overrides: { data: "007", name: "1e3" },
      set: ["out=a=b: [c", "image_size=null"],
    });
    assert.equal(config.data, "007");
    assert.equal(config.name, "1e3");
    assert.equal(config.out, "a=b: [c");
    assert.equal(config.image_size, null);
  });

  it("reports a missing, unreadable or empty file", () => {
    const missing = join(folder, "none.yaml");
    assert.equal(
      errorOf(() => loadConfig({ file: missing })),
      `cannot read the configuration ${missing}: there is no such file or folder`,
    );
    assert.equal(
      errorOf(() => loadConfig({ file: folder })),
      `cannot read the configuration ${folder}: it is a folder, not a file`,
    );
    for (const text of ["", "# nothing yet\n", "---\n"]) {
      assert.equal(errorIn(text), 'FILE is empty; write keys with values, such as "data: cifar10"');
    }
    for (const text of ["- data\n", "cifar10\n"]) {
      assert.equal(
        errorIn(text),
        'FILE contains no keys with values; write one per line, such as "data: cifar10"',
      );
    }
  });

  it("reports YAML syntax errors with line and column", () => {
    assert.match(
      errorIn("data: a\n\tseed: 2"),
      /^FILE, line 2, column 1: not valid YAML: tabs are not allowed/,
    );
    assert.match(errorIn("data: [a\nseed: 2"), /^FILE, line 2, column 1: not valid YAML: flow sequence/);
    assert.equal(
      errorIn("data: a\ndata: b\n"),
      "FILE, line 2, column 1: not valid YAML: map keys must be unique",
    );
    assert.equal(errorIn("data: !x a"), "FILE, line 1, column 7: not valid YAML: unresolved tag: !x");
    assert.match(errorIn("seed: 1\ndata: *x"), /^FILE, line 2: not valid YAML: unresolved alias/);
    assert.equal(
      errorIn("data: a\n---\ndata: b\n"),
      "FILE, line 2, column 1: not valid YAML: it contains more than one document",
    );
  });

  it("suggests the nearest of the known keys", () => {
    assert.equal(
      errorIn("# a comment\n\ndata: a\nchld_epochs: 3\n"),
      'unknown key "chld_epochs" (FILE, line 4); did you mean "child_epochs"?',
    );
    assert.match(
      errorIn("data: a\nquite_another_thing: 3\n"),
      /^unknown key .* \(FILE, line 2\); known keys are data, /,
    );
    assert.match(errorIn("data: a\n__proto__: {a: 1}\n"), /^unknown key "__proto__" \(FILE, line 2\)/);
    assert.equal(
      errorIn("data: a", { set: ["iteratons=3"] }),
      'unknown key "iteratons" (--set iteratons=3); did you mean "iterations"?',
    );
  });

  it("says what was expected, what was received, and where", () => {
    const count = "expected auto, or a whole number from 1 to 100000, received";
    assert.equal(errorIn("data: a\nchild_epochs: fifty\n"), `child_epochs: ${count} "fifty" (FILE, line 2)`);
    assert.equal(errorIn("data: a\nchild_epochs: 0\n"), `child_epochs: ${count} 0 (FILE, line 2)`);
    assert.equal(errorIn("data: a\nchild_epochs: 2.5\n"), `child_epochs: ${count} 2.5 (FILE, line 2)`);
    assert.equal(errorIn("data: a\nchild_epochs:\n"), `child_epochs: ${count} null (FILE, line 2)`);
    assert.equal(
      errorIn("data: a\nopt_overfit_margin: 1.5\n"),
      "opt_overfit_margin: expected a number from 0 to 1, received 1.5 (FILE, line 2)",
    );
    assert.equal(
      errorIn("data: a\nopt_overfit_margin: .nan\n"),
      "opt_overfit_margin: expected a number from 0 to 1, received NaN (FILE, line 2)",
    );
    assert.equal(
      errorIn("data: a\nengine: cuda\n"),
      'engine: expected one of auto, native, webgpu, tensorflow, wasm, received "cuda" (FILE, line 2)',
    );
    assert.equal(
      errorIn("data: a\nworkers: 0\n"),
      "workers: expected auto, or a whole number from 1 to 1024, received 0 (FILE, line 2)",
    );
    assert.equal(
      errorIn("data: 12\n"),
      "data: expected a dataset's name, or a path, received 12 (FILE, line 1)",
    );
    assert.equal(
      errorIn("data: a", { overrides: { iterations: "many", opt_samples: 1 } }),
      'iterations: expected a whole number from 1 to 1000000, received "many" (--iterations)',
    );
    assert.equal(
      errorIn("data: a", { set: ["child_batch_size=x"] }),
      'child_batch_size: expected a whole number from 1 to 65536, received "x" (--set child_batch_size=x)',
    );
  });

  it("reads the encodings of other programs", () => {
    const text = "# f\u00fcr uns\ndata: caf\u00e9\nname: 10\u20ac\n";
    const utf16 = Buffer.from(`\ufeff${text}`, "utf16le");
    const encoded = {
      "UTF-8": Buffer.from(text),
      "UTF-8 with BOM": Buffer.from(`\ufeff${text}`),
      "UTF-16LE": utf16,
      "UTF-16BE": Buffer.from(utf16).swap16(),
      "Windows-1252": Buffer.from(text.replace("\u20ac", "\u0080"), "latin1"),
    };
    for (const [encoding, bytes] of Object.entries(encoded)) {
      writeFileSync(file, bytes);
      const { data, name } = loadConfig({ file });
      assert.deepEqual([data, name], ["café", "10€"], encoding);
    }
    const problems: [Buffer, RegExp][] = [
      [
        Buffer.from("data: cifar10\n", "utf16le"),
        /^cannot read the configuration FILE: it is UTF-16 without a byte/,
      ],
      [
        Buffer.from("\ufeff\0d\0a\0", "utf16le"),
        /^cannot read the configuration FILE: it is UTF-32; save it as UTF-8$/,
      ],
      [Buffer.from("data: \0"), /^cannot read the configuration FILE: it is not text; save it as UTF-8$/],
      [Buffer.from("\ufeff", "utf16le"), /^FILE is empty/],
    ];
    for (const [bytes, expected] of problems) {
      writeFileSync(file, bytes);
      assert.match(
        errorOf(() => loadConfig({ file })),
        expected,
      );
    }
  });

  it("refuses a path with a NUL, which no file has", () => {
    for (const key of ["data", "model", "warm_start", "out"]) {
      const text = `${key === "data" ? "" : "data: cifar10\n"}${key}: "a/\\0b"\n`;
      assert.match(errorIn(text), new RegExp(`^${key}: expected .*path.*, received "a/`));
    }
  });

  it("replaces ~ by the home folder in paths alone", () => {
    const home = (path: string) => join(homedir(), path);
    const config = load("data: ~/photos\nout: ~/\nname: ~/a\nnotebook_path: ~other/b\n", {
      set: ["warm_start=~/c"],
      overrides: { model: "~/model.json" },
    });
    assert.equal(config.data, home("photos"));
    assert.equal(config.out, home("/"));
    assert.deepEqual([config.name, config.notebook_path], ["~/a", "~other/b"]);
    assert.deepEqual([config.warm_start, config.model], [home("c"), home("model.json")]);
    assert.equal(resolveConfig({ data: "~/photos" }).data, home("photos"));
    assert.equal(loadKeys(EVALUATION, { overrides: { experiment: "~/x" } }).experiment, home("x"));
    assert.equal(load("data: a~/b").data, "a~/b");
  });

  it("knows sets of techniques", () => {
    const { operations: all } = load("data: a\noperations: all\n");
    assert.equal(all.length, 30);
    assert.deepEqual(load("data: a", { set: ["operations=All"] }).operations, all);
    assert.deepEqual(load("data: a\noperations: EXTENDED\n").operations, all);
    const { operations: original } = load("data: a\noperations: original\n");
    assert.equal(original.length, 20);
    assert.deepEqual(original, all.slice(0, 20));
    assert.deepEqual(resolveConfig({ data: "a" }).operations, all);
  });

  it("knows families, and that who gives the form of chains wants no families", () => {
    assert.equal(load("data: a").families.length, 5);
    assert.deepEqual(load("data: a\nfamilies: [Noise, geometry]\n").families, ["noise", "geometry"]);
    assert.deepEqual(load("data: a\nfamilies: none\n").families, []);
    assert.deepEqual(load("data: a\nfamilies: []\n").families, []);
    assert.deepEqual(load("data: a\npolicy_chains: 2\n").families, []);
    assert.deepEqual(load("data: a", { set: ["operations_per_chain=2"] }).families, []);
    assert.equal(load("data: a\npolicy_chains: 2\nfamilies: all\n").families.length, 5);
    assert.deepEqual(resolveConfig({ data: "a", policy_chains: 2 }).families, []);
    const written = resolveConfig({ data: "a", families: "none" });
    assert.deepEqual(load(formatConfig(written)), written);
    assert.equal(
      errorIn("data: a\nfamilies: [geometrie]\n"),
      'families[0]: unknown family "geometrie"; did you mean "geometry"? (FILE, line 2)',
    );
  });

  it("checks the list of techniques one by one", () => {
    assert.equal(
      errorIn("data: a\noperations:\n  - shear\n  - rotat\n"),
      'operations[1]: unknown technique "rotat"; did you mean "rotate"? (FILE, line 4)',
    );
    assert.equal(
      errorIn("data: a\noperations: [shear, Shear]\n"),
      'operations[1]: "shear" is listed twice (FILE, line 2)',
    );
    for (const value of ["[]", "rotate", "[1]"]) {
      assert.match(
        errorIn(`data: a\noperations: ${value}\n`),
        /^operations: expected original, extended, all, or a list of at least one technique, received .* \(FILE, line 2\)$/,
      );
    }
    assert.equal(
      errorIn("data: a", { set: ["operations=[rotat]"] }),
      'operations[0]: unknown technique "rotat"; did you mean "rotate"? (--set operations=[rotat])',
    );
  });

  it("says how many more mistakes there are", () => {
    assert.equal(
      errorIn("data: a\nseeed: 1\nchild_epochs: 0\n"),
      'unknown key "seeed" (FILE, line 2); did you mean "seed"?; and 1 more mistake',
    );
    assert.match(errorIn("workers: 0\nchild_epochs: 0\n"), /; and 2 more mistakes$/);
  });

  it("reports missing data and malformed --set", () => {
    assert.equal(
      errorIn("seed: 1\n"),
      '"data" is missing (FILE); give a dataset\'s name, or a path, such as --set data=cifar10',
    );
    assert.equal(
      errorOf(() => loadConfig({})),
      '"data" is missing; give a dataset\'s name, or a path, such as --set data=cifar10',
    );
    for (const assignment of ["seed", "=3"]) {
      assert.equal(
        errorIn("data: a", { set: [assignment] }),
        `--set ${assignment}: expected key=value, such as --set child_epochs=20`,
      );
    }
    assert.match(errorIn("data: a", { set: ["operations=[a"] }), /^--set operations=\[a: not a YAML value: /);
    assert.match(
      errorIn("data: a", { set: ["seed=*x"] }),
      /^--set seed=\*x: not valid YAML: unresolved alias/,
    );
  });
});

describe("the configuration of an experiment", () => {
  /** That of an experiment of an earlier version: without the keys that came later. */
  const write = (given: ConfigInput, without: readonly string[] = Object.keys(EARLIER)) => {
    const experiment = mkdtempSync(join(folder, "experiment-"));
    writeFileSync(join(experiment, "experiment.json"), "{}");
    const path = join(experiment, "config.yaml");
    const lines = formatConfig(resolveConfig({ data: "cifar10", ...SIZES, ...given })).split(/\n(?=\w)/);
    writeFileSync(path, lines.filter((line) => !without.includes(line.split(":")[0])).join("\n"));
    return path;
  };
  const SIZES = { image_size: 32, train_set_size: 20, validation_set_size: 10, child_epochs: 3 };

  it("means a search of the original's form if it is of an earlier version", () => {
    const path = write({ ...ORIGINAL, ...SIZES, opt_samples: 2 });
    const expected = resolveConfig({ data: "cifar10", ...ORIGINAL, ...SIZES, opt_samples: 2 });
    assert.deepEqual(loadConfig({ file: path }), expected);
    assert.deepEqual(loadSizedConfig(path), loadConfig({ file: path }));
    assert.equal(loadConfig({ file: path, set: ["reward=averaged"] }).reward, "averaged");
    // The same file elsewhere is a configuration of today.
    const elsewhere = load(readFileSync(path, "utf8"));
    assert.deepEqual([elsewhere.reward, elsewhere.redraw], ["averaged", "epoch"]);
  });

  it("means what it says if it is of this version", () => {
    const path = write({ reward: "averaged", magnitudes: "drawn" }, []);
    const expected = resolveConfig({ data: "cifar10", ...SIZES });
    assert.deepEqual(loadConfig({ file: path }), expected);
  });

  it("leaves nothing to the data", () => {
    for (const [key, value] of Object.entries(SIZES)) {
      const path = write({ ...SIZES, [key]: "auto" }, []);
      const message = `${path}: ${key} is auto, but an experiment has a value; restore the file as it was written`;
      assert.throws(() => loadSizedConfig(path), { name: "UsageError", message }, `${key} is not ${value}`);
    }
  });
});

describe("resolveConfig", () => {
  it("checks plain values like a file's", () => {
    assert.equal(resolveConfig({ data: "mnist", seed: undefined }).seed, 0);
    assert.equal(
      errorOf(() => resolveConfig({ data: "mnist", sed: 1 })),
      'unknown key "sed" (the configuration); did you mean "seed"?',
    );
  });
});

describe("formatConfig", () => {
  it("writes every key so that it reads back the same", () => {
    const config = load("data: a\nname: '12'\noperations: [fog]\nimage_size: 64\nworkers: 3\n");
    const text = formatConfig(config);
    assert.deepEqual(load(text), config);
    for (const key of Object.keys(config)) assert.match(text, new RegExp(`^${key}:`, "m"));
  });
});

describe("configs/", () => {
  it("contains only examples that load", () => {
    const names = readdirSync("configs").filter((name) => !name.endsWith(".schema.json"));
    assert.deepEqual(names.sort(), [
      "cifar10.yaml",
      "evaluate-wrn-28-10.yaml",
      "fashion-mnist.yaml",
      "image-folder.yaml",
      "policies",
      "quickstart.yaml",
    ]);
    const evaluation = loadKeys(EVALUATION, { file: "configs/evaluate-wrn-28-10.yaml" });
    assert.equal(evaluation.model, "wrn_28_10");
    assert.equal(readPolicyFile(evaluation.policy!).policies.length, 10);
    const searches = names.filter((name) => /^(?!evaluate-).*\.yaml$/.test(name));
    const loaded = new Map(searches.map((name) => [name, loadConfig({ file: join("configs", name) })]));
    const original = { iterations: 300, train_set_size: 2000, validation_set_size: 1000, mixture: false };
    assert.deepEqual(
      loaded.get("cifar10.yaml"),
      resolveConfig({ data: "cifar10", ...ORIGINAL, ...original, stop_epochs: [] }),
    );
    assert.equal(loaded.get("quickstart.yaml")?.iterations, 20);
    assert.equal(loaded.get("fashion-mnist.yaml")?.data, "fashion_mnist");
    assert.equal(loaded.get("image-folder.yaml")?.image_size, "auto");
    assert.equal(loaded.get("image-folder.yaml")?.train_set_size, "auto");
  });

  it("give the original's search all of its keys, so that no default can change it", () => {
    const text = readFileSync("configs/cifar10.yaml", "utf8");
    // Of these, none decides what is trained, or they count only with another value of a key that is given.
    const others = ["image_column", "label_column", "arrays", "channels"];
    others.push("image_size", "replace_head", "pre_aug_weights_path", "warm_start", "stop_share");
    others.push("queue", "queue_prefix", "mixed", "in_flight", "name", "notebook_path", "logging");
    const missing = CONFIG.names.filter((key) => !new RegExp(`^${key}:`, "m").test(text));
    assert.deepEqual(missing, others);
  });
});
