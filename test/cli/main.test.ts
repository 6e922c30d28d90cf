// `main` with a caller's own streams and signal: everything is printed to the streams, and abort ends it as Ctrl-C does.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { main } from "../../src/cli/main.ts";
import { VERSION } from "../../src/common/version.ts";
import { filesIn, writePicture, writePolicies } from "../apply/pictures.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { run, runMain, Sink, until } from "./run.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-main-"));
process.env.DEEPAUGMENT_HOME = join(root, "home");
after(() => rmSync(root, { recursive: true, force: true }));

describe("main", () => {
  it("prints help and the version to stdout, usage errors to stderr, as the process does", async () => {
    for (const args of [
      ["--help"],
      ["apply", "--help"],
      ["--version"],
      ["optimise"],
      ["help", "data", "info"],
    ]) {
      const inProcess = await runMain(args);
      assert.deepEqual(inProcess, await run(args), args.join(" "));
      assert.equal(args[0] === "optimise" ? inProcess.stdout : inProcess.stderr, "");
    }
    assert.equal((await runMain(["--version"])).stdout, `${VERSION}\n`);
  });

  it("prints nothing to the process's own streams when it is given others", () => {
    const commands = [["--help"], ["optimise"], ["models", "wrn_10_1"], ["data", "info", SAMPLE_ARCHIVE]];
    const script = `
import { main } from ${JSON.stringify(import.meta.resolve("../../src/cli/main.ts"))};
const codes = [];
const stream = { write: () => true };
for (const args of ${JSON.stringify(commands)}) codes.push(await main(args, { stdout: stream, stderr: stream }));
console.log(...codes);`;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    assert.deepEqual([stdout, stderr], ["0 2 0 0\n", ""]);
  });

  it("fits help to the width of a terminal", async () => {
    const widestLine = async (columns: number) => {
      const stdout = Object.assign(new Sink(), { isTTY: true, columns });
      assert.equal(await main(["data", "info", "--help"], { stdout, stderr: new Sink() }), 0);
      return Math.max(...stdout.text.split("\n").map((line) => line.length));
    };
    assert.ok((await widestLine(72)) <= 72);
    assert.ok((await widestLine(200)) > 80);
  });
});

describe("progress", () => {
  const data = join(root, "data");
  before(async () => {
    for (const path of ["a/1.png", "b/1.png"]) await writePicture(join(data, path), path.length);
  });
  const info = async (terminal: object, variables: Record<string, string | undefined>) => {
    const [stdout, stderr] = [new Sink(), Object.assign(new Sink(), terminal)];
    // An empty cache, so that pictures are decoded.
    const environment = { ...variables, DEEPAUGMENT_HOME: mkdtempSync(join(root, "home-")) };
    const names = Object.keys(environment) as (keyof typeof environment)[];
    const before = names.map((name) => process.env[name]);
    const set = (name: string, value: string | undefined) => {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    };
    for (const name of names) set(name, environment[name]);
    try {
      assert.equal(await main(["data", "info", data], { stdout, stderr }), 0);
    } finally {
      for (const [i, name] of names.entries()) set(name, before[i]);
    }
    assert.match(stdout.text, /^data-?\w*: 2 classes/);
    return stderr.text;
  };
  const colours = { NO_COLOR: undefined, TERM: "xterm" };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
  const COLOUR = /\x1b\[\d+m/;

  it("is a bar on a terminal", async () => {
    const text = await info({ isTTY: true, columns: 80 }, colours);
    assert.notEqual(stripVTControlCharacters(text), text);
    assert.match(stripVTControlCharacters(text), /decoding pictures [█░]+/);
    assert.match(text, COLOUR);
    assert.ok(text.endsWith("\x1b[J\x1b[?25h"), "the bar has been erased, and the cursor is visible");
  });

  it("is a bar without colours if NO_COLOR is set", async () => {
    const terminal = { isTTY: true, columns: 80 };
    const text = await info(terminal, { ...colours, NO_COLOR: "1" });
    assert.match(stripVTControlCharacters(text), /decoding pictures [█░]+/);
    assert.doesNotMatch(text, COLOUR);
    assert.match(await info(terminal, { ...colours, NO_COLOR: "" }), COLOUR);
  });

  it("is a line per stage without a terminal that can move its cursor", async () => {
    assert.equal(await info({}, colours), "decoding pictures\n");
    assert.equal(
      await info({ isTTY: true, columns: 80 }, { ...colours, TERM: "dumb" }),
      "decoding pictures\n",
    );
  });
});

describe("abort of the signal", () => {
  const policy = writePolicies(join(root, "best.json"), [[[{ type: "rotate", magnitude: 0.5 }]]]);
  const apply = (out: string, ...more: string[]) => [
    "apply",
    "--policy",
    policy,
    "--data",
    SAMPLE_ARCHIVE,
    "--out",
    join(root, out),
    ...more,
  ];

  it("interrupts a command cleanly", async () => {
    const [stdout, stderr, controller] = [new Sink(), new Sink(), new AbortController()];
    const listeners = process.listenerCount("SIGINT");
    const running = main(apply("out", "--copies", "20"), { stdout, stderr, signal: controller.signal });
    const out = join(root, "out");
    await until(
      { finished: running.then(() => ({ stderr: stderr.text })) },
      () =>
        existsSync(out) && readdirSync(out, { recursive: true }).some((name) => `${name}`.endsWith(".png")),
    );
    controller.abort();
    assert.equal(await running, 130);
    assert.equal(stdout.text, "");
    assert.match(
      stderr.text,
      /^\nStopping…[^\n]*\ndeepaugment: interrupted after \d+ of 240 pictures: [^\n]*\n$/,
    );
    assert.equal(process.listenerCount("SIGINT"), listeners);
    assert.ok(readFileSync(join(out, "apply.json")).length > 0);
  });

  it("before the command starts leaves no picture", async () => {
    const [stdout, stderr] = [new Sink(), new Sink()];
    const signal = AbortSignal.abort();
    assert.equal(await main(apply("never"), { stdout, stderr, signal }), 130);
    assert.match(stderr.text, /^\nStopping…[^\n]*\ndeepaugment: interrupted[^\n]*\n$/);
    assert.deepEqual(filesIn(join(root, "never")), ["apply.journal", "apply.json"]);
  });
});
