// The page of a report in a real browser.

import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import type { AxeResults } from "axe-core";
import type { Browser, Page } from "puppeteer-core";
import { imageAt } from "../../src/image/batch.ts";
import { encodePng } from "../../src/image/codec.ts";
import { ContentMaker } from "../../src/report/content.ts";
import type { ArmPart, EvaluationPart, PageContent } from "../../src/report/contents.ts";
import { pageOf } from "../../src/report/page.ts";
import { serveReport } from "../../src/report/serve.ts";
import { start, until } from "../cli/run.ts";
import { loadSample, SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { CHROMIUM, openBrowser, problemsOf } from "./browser.ts";
import { makeExperiment } from "./made-experiment.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-browser-"));
process.env.DEEPAUGMENT_HOME = join(root, "home");
after(() => rmSync(root, { recursive: true }));

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe("the page of a report", { skip: CHROMIUM === undefined && "there is no Chromium" }, () => {
  let browser: Browser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser?.close());

  async function open(content: PageContent, width = 1280): Promise<{ page: Page; problems: string[] }> {
    const path = join(root, "page.html");
    writeFileSync(path, pageOf(content));
    const page = await browser.newPage();
    const problems = problemsOf(page, undefined);
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }]);
    await page.goto(pathToFileURL(path).href);
    await page.waitForSelector("#times .plot svg");
    return { page, problems };
  }

  const made = () =>
    new ContentMaker(makeExperiment(join(root, "made"), { trials: 30, data: SAMPLE_ARCHIVE })).make();

  it("draws every chart, with a name and a table of its numbers", async () => {
    const { page, problems } = await open(await made());
    const charts = await page.$$eval("figure:has(> .plot)", (figures) =>
      figures.map((figure) => ({
        title: figure.querySelector("h3")?.textContent,
        marks: figure.querySelectorAll("svg circle, svg path, svg line, svg rect").length,
        role: figure.querySelector("svg[role=img]")?.getAttribute("role"),
        name: figure.querySelector("svg[role=img]")?.getAttribute("aria-label"),
        hasTable: figure.querySelector("details > summary") !== null,
      })),
    );
    assert.ok(charts.length > 12, `${charts.length} charts`);
    for (const { title, marks, role, name, hasTable } of charts) {
      assert.ok(marks > 3, `${title}: ${marks} marks`);
      assert.equal(role, "img", title ?? "");
      assert.match(name ?? "", /\d/, title ?? "");
      assert.ok(hasTable, title ?? "");
    }
    const titles = charts.map(({ title }) => title);
    assert.ok(titles.includes("Accuracy of each trial, and the best so far"));
    assert.ok(titles.includes("Which pairs help each other"));
    assert.ok(titles.includes("What the portion does"));
    const rows = await page.$eval("#history details", (details) => {
      details.open = true;
      return new Promise((resolve) =>
        details.addEventListener("toggle", () => resolve(details.querySelectorAll("tbody tr").length)),
      );
    });
    assert.equal(rows, 31);
    assert.deepEqual(problems, []);
    await page.close();
  });

  it("lists the machines of a queue", async () => {
    const content = await made();
    const { times } = content.report;
    const machines = [{ host: "box-a", engine: "native (float32, avx2)", trainings: 4, seconds: 480 }];
    const { page, problems } = await open({
      ...content,
      report: { ...content.report, times: { ...times, machines } },
    });
    const cells = await page.$$eval("#times .machines td", (all) =>
      all.map(({ textContent }) => textContent),
    );
    assert.deepEqual(cells.slice(0, 3), ["box-a", "native (float32, avx2)", "4"]);
    assert.equal(cells.length, 5);
    assert.deepEqual(problems, []);
    await page.close();
  });

  it("shows the user's images", async () => {
    const { page } = await open(await made());
    const sizes = await page.$$eval("#pictures img", (images) =>
      images.map((image) => [image.complete, image.naturalWidth, image.alt]),
    );
    assert.ok(sizes.length > 20);
    for (const [isComplete, width, alt] of sizes)
      assert.ok(isComplete && Number(width) === 32 && alt !== "", JSON.stringify(alt));
    await page.close();
  });

  it("has tips", async () => {
    const { page } = await open(await made());
    const dot = (await page.$$("#history figure:first-of-type .plot svg[role=img] path[transform]")).at(-1);
    await dot!.scrollIntoView();
    const box = await dot!.boundingBox();
    await page.mouse.move(box!.x + box!.width / 2, box!.y + box!.height / 2);
    await page.waitForFunction(
      `/trial \\d+.*: [\\d.]+%/.test(document.querySelector("#history .plot svg[role=img]").textContent)`,
    );
    await page.close();
  });

  for (const scheme of ["light", "dark"]) {
    it(`is accessible when ${scheme}`, async () => {
      const { page } = await open(await made());
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      for (const details of await page.$$("details"))
        await details.evaluate((each) => each.setAttribute("open", ""));
      // The page's policy forbids scripts that are added to it; the browser's own may run.
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() =>
        (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      );
      const found = violations.map(
        ({ id, nodes }) =>
          `${id}: ${nodes
            .map(({ html }) => html.slice(0, 120))
            .slice(0, 3)
            .join(" | ")}`,
      );
      assert.deepEqual(found, []);
      await page.close();
    });
  }

  it("draws an evaluation, also one that has only begun", async () => {
    const content = await made();
    const measured = (mean: number) => ({ mean, low: mean - 0.01, high: mean + 0.01 });
    const arm = (name: string, mean: number, gain: number | null): ArmPart => ({
      ...{ arm: name, accuracies: [mean - 0.01, mean + 0.01], accuracy: measured(mean), seconds: 60 },
      ...{ fromNone: gain === null ? null : measured(gain), fromBestRecipe: null },
    });
    const waiting = { ...arm("policy", 0.5, null), accuracies: [], accuracy: null, seconds: 0 };
    const points = [1, 2, 3].map((epoch) => ({ epoch, training: epoch / 4, validation: null }));
    const evaluation: EvaluationPart = {
      ...{ folder: "evaluation", status: "interrupted", progress: "4 of 6 trainings done" },
      ...{ conclusion: null, recommended: null, bestRecipe: null, measured: "averaged weights" },
      ...{
        trainImages: 1000,
        testImages: 500,
        arms: [arm("none", 0.4, null), arm("flip", 0.5, 0.1), waiting],
      },
      curves: { missing: null, lines: ["none", "flip"].map((label) => ({ group: label, label, points })) },
    };
    const { page, problems } = await open({ ...content, report: { ...content.report, evaluation } });
    const titles = await page.$$eval("#evaluation figure:has(svg[role=img]) h3", (each) =>
      each.map(({ textContent }) => textContent),
    );
    assert.deepEqual(titles, ["Test accuracy of each arm", "Gain over no augmentation"]);
    assert.match(
      await page.$eval("#evaluation", ({ textContent }) => textContent ?? ""),
      /ended of: policy\./,
    );
    const curves = await page.$$eval("#curves h3", (each) => each.map(({ textContent }) => textContent));
    assert.ok(curves.includes("Evaluation: training accuracy"));
    assert.deepEqual(problems, []);
    await page.close();
  });

  it("fits a phone", async () => {
    const { page } = await open(await made(), 360);
    const width = await page.$eval("html", ({ scrollWidth }) => scrollWidth);
    assert.equal(width, 360);
    await page.close();
  });

  it("shows hostile names as text", async () => {
    const names = [
      "<script>document.title = 'run'</script>".replaceAll("/", "∕"),
      `"quotes' & <img src=x onerror="document.title='run'">`,
      "x".repeat(100),
    ];
    const photos = join(root, "photos");
    const { train } = await loadSample();
    const { height, width } = train.images;
    for (const [label, name] of names.entries()) {
      mkdirSync(join(photos, name), { recursive: true });
      const png = await encodePng(imageAt(train.images, label), height, width);
      writeFileSync(join(photos, name, "<b onclick='document.title=1'>.png"), png);
    }
    const content = await new ContentMaker(
      makeExperiment(join(root, "hostile"), { trials: 5, data: photos }),
    ).make();
    const long = `</script><script>document.title = "run"</script>${"ä".repeat(10_000)}`;
    const [table, ...others] = content.pictures.tables;
    const rows = [...table.rows, { ...table.rows[0], label: long, source: long }];
    const pictures = { ...content.pictures, tables: [{ ...table, rows }, ...others] };
    const { page, problems } = await open({ ...content, pictures }, 360);
    const labels = await page.$$eval("#pictures figure:first-of-type .label", (each) =>
      each.map(({ textContent }) => textContent),
    );
    assert.deepEqual(labels.sort(), [...names, long].sort());
    assert.match(await page.title(), /^DeepAugment: hostile$/);
    const found = await page.$$eval(
      "main script, main b, main [onerror], main [onclick]",
      ({ length }) => length,
    );
    assert.equal(found, 0);
    assert.equal(await page.$eval("html", ({ scrollWidth }) => scrollWidth), 360);
    assert.deepEqual(problems, []);
    await page.close();
  });

  it("is updated while a search runs", async () => {
    const out = join(root, "search");
    const settings = [
      ...["train_set_size=40", "validation_set_size=20", "image_size=12", "model=basiccnn", "child_epochs=5"],
      ...["child_batch_size=10", "iterations=6", "opt_initial_points=1", "bases=[none, flip]", "engine=wasm"],
      ...["confirm_top=0", "workers=1"],
    ];
    const flags = settings.flatMap((setting) => ["--set", setting]);
    const search = start(["optimize", "--data", SAMPLE_ARCHIVE, ...flags, "--out", out]);
    // Not there yet, if the search has only made the folder above it.
    const folder = () => join(out, readdirSync(out)[0] ?? "");
    await until(
      search,
      () =>
        existsSync(out) &&
        existsSync(join(folder(), "config.yaml")) &&
        existsSync(join(folder(), "experiment.json")),
    );
    const stop = new AbortController();
    let served: Promise<unknown> = Promise.resolve();
    const address = await new Promise<string>((resolve, reject) => {
      served = serveReport({ folder: folder(), port: 0, signal: stop.signal, onServing: resolve });
      served.catch(reject);
    });
    const page = await browser.newPage();
    const problems = problemsOf(page, new URL(address).host);
    await page.goto(address);
    const status = () => page.$eval("#status", ({ textContent }) => textContent ?? "");
    const begun = await status();
    assert.match(begun, /^experiment, running: \d+ of 6 trials done$/);
    await page.waitForFunction(`document.getElementById("status").textContent !== "${begun}"`, {
      timeout: 60_000,
    });
    await page.waitForSelector("#history .plot svg circle, #history .plot svg path");
    const { code, stderr } = await search.finished;
    assert.equal(code, 0, stderr);
    const end = "experiment, finished: 6 of 6 trials done";
    await page.waitForFunction(`document.getElementById("status").textContent === "${end}"`, {
      timeout: 60_000,
    });
    assert.equal(await page.$eval("#live", ({ textContent }) => textContent), "live");
    assert.deepEqual(problems, []);
    stop.abort();
    await assert.rejects(served, { name: "InterruptedError" });
    await page.waitForFunction(`document.getElementById("live").textContent === "not connected"`);
    await page.close();
  });
});
