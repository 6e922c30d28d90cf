// Mistakes in a user's input: one clear line that says what is wrong, where, and how to fix it; exit code 2, or 1 for a
// failure at run time; and nothing is lost. One test per line of the list in the contract.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadDataset } from "../../src/dataset/load.ts";
import { Notebook } from "../../src/experiment/notebook.ts";
import { imageAt } from "../../src/image/batch.ts";
import { encodePng } from "../../src/image/codec.ts";
import { noAugmentation } from "../../src/policy/policy.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { type Finished, run, runMain, start, untilTrials } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-bad-input-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

/** The command fails with this code and one line on stderr, beside stages of work, that matches all patterns. */
function failsWith(finished: Finished, code: number, ...patterns: RegExp[]): void {
  assert.equal(finished.code, code, finished.stderr);
  const lines = finished.stderr
    .trimEnd()
    .split("\n")
    .filter((line) => line !== "decoding pictures");
  assert.equal(lines.length, 1, finished.stderr);
  assert.match(lines[0], /^deepaugment: /);
  for (const pattern of patterns) assert.match(lines[0], pattern);
  assert.equal(finished.stdout, "");
}

const optimize = (...args: string[]) =>
  runMain(["optimize", "--out", join(root, "out"), ...args], environment);
const withConfig = (text: string) => optimize("--config", write("config.yaml", text));
const SMALL = [
  "train_set_size=40",
  "validation_set_size=20",
  "model=basiccnn",
  "child_epochs=1",
  "opt_samples=1",
  "confirm_top=0",
  "iterations=1",
  "engine=wasm",
];
const small = SMALL.flatMap((setting) => ["--set", setting]);

describe("the configuration", () => {
  it("missing", async () => {
    failsWith(await optimize("--config", join(root, "none.yaml")), 2, /none\.yaml/, /no such file/);
  });
  it("empty", async () => {
    failsWith(await withConfig(""), 2, /config\.yaml/, /empty/);
  });
  it("unreadable", async () => {
    failsWith(await optimize("--config", root), 2, /it is a folder/);
  });
  it("with a YAML syntax error: line and column", async () => {
    failsWith(await withConfig("data: cifar10\nseed: [1, 2\n"), 2, /config\.yaml/, /line \d+, column \d+/);
  });
  it("with an unknown key: the nearest is suggested", async () => {
    failsWith(
      await withConfig("data: cifar10\nchld_epochs: 3\n"),
      2,
      /"chld_epochs"/,
      /line 2/,
      /did you mean "child_epochs"/,
    );
  });
  it("with a value of the wrong type", async () => {
    failsWith(
      await withConfig("data: cifar10\nchild_epochs: many\n"),
      2,
      /child_epochs/,
      /line 2/,
      /whole number/,
      /many/,
    );
  });
  it("with a value out of range", async () => {
    failsWith(
      await withConfig("data: cifar10\nopt_overfit_margin: 1.5\n"),
      2,
      /opt_overfit_margin/,
      /0 to 1/,
      /1\.5/,
    );
    failsWith(
      await optimize("--data", "cifar10", "--set", "operations=[crop, rotat]"),
      2,
      /rotat/,
      /did you mean "rotate"/,
    );
  });
  it("with a model or an engine that is not there", async () => {
    failsWith(
      await optimize("--data", SAMPLE_ARCHIVE, ...small, "--set", "model=basiccn"),
      2,
      /basiccn/,
      /did you mean "basiccnn"/,
    );
    failsWith(
      await optimize("--data", SAMPLE_ARCHIVE, ...small, "--set", "engine=cuda"),
      2,
      /engine/,
      /wasm/,
    );
  });
  it("with an image_size that is too small for the model, before it looks for any data", async () => {
    const none = ["--data", join(root, "nowhere"), ...small];
    failsWith(
      await optimize(...none, "--set", "model=inceptionv3", "--set", "image_size=74"),
      2,
      /inceptionv3 needs images of at least 75 × 75 pixels.*set image_size to 75 or more/,
    );
    failsWith(
      await optimize(...none, "--set", "model=mobilenetv2", "--set", "image_size=31"),
      2,
      /mobilenetv2 needs images of at least 32 × 32 pixels.*set image_size to 32 or more/,
    );
    failsWith(await optimize(...none, "--set", "model=mobilnetv2"), 2, /did you mean "mobilenetv2"/);
  });
  it("with images that are too small for the model", async () => {
    failsWith(
      await optimize(
        "--data",
        SAMPLE_ARCHIVE,
        ...small,
        "--set",
        "model=inceptionv3",
        "--set",
        "image_size=null",
      ),
      2,
      /these have 32 × 32; set image_size to 75 or more/,
    );
  });
  it("with weights to start from that are another model's", async () => {
    const weights = join(root, "basiccnn.safetensors");
    const more = ["--set", "child_first_train_epochs=1", "--set", `pre_aug_weights_path=${weights}`];
    const header = JSON.stringify({ "conv/kernel": { dtype: "F32", shape: [1], data_offsets: [0, 4] } });
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(weights, Buffer.concat([length, Buffer.from(header), Buffer.alloc(4)]));
    const out = join(root, "unfitting");
    failsWith(
      await optimize("--data", SAMPLE_ARCHIVE, ...small, ...more, "--set", `out=${out}`),
      2,
      /do not fit model basiccnn: the file has 1 tensors, the model has 12; .*pre_aug_weights_path/,
    );
    assert.ok(!existsSync(out), "nothing is written");
    writeFileSync(weights, "no weights");
    failsWith(
      await optimize("--data", SAMPLE_ARCHIVE, ...small, ...more),
      2,
      /is not a valid safetensors file/,
    );
  });
  it("without data", async () => {
    failsWith(await optimize(), 2, /data/);
  });
});

describe("an image folder", () => {
  let pictures: Uint8Array[];
  before(async () => {
    const { train } = await loadDataset(SAMPLE_ARCHIVE, { home: environment.DEEPAUGMENT_HOME });
    const encode = (index: number) => encodePng(imageAt(train.images, index), 32, 32);
    pictures = await Promise.all(Array.from({ length: 40 }, (_, index) => encode(index)));
  });

  /** A folder with this many pictures in each class. */
  function folder(name: string, classes: Record<string, number>): string {
    let next = 0;
    for (const [className, count] of Object.entries(classes)) {
      mkdirSync(join(root, name, className), { recursive: true });
      for (let i = 0; i < count; i++)
        write(join(name, className, `${i}.png`), pictures[next++ % pictures.length]);
    }
    return join(root, name);
  }

  it("without classes", async () => {
    mkdirSync(join(root, "flat"));
    write("flat/a.png", pictures[0]);
    failsWith(
      await optimize("--data", join(root, "flat"), ...small),
      2,
      /flat/,
      /no class folders: put the pictures of each class into a separate folder/,
    );
  });
  it("with one class", async () => {
    failsWith(
      await optimize("--data", folder("single", { cats: 5 }), ...small),
      2,
      /single/,
      /one class|1 class/,
    );
  });
  it("with an empty class", async () => {
    failsWith(await optimize("--data", folder("hollow", { cats: 5, dogs: 0 }), ...small), 2, /dogs/);
  });
  it("with fewer images than the subsets need", async () => {
    failsWith(
      await optimize("--data", folder("few", { cats: 5, dogs: 5 }), ...small),
      2,
      /10 training images/,
      /60/,
      /train_set_size/,
    );
  });
  it("with pictures that are truncated, empty or none: named, skipped, counted; the rest is used", async () => {
    const path = folder("broken", { cats: 35, dogs: 35 });
    truncateSync(join(path, "cats", "0.png"), 200);
    write("broken/cats/1.png", "");
    write("broken/dogs/0.png", "this is no picture");
    const { code, stderr } = await optimize(
      "--data",
      path,
      ...small,
      "--set",
      "image_size=12",
      "--workers",
      "1",
    );
    assert.equal(code, 0, stderr);
    for (const file of ["cats/0.png", "cats/1.png", "dogs/0.png"])
      assert.match(stderr, new RegExp(`skipped .*${file}`));
    assert.match(stderr, /3 files were skipped/);
  });
});

describe("an archive", () => {
  it("truncated", async () => {
    const path = write("cut.tar.gz", readFileSync(SAMPLE_ARCHIVE).subarray(0, 200_000));
    failsWith(await optimize("--data", path, ...small), 2, /cut\.tar\.gz/, /truncated|damaged|ends/);
  });
  it("of something else", async () => {
    const path = write("other.tar.gz", "not an archive at all");
    failsWith(await optimize("--data", path, ...small), 2, /other\.tar\.gz/);
  });
  it("with labels outside the classes", async () => {
    const batch = new Uint8Array(3073 * 2);
    batch[3073] = 10;
    mkdirSync(join(root, "cifar-10-batches-bin"));
    for (const name of [
      "data_batch_1.bin",
      "data_batch_2.bin",
      "data_batch_3.bin",
      "data_batch_4.bin",
      "data_batch_5.bin",
      "test_batch.bin",
    ]) {
      write(join("cifar-10-batches-bin", name), batch);
    }
    write("cifar-10-batches-bin/batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n");
    failsWith(
      await optimize("--data", join(root, "cifar-10-batches-bin"), ...small),
      2,
      /label 10|10/,
      /cifar-10-batches-bin/,
    );
  });
});

describe("a named dataset", () => {
  it("that does not exist: the nearest is suggested", async () => {
    failsWith(await optimize("--data", "cifar11"), 2, /cifar11/, /did you mean "cifar10"/);
  });
});

describe("a policy file", () => {
  const file = (change: (content: Record<string, unknown>, operation: Record<string, unknown>) => void) => {
    const operation: Record<string, unknown> = { type: "rotate", magnitude: 0.5 };
    const content: Record<string, unknown> = {
      format: "deepaugment-policies",
      version: 1,
      dataset: { name: "x", classes: 2, imageShape: [32, 32, 3] },
      baseline: { reward: 0.5, standardError: null },
      policies: [
        {
          trial: 1,
          reward: 0.6,
          standardError: null,
          expectedAccuracyIncrease: 0.1,
          portion: 1,
          chains: [[operation]],
        },
      ],
    };
    change(content, operation);
    return write("policy.json", JSON.stringify(content));
  };
  const apply = (policy: string) =>
    runMain(
      ["apply", "--policy", policy, "--data", SAMPLE_ARCHIVE, "--out", join(root, "applied")],
      environment,
    );

  it("with an unknown technique", async () => {
    const path = file((_, operation) => {
      operation.type = "rotat";
    });
    failsWith(
      await apply(path),
      2,
      /policy\.json/,
      /policies\[0\]\.chains\[0\]\[0\]\.type/,
      /did you mean "rotate"/,
    );
  });
  it("with a magnitude outside [0, 1]", async () => {
    const path = file((_, operation) => {
      operation.magnitude = 1.2;
    });
    failsWith(await apply(path), 2, /policies\[0\]\.chains\[0\]\[0\]\.magnitude/, /0 to 1/, /1\.2/);
  });
  it("of another format or version", async () => {
    failsWith(
      await apply(file((content) => Object.assign(content, { format: "other" }))),
      2,
      /deepaugment-policies/,
      /other/,
    );
    failsWith(await apply(file((content) => Object.assign(content, { version: 4 }))), 2, /version/, /4/);
    failsWith(await apply(write("policy.json", "{")), 2, /policy\.json/, /JSON/);
  });
  it("without a policy", async () => {
    failsWith(await apply(file((content) => Object.assign(content, { policies: [] }))), 2, /no policy/);
  });

  it("applied into a folder that holds something else: nothing there is touched", async () => {
    const out = join(root, "occupied");
    write("occupied/keep.txt", "mine");
    const path = file(() => {});
    const finished = await runMain(
      ["apply", "--policy", path, "--data", SAMPLE_ARCHIVE, "--out", out],
      environment,
    );
    failsWith(finished, 2, /occupied/, /--out/);
    assert.deepEqual(readdirSync(out), ["keep.txt"]);
  });
});

describe("no space left", () => {
  it("while the notebook is written: one line, exit 1", { skip: !existsSync("/dev/full") }, () => {
    const notebook = new Notebook("/dev/full", { chains: 1, operationsPerChain: 2, epochs: 1 });
    const epoch = { epoch: 1, loss: 1, accuracy: 0, validationLoss: 1, validationAccuracy: 0, seconds: 1 };
    const record = { trial: 0, sample: 0, policy: noAugmentation(1, 2), history: [epoch], reward: 0 };
    assert.throws(() => notebook.append(record), {
      name: "RunError",
      message: /cannot write \/dev\/full: no space left/,
    });
  });

  // A file system of its own, small enough to fill up, needs the right to mount one.
  const disk = join(root, "disk");
  mkdirSync(disk);
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=96k", "tmpfs", disk]).status === 0;
  after(() => {
    if (isMounted) spawnSync("umount", [disk]);
  });

  it("in the middle of a search: what was finished stays, and the search continues once there is space", {
    skip: !isMounted,
  }, async () => {
    const out = join(disk, "out");
    const program = start(
      [
        "optimize",
        "--data",
        SAMPLE_ARCHIVE,
        ...small,
        "--set",
        "iterations=12",
        "--set",
        "image_size=12",
        "--workers",
        "1",
        "--out",
        out,
      ],
      environment,
    );
    const notebookPath = () => join(out, readdirSync(out)[0], "notebook.csv");
    const rows = () => readFileSync(notebookPath(), "utf8").trimEnd().split("\n");
    await untilTrials(program, out, 2, 1);
    const filler = openSync(join(disk, "filler"), "w");
    const fill = () =>
      assert.throws(() => {
        for (;;) writeSync(filler, new Uint8Array(4096));
      }, /ENOSPC/);
    fill();
    // Again and again: a file that takes the place of an older one leaves that one's room.
    const filling = setInterval(fill, 10);
    const { code, stderr } = await program.finished;
    clearInterval(filling);
    assert.equal(code, 1, stderr);
    assert.match(stderr.trimEnd().split("\n").at(-1) ?? "", /^deepaugment: cannot write .*: no space left/);
    const before = rows();
    closeSync(filler);
    rmSync(join(disk, "filler"));
    const resumed = await runMain(["optimize", "--resume", dirname(notebookPath())], environment);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.equal(rows().length, 1 + 13);
    assert.deepEqual(rows().slice(0, before.length), before);
    assert.deepEqual(
      readdirSync(dirname(notebookPath())).filter((name) => name.endsWith(".tmp")),
      [],
    );
  });
});

describe("the command line", () => {
  it("an unknown command or option", async () => {
    for (const args of [["optimise"], ["help", "optimise"]])
      failsWith(await run(args), 2, /unknown command 'optimise'/, /Did you mean optimize/);
    failsWith(
      await runMain(["optimize", "--iteration", "3"]),
      2,
      /unknown option '--iteration'/,
      /--iterations/,
    );
    failsWith(await runMain(["apply", "--data", "x", "--out", "y"]), 2, /--policy/, /see --help/);
  });
  it("shows a stack trace only with --debug", async () => {
    const plain = await optimize("--config", join(root, "none.yaml"));
    assert.doesNotMatch(plain.stderr, /\n\s+at /);
    const debug = await optimize("--debug", "--config", join(root, "none.yaml"));
    assert.match(debug.stderr, /\n\s+at /);
    assert.equal(debug.code, 2);
  });
});

describe("paths that the system refuses", () => {
  const long = join(root, "y".repeat(300));
  const cases: [string, string[], number, RegExp][] = [
    ["show", ["show", long], 2, /is not an experiment/],
    [
      "export's policy",
      ["export", "--policy", long, "--to", "numpy", "--out", root],
      2,
      /the name is too long/,
    ],
    [
      "export's folder",
      ["export", "--recipe", "flip", "--to", "numpy", "--out", long],
      1,
      /cannot make the folder .*the name is too long/,
    ],
    ["evaluate's experiment", ["evaluate", "--experiment", long], 2, /is not an experiment/],
    ["a search to learn from", ["optimize", SAMPLE_ARCHIVE, "--warm-start", long], 2, /the name is too long/],
  ];
  for (const [what, args, code, message] of cases) {
    it(`too long, as ${what}`, async () => {
      const result = await runMain(args, environment);
      assert.equal(result.code, code, result.stderr);
      assert.match(result.stderr, /^deepaugment: [^\n]*\n$/);
      assert.match(result.stderr, message);
      assert.doesNotMatch(result.stderr, /this is a bug/);
    });
  }
});
