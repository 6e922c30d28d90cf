// Tests the training benchmark's tables and both of its modes. No test depends on speed.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { operationsOf } from "../../scripts/bench/training/limit.ts";
import { type Measurement, median, type Setup } from "../../scripts/bench/training/measurement.ts";
import { writePart } from "../../scripts/bench/training/page-part.ts";
import { measurePeaks } from "../../scripts/bench/training/peak.ts";
import { formatChildRuns, formatModel, formatPeaks } from "../../scripts/bench/training/tables.ts";
import { findCompiler } from "../../scripts/compiler.ts";
import { findAddon } from "../../src/engine/native/addon.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";

const folder = mkdtempSync(join(tmpdir(), "deepaugment-test-"));
after(() => rmSync(folder, { recursive: true }));

function result(setup: Partial<Setup>, trained: number[], validated = 1000) {
  const rounds = trained.map(
    (imagesPerSecond): Measurement => ({
      imagesPerSecond,
      validationImagesPerSecond: validated,
      residentMegabytes: [90, 110],
      peakMegabytes: [100, 120],
    }),
  );
  return {
    setup: {
      ...({
        side: "deepaugment",
        name: "native",
        model: "basiccnn",
        precision: "float32",
        variant: "",
        kernels: "avx512",
      } as const),
      ...{ processes: 2, threads: 1, batch: 64 },
      ...setup,
    },
    rounds,
  };
}

const cells = (line: string) => line.split("|").map((cell) => cell.trim());

describe("the table of training speeds", () => {
  const lines = formatModel(
    [
      result({ processes: 1 }, [300, 310, 290]),
      result({}, [600, 500, 570]),
      result({ precision: "bfloat16" }, [800]),
      result({ name: "wasm" }, [100]),
      result({ side: "torch", name: "torch 2.13.0", variant: "contiguous" }, [500, 380, 400]),
      result(
        { side: "torch", name: "torch 2.13.0", precision: "bfloat16", processes: 1, threads: 2 },
        [1600],
      ),
    ],
    2,
  );

  it("has medians, the range of rounds, validation and memory in a row", () => {
    const row = cells(lines[3]);
    assert.deepEqual(row.slice(1, 5), ["native", "float32", "2 × 1", "570 (500 to 600)"]);
    assert.deepEqual(row.slice(6, 9), ["1,000", "1.8", "110 (120)"]);
  });

  it("compares with torch in the same precision if all cores are used", () => {
    assert.deepEqual(
      lines.slice(2, 8).map((line) => cells(line)[5]),
      ["", `**${(570 / 400).toFixed(2)}**`, "**0.50**", "**0.25**", "", ""],
    );
  });

  it("reports the scaling over processes and the multiple of engine wasm", () => {
    assert.deepEqual(lines.slice(9), [
      "- native, float32: 2 processes train 1.90 times as fast as one.",
      "- native, float32, 2 processes: 5.7 times as fast as engine wasm.",
      "- native, bfloat16, 2 processes: 8.0 times as fast as engine wasm.",
    ]);
  });

  it("takes medians of odd and even numbers of rounds", () => {
    assert.equal(median([3, 10, 1]), 3);
    assert.equal(median([4, 10, 1, 2]), 3);
  });
});

describe("the share of the limit", () => {
  const peaks = new Map([
    ["amx", { alone: { float32: 120, bfloat16: 900 }, together: { float32: 100, bfloat16: 800 } }],
    ["avx2", { alone: { float32: 60, bfloat16: 60 }, together: { float32: 50, bfloat16: 50 } }],
  ]);
  const limit = {
    operations: { trained: 100e6, validated: 40e6 },
    peaks: { fastest: "amx", peaks },
    cores: 2,
  };
  const lines = formatModel(
    [
      result({ kernels: "amx", processes: 1 }, [600], 1500),
      result({ kernels: "amx" }, [1000, 500, 100], 2500),
      result({ kernels: "amx", precision: "bfloat16" }, [4000]),
      result({ kernels: "avx2", variant: "avx2", processes: 4 }, [500]),
      result({ side: "torch", name: "torch 2", kernels: null, processes: 1, threads: 2 }, [250]),
      result({ kernels: "avx512" }, [500]),
    ],
    2,
    limit,
  );
  const column = (index: number) => lines.slice(2, 8).map((line) => cells(line)[index]);

  it("is given in GFLOP/s per used core and in per cent", () => {
    assert.deepEqual(cells(lines[0]).slice(5, 7), ["GFLOP/s per core", "% of the limit"]);
    assert.deepEqual(column(5), ["60", "25", "200", "25", "12.5", "25"]);
    // Limits: 120 for one core alone, 100, 800, 50, the fastest for torch, none if not measured.
    assert.deepEqual(column(6), ["50", "25", "25", "50", "13", ""]);
  });

  it("uses validation's own operations for validation", () => {
    assert.deepEqual(cells(lines[0]).slice(8, 10), ["images validated per second", "% of the limit"]);
    assert.deepEqual(column(9), ["50", "50", "3", "40", "20", ""]);
  });

  it("is shown together with the limit", () => {
    assert.match(
      lines[9],
      /100\.0 MFLOP in training and 40\.0 in validation.* 2,000 and 5,000 images\/s in float32, 16,000 and 40,000 images\/s in bfloat16/,
    );
    const text = formatPeaks(limit.peaks).join(" ");
    assert.match(text, /amx 100 \(120\) in float32, 800 \(900\) in bfloat16; avx2 50 \(60\)/);
    assert.match(text, /PyTorch and of engine wasm with amx/);
    assert.match(formatPeaks("there is no C++ compiler here")[0], /not measured: there is no C\+\+ compiler/);
  });

  it("counts two operations per multiply-add, forward and backward", async () => {
    assert.deepEqual(await operationsOf("basiccnn"), {
      trained: 2 * (3 * 20_741_120 - 884_736),
      validated: 2 * 20_741_120,
    });
  });
});

describe("the peak rate of a core", () => {
  const compiler = findCompiler();
  const addon = findAddon();
  const withCompiler = async <T>(command: string, action: () => Promise<T>): Promise<T> => {
    const { CXX } = process.env;
    process.env.CXX = command;
    try {
      return await action();
    } finally {
      if (CXX === undefined) delete process.env.CXX;
      else process.env.CXX = CXX;
    }
  };
  const measure = (...names: string[]) => measurePeaks(new Set(names), 2, 0.05);

  it("is measured for the fastest kernels and for requested ones, but not for kernels that cannot run here", {
    skip: !compiler || process.platform === "win32",
  }, async () => {
    const found = await measure("portable", process.arch === "x64" ? "amx" : "avx2");
    assert.ok(typeof found !== "string", String(found));
    const { fastest, peaks } = found;
    assert.deepEqual([...peaks.keys()], [...new Set([fastest, "portable"])]);
    for (const { alone, together } of peaks.values()) {
      for (const { float32, bfloat16 } of [alone, together]) assert.ok(float32 > 0 && bfloat16 >= float32);
    }
    if (!("missing" in addon) && !process.env.DEEPAUGMENT_NATIVE_KERNELS) {
      assert.equal(fastest, addon.kernels, "as engine native chooses");
    }
  });

  it("is unknown without a compiler or with one that fails", async () => {
    assert.match(String(await withCompiler("none", () => measure())), /no C\+\+ compiler/);
    assert.match(String(await withCompiler(process.execPath, () => measure())), /bad option/);
  });
});

it("the table of children has the seconds of each and how often one ends", () => {
  const child = (seconds: number) => ({ seconds, reward: 0.5, residentMegabytes: 200, peakMegabytes: 210 });
  const rounds = [
    [child(60), child(62)],
    [child(61), child(90)],
  ];
  const [, , row] = formatChildRuns([{ name: "native", precision: "bfloat16", rounds }]);
  assert.match(row, /native \| bfloat16 \| 2 \| 61\.5 \| 30\.8 s \|/);
});

describe("a generated part of a page", () => {
  const page = join(folder, "page.md");

  it("is replaced in its place and leaves text written by hand unchanged", () => {
    writePart(page, "speed", ["one"], "Performance");
    writePart(page, "children", ["two"], "Performance");
    writeFileSync(page, readFileSync(page, "utf8").replace("# Performance\n", "# Performance\n\nBy hand.\n"));
    writePart(page, "speed", ["three", "four"], "Performance");
    assert.equal(
      readFileSync(page, "utf8"),
      `# Performance

By hand.

<!-- speed: written by a script -->

three
four

<!-- end of speed -->

<!-- children: written by a script -->

two

<!-- end of children -->
`,
    );
  });

  it("without an end is an error", () => {
    writeFileSync(page, "<!-- speed: written by a script -->\nmore");
    assert.throws(() => writePart(page, "speed", ["one"], "Performance"), /without/);
  });
});

describe("npm run bench:train", () => {
  const script = fileURLToPath(new URL("../../scripts/bench/train.ts", import.meta.url));
  // Compiling for the limit takes seconds; this makes programs that claim to have measured it.
  const compiler = join(folder, "compiler.sh");
  writeFileSync(
    compiler,
    `
[ "$1" != --version ] || echo "stand-in 1.0"
while [ $# -gt 1 ] && [ "$1" != -o ]; do shift; done
[ "$1" = -o ] || exit 0
printf '#!/bin/sh\\necho "{ \\"float32\\": 100, \\"bfloat16\\": 300 }"\\n' > "$2"
chmod +x "$2"
`,
  );
  const run = async (...args: string[]) => {
    const json = join(folder, "rounds.jsonl");
    const common = ["--engine", "wasm", "--model", "wrn_10_1", "--processes", "2", "--batch", "8"];
    const env = { ...process.env, CXX: `/bin/sh ${compiler}` };
    await promisify(execFile)(process.execPath, [script, ...common, ...args, "--json", json], { env });
    return readFileSync(json, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  };

  it("measures processes that train at the same time and records each round", async () => {
    const [about, ...lines] = await run("--rounds", "2", "--seconds", "1");
    assert.equal(about.machine.node, process.versions.node);
    const rounds = lines.filter(({ round }) => round);
    const rates = { float32: 100, bfloat16: 300 };
    assert.deepEqual(
      lines.filter(({ limit }) => limit),
      process.platform === "win32" ? [] : [{ limit: "amx", alone: rates, together: rates }],
    );
    assert.deepEqual(
      rounds.map(({ round, name, processes }) => ({ round, name, processes })),
      [1, 2].map((round) => ({ round, name: "wasm", processes: 2 })),
    );
    for (const { imagesPerSecond, validationImagesPerSecond, residentMegabytes } of rounds) {
      assert.ok(imagesPerSecond > 0 && validationImagesPerSecond > 0);
      assert.equal(residentMegabytes.length, 2);
    }
  });

  it("trains whole children on real images, each with its own seed", async () => {
    const images = ["--data", SAMPLE_ARCHIVE, "--images", "40,20"];
    const [, { children }] = await run("--child-run", ...images, "--epochs", "1");
    assert.equal(children.length, 2);
    for (const { seconds, reward } of children) assert.ok(seconds > 0 && reward >= 0 && reward <= 1);
  });

  it("rejects what it cannot measure with a one-line error", async () => {
    await assert.rejects(run("--precision", "bfloat16"), {
      code: 2,
      stderr: /^precision "bfloat16".*wasm.*\n$/,
    });
    await assert.rejects(run("--python", "no-such-python", "--seconds", "0.1"), {
      stderr: /no program no-such-python/,
    });
    await assert.rejects(run("--rounds", "0"), { code: 2, stderr: /^--rounds: "0" is not a whole number/ });
  });
});
