// Runs that are interrupted at any point and resumed: the output equals that of an uninterrupted run.

import assert from "node:assert/strict";
import fs, {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { crc32 } from "node:zlib";
import type { ApplyOptions } from "../../src/apply/apply.ts";
import { OUTPUT_FORMS } from "../../src/apply/forms.ts";
import { RunError, UsageError } from "../../src/common/errors.ts";
import { isLockName } from "../../src/common/folder-lock.ts";
import { Random } from "../../src/common/random.ts";
import { applyTo, contentsOf, filesIn, writePicture, writePolicies } from "./pictures.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-resume-"));
after(() => rmSync(root, { recursive: true }));

const policyPath = writePolicies(join(root, "policies.json"), [
  [[{ type: "rotate", magnitude: 0.4 }]],
  [[{ type: "brighten", magnitude: 0.9 }]],
]);
const data = join(root, "data");
const IMAGES = 9;

before(async () => {
  const paths = ["train/a/1.png", "train/a/2.jpg", "train/a/3.png", "train/a/4.png", "train/b/1.jpg"];
  paths.push("train/b/2.png", "test/a/1.png", "test/b/1.png");
  for (const [i, path] of paths.entries()) await writePicture(join(data, path), i);
  writeFileSync(join(data, "train/a/broken.png"), "no picture");
});

function apply(out: string, options: Partial<ApplyOptions> = {}) {
  return applyTo(root, data, { policyPath, out, copies: 2, top: 2, seed: 3, workers: 1, ...options });
}

/** Calls that change the disk. */
const CHANGES = ["mkdirSync", "openSync", "writeSync", "ftruncateSync", "renameSync", "rmSync"] as const;

/**
 * Lets this process make `changes` changes to the disk; all later ones fail, as if it had been killed. Half of what the
 * first of them was to write is written.
 * @returns a function that restores normal operation.
 */
function dieAfter(changes: number): () => void {
  const originals = CHANGES.map((name) => [name, fs[name]] as const);
  const table = fs as unknown as Record<string, (...args: never[]) => unknown>;
  let left = changes;
  for (const [name, original] of originals) {
    table[name] = (...args: never[]) => {
      const call = () => (original as (...own: never[]) => unknown)(...args);
      if (name === "openSync" && (args[1] as unknown) === "r") return call();
      left--;
      if (left === -1 && name === "writeSync") {
        const [file, bytes, , , place] = args as unknown as [number, Buffer, number, number, number | null];
        (original as typeof fs.writeSync)(file, bytes, 0, bytes.length >> 1, place);
      }
      if (left < 0) throw new Error("the process has been killed");
      return call();
    };
  }
  syncBuiltinESMExports();
  return () => {
    for (const [name, original] of originals) table[name] = original as never;
    syncBuiltinESMExports();
  };
}

/** Applies and is killed after `changes` changes; returns whether that was before its end. */
async function applyAndDie(out: string, changes: number, options: Partial<ApplyOptions>): Promise<boolean> {
  const revive = dieAfter(changes);
  try {
    await apply(out, options);
    return false;
  } catch (error) {
    assert.match(String(error), /killed/);
    return true;
  } finally {
    revive();
    removeLocks(out);
  }
}

/** This process lives on after its simulated death, which leaves its lock as if it were still at work. */
function removeLocks(out: string): void {
  const names = existsSync(out) ? readdirSync(out) : [];
  for (const name of names.filter(isLockName)) rmSync(join(out, name));
}

/** An entry of a journal as a line with its checksum. */
function sealed(entry: object): string {
  const json = JSON.stringify(entry).slice(0, -1);
  return `${json},"sum":"${crc32(json).toString(16).padStart(8, "0")}"}`;
}

/** A folder of a run that was killed after all pictures were done. */
async function unfinished(out: string, options: Partial<ApplyOptions>): Promise<void> {
  let revive = () => {};
  const onProgress: ApplyOptions["onProgress"] = ({ done, total }) => {
    if (done === total) revive = dieAfter(0);
  };
  await assert.rejects(apply(out, { ...options, onProgress }), RunError);
  revive();
  removeLocks(out);
  assert.ok(filesIn(out).includes("apply.journal"));
}

for (const as of OUTPUT_FORMS) {
  describe(`a killed run of the format ${as}`, () => {
    const begun = join(root, `begun-${as}`);
    let whole: Map<string, string>;
    before(async () => {
      whole = contentsOf((await apply(join(root, `whole-${as}`), { as })).out);
      await unfinished(begun, { as });
    });

    it("resumes from any step of its end to the same output", async () => {
      let deaths = 0;
      for (let changes = 0; ; changes++) {
        const out = join(root, `step-${as}-${changes}`);
        cpSync(begun, out, { recursive: true });
        const isDead = await applyAndDie(out, changes, { as, resume: true });
        if (isDead) {
          deaths++;
          // Killed in the very last step, or before: both can be resumed.
          const outcome = await apply(out, { as, resume: true });
          assert.deepEqual([outcome.doneBefore, outcome.originals, outcome.augmented], [IMAGES, 8, 12]);
          assert.equal(outcome.skipped.length, 1);
        }
        assert.deepEqual(contentsOf(out), whole, `killed after ${changes} changes`);
        rmSync(out, { recursive: true });
        if (!isDead) break;
      }
      assert.ok(deaths >= 10, `${deaths} steps`);
    });

    it("resumes from the middle of its journal", async () => {
      const journal = readFileSync(join(begun, "apply.journal"));
      const random = new Random("cut", as);
      const rest = journal.subarray(0, random.integer(1, journal.length - 1));
      const out = join(root, `torn-${as}`);
      cpSync(begun, out, { recursive: true });
      writeFileSync(join(out, "apply.journal"), rest);
      const { doneBefore } = await apply(out, { as, resume: true });
      assert.equal(doneBefore, rest.filter((byte) => byte === 10).length);
      assert.deepEqual(contentsOf(out), whole);
    });

    it("resumes before the first damaged entry of its journal", async () => {
      const lines = readFileSync(join(begun, "apply.journal"), "utf8").split("\n");
      const { sum: _, ...entry } = JSON.parse(lines[2]);
      const changed = (more: object) => sealed({ ...entry, ...more });
      const damages: Record<string, string> = {
        "a flipped bit": lines[2].replace(/"bytes":(\d)/, (_, digit) => `"bytes":${Number(digit) ^ 1}`),
        "a flipped bit of the checksum": lines[2].replace(/.(?="}$)/, (digit) => (digit === "0" ? "1" : "0")),
        "no checksum": JSON.stringify(entry),
        "another's place": lines[1],
        ...{ "an index alone": '{"index":2}', "an index with a checksum": sealed({ index: 2 }) },
        ...{ "no list of outputs": changed({ outputs: 5 }), "no output": changed({ outputs: [null] }) },
        ...{ "no size": changed({ height: 0 }), "another index": changed({ index: 7 }) },
        "no reason": sealed({ index: 2, reason: 5 }),
        "no parameters": changed({ outputs: [{ output: "x", bytes: 1, augmentation: {} }] }),
        ...{ null: "null", list: "[]", text: "x", nothing: "", zeros: "\0".repeat(1000) },
        ...{ levels: "[".repeat(100_000), megabytes: "x".repeat(10_000_000) },
      };
      for (const [damage, line] of Object.entries(damages)) {
        const out = join(root, `damaged-${as}`);
        cpSync(begun, out, { recursive: true });
        writeFileSync(join(out, "apply.journal"), lines.with(2, line).join("\n"));
        const { doneBefore } = await apply(out, { as, resume: true });
        assert.equal(doneBefore, 2, damage);
        assert.deepEqual(contentsOf(out), whole, damage);
        rmSync(out, { recursive: true });
      }
    });

    it("redoes what has been lost", async () => {
      const out = join(root, `lost-${as}`);
      cpSync(begun, out, { recursive: true });
      const lost = { folders: "train/b/1_aug2.jpg", cifar10: "data_batch_1.bin.part", npz: "train.npz.part" }[
        as
      ];
      fs.truncateSync(join(out, lost), statSync(join(out, lost)).size - 1);
      const { doneBefore } = await apply(out, { as, resume: true });
      assert.equal(doneBefore, as === "folders" ? 5 : 6);
      assert.deepEqual(contentsOf(out), whole);
    });

    it("at its beginning resumes, or starts", async () => {
      for (const changes of as === "folders" ? [0, 2, 4] : [5]) {
        const out = join(root, `early-${as}-${changes}`);
        assert.ok(await applyAndDie(out, changes, { as }));
        await apply(out, { as, resume: true });
        assert.deepEqual(contentsOf(out), whole);
      }
    });
  });
}

describe("an interrupted run", () => {
  const begun = join(root, "begun");
  let whole: Map<string, string>;
  before(async () => {
    whole = contentsOf((await apply(join(root, "whole"))).out);
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const interrupted = apply(begun, { copies: 2, chance: 1, onProgress, signal: controller.signal, top: 2 });
    await assert.rejects(interrupted, (error: Error) => {
      // The pictures of one split are one task here.
      assert.equal(
        error.message,
        `interrupted after 7 of ${IMAGES} pictures: run the same command with --resume to continue`,
      );
      return true;
    });
  });

  it("is reported and not overwritten without --resume", async () => {
    const before = contentsOf(begun);
    await assert.rejects(
      apply(begun),
      new UsageError(
        `${begun} contains an interrupted run: continue it with --resume, or give another --out`,
      ),
    );
    assert.deepEqual(contentsOf(begun), before);
  });

  it("is not resumed if apply.json is not that of a run, or its journal no file", async () => {
    const run = JSON.parse(readFileSync(join(begun, "apply.json"), "utf8"));
    const { settings } = run;
    const damaged = [
      ...["", "{", "null", "[]", "[".repeat(100_000), { ...run, version: 1 }, { ...run, data: null }],
      ...[{ form: {} }, { form: { as: "x" } }, { policies: [null] }, { policies: [{}] }, { policies: 5 }].map(
        (more) => {
          return { ...run, settings: { ...settings, ...more } };
        },
      ),
      ...[
        { seed: "x" },
        { copies: 0 },
        { chance: 2 },
        { judgedShape: [1] },
        { originals: 1 },
        { recipe: "x" },
      ].map((more) => ({ ...run, settings: { ...settings, ...more } })),
      ...[5, {}, { ...run, settings: undefined }, { ...run, result: {} }, { ...run, result: null }],
    ];
    for (const content of damaged) {
      const out = join(root, "run-file");
      cpSync(begun, out, { recursive: true });
      const path = join(out, "apply.json");
      writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
      const before = contentsOf(out);
      await assert.rejects(
        apply(out, { resume: true }),
        new UsageError(`${path} does not describe a run that can be continued; give another --out`),
      );
      assert.deepEqual(contentsOf(out), before);
      rmSync(out, { recursive: true });
    }
    const out = join(root, "no-journal");
    cpSync(begun, out, { recursive: true });
    rmSync(join(out, "apply.journal"));
    mkdirSync(join(out, "apply.journal"));
    await assert.rejects(
      apply(out, { resume: true }),
      new UsageError(
        `cannot read ${join(out, "apply.journal")}: it is a folder, not a file; remove it to begin again`,
      ),
    );
  });

  it("does nothing twice", async () => {
    const out = join(root, "once");
    cpSync(begun, out, { recursive: true });
    const stateOf = () => statSync(join(out, "train/a/1_aug2.png")).ino;
    const before = stateOf();
    const { doneBefore } = await apply(out, { resume: true });
    assert.deepEqual([doneBefore, stateOf()], [7, before]);
    assert.deepEqual(contentsOf(out), whole);
  });

  it("resumes with another number of workers", async () => {
    const out = join(root, "other-workers");
    cpSync(begun, out, { recursive: true });
    await apply(out, { resume: true, workers: 3 });
    assert.deepEqual(contentsOf(out), whole);
  });

  const others: [Partial<ApplyOptions>, RegExp][] = [
    [
      { top: 1 },
      /started with the policies of trial 20, 19 \(--policy and --top\), not with the policy of trial 20 /,
    ],
    [
      { seed: 4, copies: 3 },
      /started with --seed 3, not with --seed 4: use the same, or give another --out$/,
    ],
    [{ copies: 3 }, /--copies 2, not with --copies 3/],
    [{ chance: 0.5 }, /--chance 1, not with --chance 0\.5/],
    [{ onlyAugmented: true }, /started with no --only-augmented, not with --only-augmented/],
    [{ as: "npz" }, /--as folders, not with --as npz/],
    [{ format: "jpeg" }, /no --format, not with --format jpeg/],
    [{ chance: undefined }, /--chance 1, not with no --chance/],
    [{ scale: false }, /--scale on \(judged at 32 x 32\), not with --scale off/],
    [{ imageSize: 16 }, /no --image-size, not with --image-size 16/],
    [{ split: 0.5 }, /no --split, not with --split 0\.5/],
    [{ quality: 80 }, /--quality 95, not with --quality 80/],
    [{ grey: true }, /no --grey, not with --grey/],
  ];
  for (const [options, message] of others) {
    it(`is not resumed for ${JSON.stringify(options)}`, async () => {
      const before = contentsOf(begun);
      await assert.rejects(apply(begun, { resume: true, ...options }), (error: Error) => {
        assert.match(error.message, message);
        return error instanceof UsageError;
      });
      assert.deepEqual(contentsOf(begun), before);
    });
  }

  it("is not resumed if the data has changed", async () => {
    const changed = join(root, "changed");
    cpSync(data, changed, { recursive: true });
    await writePicture(join(changed, "train/b/9.png"), 9);
    await assert.rejects(apply(begun, { resume: true, data: changed }), (error: Error) => {
      assert.match(error.message, /changed is not what .* was started with \(9 images then, 10 now\)/);
      return error instanceof UsageError;
    });
  });

  it("is not resumed by another version of the program", async () => {
    const out = join(root, "old");
    cpSync(begun, out, { recursive: true });
    const run = JSON.parse(readFileSync(join(out, "apply.json"), "utf8"));
    writeFileSync(join(out, "apply.json"), JSON.stringify({ ...run, program: "0.1.0" }));
    await assert.rejects(
      apply(out, { resume: true }),
      /was started by version 0\.1\.0 of this program, and this is/,
    );
    writeFileSync(join(out, "apply.json"), "{");
    await assert.rejects(apply(out, { resume: true }), /apply\.json does not describe a run/);
  });
});

describe("--resume", () => {
  it("starts a run if there is none", async () => {
    const out = join(root, "nothing");
    mkdirSync(out);
    const outcome = await apply(out, { resume: true });
    assert.deepEqual([outcome.doneBefore, outcome.augmented], [0, 12]);
  });

  it("does nothing if all is finished, and reports the same", async () => {
    const out = join(root, "finished");
    const first = await apply(out);
    const before = contentsOf(out);
    const again = await apply(out, { resume: true });
    assert.deepEqual({ ...again, doneBefore: 0 }, first);
    assert.equal(again.doneBefore, IMAGES);
    assert.deepEqual(contentsOf(out), before);
    await assert.rejects(apply(out, { resume: true, seed: 9 }), /started with --seed 3, not with --seed 9/);
    await assert.rejects(apply(out), new UsageError(`${out} is not empty; give another --out`));
  });

  it("refuses a folder with other content, which is kept", async () => {
    const out = join(root, "foreign");
    mkdirSync(out);
    writeFileSync(join(out, "mine.txt"), "mine");
    await assert.rejects(apply(out, { resume: true }), /is not empty and contains no interrupted run/);
    assert.deepEqual(filesIn(out), ["mine.txt"]);
  });
});
