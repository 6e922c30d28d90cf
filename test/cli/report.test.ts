import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { makeExperiment } from "../report/made-experiment.ts";
import { lineOf, runMain, start, until } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-cli-report-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true }));

const folder = makeExperiment(join(root, "search"), { trials: 8 });

describe("deepaugment report", () => {
  it("writes the page, prints its path, and replaces an earlier one", async () => {
    const out = join(root, "page.html");
    for (let run = 0; run < 2; run++) {
      const { code, stdout, stderr } = await runMain(["report", folder, "--out", out], environment);
      assert.equal(code, 0, stderr);
      assert.equal(stdout, `${out}\n`);
      assert.match(stderr, /^note: The pictures cannot be shown: /);
    }
    assert.match(readFileSync(out, "utf8"), /^<!doctype html>\n<!-- a report of deepaugment -->/);
  });

  it("changes nothing in the folder", async () => {
    assert.equal(existsSync(join(folder, "report.html")), false);
  });

  it("prints the numbers", async () => {
    const { code, stdout } = await runMain(["report", folder, "--json"], environment);
    assert.equal(code, 0);
    const report = JSON.parse(stdout);
    assert.equal(report.format, "deepaugment-report");
    assert.equal(report.version, 1);
    assert.deepEqual(Object.keys(report), [
      ...["format", "version", "kind", "folder", "name", "status", "progress"],
      ...["answer", "search", "evaluation", "times", "repeat"],
    ]);
    assert.equal(report.search.trials.length, 9);
  });

  it("refuses in one line, and writes nothing", async () => {
    const refused = async (...args: string[]) => lineOf(await runMain(["report", ...args], environment));
    const mine = join(root, "mine.html");
    writeFileSync(mine, "mine");
    assert.match(await refused(folder, "--out", mine), /already exists and is not a report/);
    assert.match(
      await refused(folder, "--out", "report.pdf"),
      /--out: expected a file name that ends in \.html/,
    );
    assert.match(await refused(folder, "--json", "--watch"), /--json and --watch exclude each other/);
    assert.match(await refused(folder, "--watch", "--out", "a.html"), /--watch and --out exclude each other/);
    assert.match(await refused(folder, "--port", "80"), /--port applies to --watch only/);
    assert.match(await refused(root), /neither an experiment nor an evaluation/);
    assert.equal(readFileSync(mine, "utf8"), "mine");
  });

  it("serves until Ctrl-C", async () => {
    const program = start(["report", folder, "--watch", "--port", "0"], environment);
    let printed = "";
    program.process.stdout?.on("data", (data) => {
      printed += data;
    });
    await until(program, () => printed.endsWith("\n"));
    const numbers = await fetch(`${printed.trim()}report.json`);
    assert.match(await numbers.text(), /"name":"search"/);
    program.process.kill("SIGINT");
    const { code, stderr } = await program.finished;
    assert.equal(code, 130, stderr);
    assert.match(stderr, /the report is no longer served/);
  });
});
