import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { keepOtherRows } from "../../scripts/bench/regret/kept-rows.ts";
import { judge } from "../../scripts/bench/regret/objective.ts";
import { type SearchResult, summarize } from "../../scripts/bench/regret/results.ts";
import { runSearch } from "../../scripts/bench/regret/run.ts";
import { openSearcher, type Searcher } from "../../scripts/bench/regret/searcher.ts";
import { type Row, smoothTable } from "../../scripts/bench/regret/smoothed.ts";
import { syntheticObjective } from "../../scripts/bench/regret/synthetic.ts";
import { tableObjective } from "../../scripts/bench/regret/table.ts";
import { formatResults } from "../../scripts/bench/regret/tables.ts";
import { readPart, writePart } from "../../scripts/bench/training/page-part.ts";
import { Random } from "../../src/common/random.ts";
import { TECHNIQUES } from "../../src/config/techniques.ts";
import type { Point } from "../../src/controller/controller.ts";
import { createSpace, pointToPolicy } from "../../src/policy/space.ts";

const folder = mkdtempSync(join(tmpdir(), "deepaugment-regret-"));
after(() => rmSync(folder, { recursive: true }));

/** A few techniques: one helps more the stronger it is, the others are harmful. */
function truth([first, a, second, b, portion]: readonly number[]): number {
  const effect = (technique: number, magnitude: number) =>
    technique === 3 ? 0.08 * magnitude : -0.02 * technique * magnitude;
  return 0.45 + portion * (effect(first, a) + effect(second, b));
}

function rowsOf(count: number, noise: number, key: string): Row[] {
  const random = new Random(key);
  return Array.from({ length: count }, () => {
    const point = [
      random.integer(0, 4),
      random.uniform(),
      random.integer(0, 4),
      random.uniform(),
      random.uniform(),
    ];
    return { point, reward: truth(point) + random.normal(0, noise) };
  });
}

describe("the smoothed table", () => {
  it("predicts policies that are not in it, and estimates the noise of its rewards", () => {
    const table = smoothTable(rowsOf(120, 0.01, "table"));
    assert.ok(table.noise > 0.007 && table.noise < 0.014, `${table.noise}`);
    assert.ok(table.crossValidatedR2 > 0.5 && table.crossValidatedR2 < 0.99, `${table.crossValidatedR2}`);
    const others = rowsOf(200, 0, "others");
    const error = Math.sqrt(
      others.reduce((sum, { point, reward }) => sum + (table.meanAt(point) - reward) ** 2, 0) / 200,
    );
    assert.ok(error < 0.01, `${error}`);
    const still = [0, 1, 2].map((technique) => table.meanAt([technique, 0.7, technique, 0.2, 0]));
    for (const reward of still) assert.ok(Math.abs(reward - still[0]) < 1e-12, "portion 0 adds no image");
  });

  it("finds no effect in pure noise", () => {
    const random = new Random("nothing");
    const rows = rowsOf(80, 0, "nothing").map(({ point }) => ({ point, reward: random.normal(0.5, 0.02) }));
    assert.ok(smoothTable(rows).crossValidatedR2 < 0.15);
  });

  it("is an objective with an upper bound on the reward; a bad file is reported with its line", () => {
    const file = join(folder, "trials.jsonl");
    const space = createSpace({ chains: 1, operationsPerChain: 2, operations: TECHNIQUES });
    const lines = rowsOf(60, 0.01, "file").map(({ point, reward }, trial) =>
      JSON.stringify({ trial, policy: pointToPolicy(space, point), reward }),
    );
    writeFileSync(file, `${lines.join("\n")}\n`);
    const objective = tableObjective(file);
    const { rewardAt, greatest } = objective.create(0);
    for (const { point } of rowsOf(300, 0, "policies")) assert.ok(rewardAt(point) <= greatest + 1e-4);
    assert.ok(greatest > rewardAt(objective.baseline));
    assert.equal(judge(objective, 0.5, 1, 2).standardError, null);

    writeFileSync(file, lines.slice(0, 20).join("\n"));
    assert.throws(() => tableObjective(file), /has 20 trials; smoothing requires at least 50/);
    writeFileSync(file, `${lines[0]}\n{"trial": 1}\n`);
    assert.throws(() => tableObjective(file), /trials\.jsonl, line 2: not a trial \(/);
    assert.throws(() => tableObjective(join(folder, "none")), /there is no file/);
  });
});

describe("the comparison of searches", () => {
  it("knows the greatest reward of synthetic objectives", () => {
    for (const chains of [1, 5]) {
      const objective = syntheticObjective(chains);
      for (const seed of [0, 1]) {
        const { rewardAt, greatest } = objective.create(seed);
        assert.equal(rewardAt(objective.baseline), 0.45);
        const random = new Random(seed, "points");
        for (let i = 0; i < 300; i++) {
          const point = objective.dimensions.map((dimension) =>
            dimension.kind === "category" ? random.integer(0, dimension.choices - 1) : random.uniform(),
          );
          assert.ok(rewardAt(point) <= greatest);
        }
      }
    }
  });

  it("gives every method the same noise, with the correct standard error", () => {
    const objective = syntheticObjective(1);
    assert.deepEqual(judge(objective, 0.5, 3, 7), judge(objective, 0.5, 3, 7));
    const found = Array.from({ length: 500 }, (_, trial) => judge(objective, 0.5, 3, trial));
    const spread = Math.sqrt(found.reduce((sum, { reward }) => sum + (reward - 0.5) ** 2, 0) / 500);
    const stated = Math.sqrt(found.reduce((sum, { standardError }) => sum + standardError! ** 2, 0) / 500);
    assert.ok(Math.abs(spread - 0.01) < 0.001 && Math.abs(stated - 0.01) < 0.001, `${spread} and ${stated}`);
  });

  it("reports a trial after `lag` others were proposed, and records regrets at the marks", async () => {
    const objective = syntheticObjective(1);
    const log: string[] = [];
    const point: Point = [...objective.baseline];
    const searcher: Searcher = {
      title: "scripted",
      start: async (seed) => void log.push(`start ${seed}`),
      ask: async (trial) => {
        log.push(`ask ${trial}`);
        return point;
      },
      tell: async (trial) => void log.push(`tell ${trial}`),
      recommend: (judged) => judged.length - 1,
      close: () => {},
    };
    const marks = await runSearch(searcher, objective, 9, 2, [2, 4]);
    assert.equal(
      log.join(", "),
      "start 9, tell 0, ask 1, ask 2, ask 3, tell 1, ask 4, tell 2, tell 3, tell 4",
    );
    const { greatest } = objective.create(9);
    const regret = greatest - 0.45;
    assert.deepEqual(marks, [
      { trials: 2, simple: regret, recommended: regret },
      { trials: 4, simple: regret, recommended: regret },
    ]);
  });

  it("finds our controller better than random search", async () => {
    const objective = syntheticObjective(1);
    const [ours, random] = await Promise.all(
      ["ours", "random"].map(async (method) => {
        const searcher = (await openSearcher(method, undefined)) as Searcher;
        let sum = 0;
        for (const seed of [2000, 2001, 2002]) {
          const [mark] = await runSearch(searcher, objective, seed, 0, [40]);
          sum += mark.recommended / 3;
        }
        return sum;
      }),
    );
    assert.ok(ours < random - 0.01, `${ours} against ${random}`);
  });

  it("summarizes by mean and standard error", () => {
    const { count, mean, standardError } = summarize([1, 2, 3, 4]);
    assert.deepEqual([count, mean], [4, 2.5]);
    assert.ok(Math.abs(standardError - Math.sqrt(5 / 12)) < 1e-12);
  });
});

describe("a page of regrets that are measured in pieces", () => {
  const objective = syntheticObjective(1);
  const methods = ["ours", "forest", "peer"];
  const resultOf = (method: string, seed: number, regret: number): SearchResult => {
    const marks = [{ trials: 30, simple: regret, recommended: 2 * regret }];
    return { objective: objective.name, digest: "", method, title: method, seed, lag: 0, marks };
  };
  const ours = [resultOf("ours", 0, 0.01), resultOf("ours", 1, 0.02)];
  const peer = [resultOf("peer", 0, 0.05), resultOf("peer", 1, 0.05)];
  const forest = [resultOf("forest", 1, 0.03)];
  const tables = (results: SearchResult[], trials = [30]) =>
    formatResults([objective], trials, results, methods);

  it("keeps the rows of methods that are not measured again, as if all had been measured at once", () => {
    const page = join(folder, "page.md");
    assert.deepEqual(readPart(page, "regret"), []);
    writePart(page, "regret", tables([...ours, ...peer]), "The search");
    const lines = keepOtherRows(tables([...ours, ...forest]), readPart(page, "regret"));
    assert.deepEqual(lines, tables([...ours, ...forest, ...peer]));
    assert.equal(lines.filter((line) => line.startsWith("|")).length, 5);
    writePart(page, "regret", lines, "The search");
    assert.deepEqual(keepOtherRows(tables([...ours, ...forest]), readPart(page, "regret")), lines);
  });

  it("measures a row again instead of keeping it, and keeps nothing of an empty page", () => {
    const again = tables([...ours, resultOf("peer", 0, 0.07)]);
    assert.deepEqual(keepOtherRows(again, tables([...ours, ...peer])), again);
    assert.deepEqual(keepOtherRows(again, []), again);
  });

  it("refuses rows with other columns, and differences to other searches of ours", () => {
    const previous = tables([...ours, ...peer]);
    const changed = [resultOf("ours", 0, 0.01), resultOf("ours", 1, 0.03)];
    assert.throws(
      () => keepOtherRows(tables([...changed, ...forest]), previous),
      /the row "peer" of "synthetic" was compared with another "ours"; measure both again/,
    );
    assert.throws(
      () => keepOtherRows(tables(forest), previous),
      /the new table of "synthetic" has no row "ours"; add it to --methods/,
    );
    const more = (result: SearchResult) => ({
      ...result,
      marks: [...result.marks, { trials: 100, simple: 0, recommended: 0 }],
    });
    assert.throws(
      () => keepOtherRows(tables(ours.map(more), [30, 100]), previous),
      /the row "peer" of "synthetic" has other columns; measure it again/,
    );
  });
});
