// The program on a terminal, with real trainings: what its display shows at several sizes and after Ctrl-C; and without one, if
// nobody reads what it prints.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Screen } from "../../src/cli/drawing.ts";
import { quoteForShell } from "../../src/cli/format.ts";
import { main } from "../../src/cli/main.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { run, Sink } from "./run.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/deepaugment.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "deepaugment-terminal-"));
const home = join(root, "home");
after(() => rmSync(root, { recursive: true }));

/** Both the program and its workers print warnings of Node again and again. */
const NOISE = {
  NODE_OPTIONS:
    "--import=data:text/javascript,setInterval(()=>{process.emitWarning('technicality','ExperimentalWarning');process.emitWarning('take-care')},50).unref()",
};

function optimizeArgs(out: string, more: Record<string, unknown> = {}): string[] {
  const settings = {
    ...{ data: SAMPLE_ARCHIVE, image_size: 12, train_set_size: 20, validation_set_size: 60, seed: 3 },
    ...{ iterations: 1, opt_samples: 1, confirm_top: 0, child_epochs: 2, child_batch_size: 10, workers: 2 },
    ...{ out, ...more },
  };
  return ["optimize", ...Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`])];
}

describe("output that nobody reads", { skip: process.platform === "win32" }, () => {
  const withoutReader = async (args: readonly string[], readsErrors: boolean) => {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...process.env, DEEPAUGMENT_HOME: home },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stderr = "";
    child.stdout.destroy();
    if (readsErrors) child.stderr.on("data", (text) => (stderr += text));
    else child.stderr.destroy();
    const [code] = await once(child, "close");
    return { code, stderr };
  };

  it("ends a command quietly, with the exit code of SIGPIPE", async () => {
    for (const args of [["models", "--json"], ["--help"], ["data", "info", SAMPLE_ARCHIVE]]) {
      const { code, stderr } = await withoutReader(args, true);
      assert.equal(code, 141, args.join(" "));
      assert.doesNotMatch(stderr, /EPIPE|Error|deepaugment:/);
    }
  });

  it("loses nothing of a search", async () => {
    for (const readsErrors of [true, false]) {
      const out = join(root, `unread-${readsErrors}`);
      const { code, stderr } = await withoutReader(optimizeArgs(out), readsErrors);
      assert.equal(code, 141, stderr);
      const experiment = join(out, readdirSync(out)[0]);
      assert.ok(existsSync(join(experiment, "best.json")));
      const facts = JSON.parse(readFileSync(join(experiment, "experiment.json"), "utf8"));
      assert.equal(facts.finished.trials, 1);
    }
  });

  it("is an error if it cannot be written for another reason", { skip: !existsSync("/dev/full") }, () => {
    const { status, stderr } = spawnSync(
      "sh",
      ["-c", '"$0" "$@" >/dev/full', process.execPath, PROGRAM, "models"],
      {
        encoding: "utf8",
      },
    );
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^deepaugment: cannot write the results to stdout: no space left on the device[^\n]*\n$/,
    );
  });
});

describe("notes on a terminal", () => {
  it("are broken between words, and nowhere else", () => {
    const note = "pictures differ in size; optimize resizes them, to image_size if it is given";
    for (const [isTTY, columns] of [
      [true, 40],
      [true, 12],
      [false, 40],
    ] as const) {
      const stderr = Object.assign(new Sink(), { isTTY, columns, rows: 20 });
      new Terminal({ stdout: new Sink(), stderr }).logNotes([note]);
      const lines = stderr.text.trimEnd().split("\n");
      assert.equal(lines.join(" "), `note: ${note}`);
      if (isTTY)
        assert.ok(
          lines.every((line) => line.length <= columns),
          stderr.text,
        );
      else assert.equal(lines.length, 1);
    }
  });
});

describe("control characters", () => {
  const odd = "a\u001b[2J\u0007\n\u202eb";
  const shown = "a\\x1b[2J\\x07\\n\\u202eb";

  it("are escaped in every message", () => {
    const stderr = new Sink();
    const terminal = new Terminal({ stdout: new Sink(), stderr });
    terminal.log(odd);
    terminal.logText(odd);
    terminal.logNotes([odd]);
    terminal.logSkipped([{ path: odd, reason: odd }]);
    assert.equal(stderr.text, `${shown}\n${shown}\nnote: ${shown}\nskipped ${shown}: ${shown}\n`);
    terminal.log("\u001b[1mbold\u001b[22m");
    assert.ok(stderr.text.endsWith("\n\u001b[1mbold\u001b[22m\n"));
  });

  it("are escaped in results, but for their lines and styles; JSON says the same", () => {
    const stdout = new Sink();
    const terminal = new Terminal({ stdout, stderr: new Sink() });
    terminal.print(`\u001b[32mgreen\u001b[39m\n${odd}`);
    assert.equal(stdout.text, "\u001b[32mgreen\u001b[39m\na\\x1b[2J\\x07\n\\u202eb\n");
    stdout.text = "";
    terminal.print({ name: odd });
    assert.deepEqual(JSON.parse(stdout.text), { name: odd });
    assert.ok(!stdout.text.includes("\u202e"));
  });

  it("are escaped in a drawing, which is not wider for that", () => {
    const stderr = Object.assign(new Sink(), { isTTY: true, columns: 20, rows: 5 });
    const terminal = new Terminal({ stdout: new Sink(), stderr });
    const screen = new Screen(terminal, () => ["title \u001b]0;x\u0007", "plain", `${"w".repeat(17)}\u0007`]);
    screen.stop();
    assert.ok(stderr.text.includes("title \\x1b]0;x\\x07"), JSON.stringify(stderr.text));
    assert.ok(stderr.text.includes(`${"w".repeat(17)}\\…`), JSON.stringify(stderr.text));
    assert.ok(!stderr.text.includes("\u0007"));
  });
});

describe("text on stdout", () => {
  it("is broken between words on a terminal, and nowhere else", () => {
    const printed = (isTTY: boolean) => {
      const stdout = Object.assign(new Sink(), { isTTY, columns: 20, rows: 20 });
      new Terminal({ stdout, stderr: new Sink() }).printText([
        "a title that is wide",
        "the size  is 24 here, not 32",
      ]);
      return stdout.text;
    };
    assert.equal(printed(true), "a title that is wide\nthe size  is 24\nhere, not 32\n");
    assert.equal(printed(false), "a title that is wide\nthe size  is 24 here, not 32\n");
  });
});

describe("errors on a terminal", () => {
  const errorAt = async (columns: number | undefined, ...args: string[]) => {
    const stderr = Object.assign(new Sink(), { isTTY: columns !== undefined, columns, rows: 20 });
    assert.equal(await main(args, { stdout: new Sink(), stderr }), 2);
    return stderr.text;
  };

  it("are broken between words, and nowhere else", async () => {
    for (const args of [["show", "nowhere"], ["apply", "--data", "photos"], ["optimise"]]) {
      const line = await errorAt(undefined, ...args);
      assert.match(line, /^deepaugment: [^\n]+\n$/);
      const lines = (await errorAt(40, ...args)).trimEnd().split("\n");
      assert.equal(`${lines.join(" ")}\n`, line);
      assert.ok(lines.length > 1 && lines.every((part) => part.length <= 40), lines.join("\n"));
    }
  });

  it("have a command to paste on a line of its own", () => {
    const stderr = Object.assign(new Sink(), { isTTY: true, columns: 30, rows: 20 });
    const command = "deepaugment optimize --resume 'a folder'";
    const terminal = new Terminal({ stdout: stderr, stderr });
    const message = `interrupted after a while; continue with: ${command}`;
    terminal.logText(message);
    const broken = `interrupted after a while;\ncontinue with:\n  ${command}`;
    assert.equal(stderr.text, `${broken}\n`);
    assert.equal(terminal.broken(message), broken);
    assert.equal(new Terminal({ stdout: new Sink() }).broken(message), message);
  });
});

describe("warnings of Node", () => {
  it("are lines like others, once each, without those for developers", async () => {
    const { code, stderr } = await run(optimizeArgs(join(root, "warnings"), { child_epochs: 20 }), {
      ...NOISE,
      DEEPAUGMENT_HOME: home,
    });
    assert.equal(code, 0, stderr);
    // Before, it is not the program that shows them.
    const text = stderr.slice(stderr.indexOf("Searching on"));
    assert.doesNotMatch(text, /technicality|trace-warnings/);
    assert.doesNotMatch(text, /\(node:|Warning/, text);
    // Perhaps while the images are loaded or the time is measured, which is before the search.
    assert.equal(stderr.match(/^note: take-care$/gm)?.length, 1, stderr);
  });
});

/** Runs a command in a terminal of its own. */
class Tmux {
  readonly #name = `deepaugment-test-${process.pid}`;

  constructor(command: string, columns: number, rows: number) {
    this.#do("-f", "/dev/null", "new-session", "-d", "-x", String(columns), "-y", String(rows), command);
  }

  /** The lines on the screen, without spaces at their ends; `whole` joins lines that the terminal has wrapped. */
  screen({ whole = false } = {}): string[] {
    const text = this.#do("capture-pane", "-p", ...(whole ? ["-J"] : []));
    return text.split("\n").map((line) => line.trimEnd());
  }

  resize(columns: number, rows: number): void {
    this.#do("resize-window", "-x", String(columns), "-y", String(rows));
  }

  press(key: string): void {
    this.#do("send-keys", key);
  }

  get cursor(): { isVisible: boolean; isOnSecondScreen: boolean } {
    const [cursor, alternate] = this.#do("display-message", "-p", "#{cursor_flag} #{alternate_on}")
      .trim()
      .split(" ");
    return { isVisible: cursor === "1", isOnSecondScreen: alternate === "1" };
  }

  /** Waits until the screen is like this. @throws Error with the screen if the program has ended. */
  async until(condition: (screen: string[]) => boolean): Promise<string[]> {
    for (;;) {
      const screen = this.screen();
      if (condition(screen)) return screen;
      if (screen.some((line) => /^exit \d+$/.test(line)))
        throw new Error(`it has ended:\n${screen.join("\n")}`);
      await sleep(50);
    }
  }

  end(): void {
    this.#do("kill-server");
  }

  #do(...args: string[]): string {
    return execFileSync("tmux", ["-u", "-L", this.#name, ...args], { encoding: "utf8" });
  }
}

const hasTmux = spawnSync("tmux", ["-V"]).status === 0;

describe("the display of a search", { skip: !hasTmux && "there is no tmux here" }, () => {
  /** Whether the screen has all parts of the display and nothing else, at this width. */
  const isWhole = (screen: readonly string[], columns: number) =>
    screen[0].startsWith("Searching on ") &&
    screen.filter((line) => /^Trials {5}[█░]+ {2}\d+\/\d+ {2}/.test(line)).length === 1 &&
    screen.filter((line) => /^Best {7}0\.\d{3} \([+−]0\.\d{3}\), trial \d+$/.test(line)).length === 1 &&
    screen.filter((line) => /^ +\d+ {2}0\.\d{3} {2}/.test(line)).length >= 2 &&
    screen.every((line) => line.length < columns);

  it("is right at every size, also after it has changed, and leaves a clean screen on Ctrl-C", async () => {
    const out = join(root, "interrupted");
    const args = [process.execPath, PROGRAM, ...optimizeArgs(out, { iterations: 2000, method: "random" })];
    const variables = Object.entries({ ...NOISE, DEEPAUGMENT_HOME: home }).map(
      ([key, value]) => `${key}=${value}`,
    );
    const command = ["env", "-u", "NO_COLOR", ...variables, ...args].map(quoteForShell).join(" ");
    const terminal = new Tmux(`echo before; ${command}; echo "exit $?"; exec cat`, 80, 24);
    try {
      const sizes = [
        [80, 24],
        [40, 10],
        [120, 40],
        [60, 12],
        [200, 60],
        [40, 60],
        [80, 24],
      ] as const;
      for (const [columns, rows] of sizes) {
        terminal.resize(columns, rows);
        const screen = await terminal.until((lines) => isWhole(lines, columns));
        assert.ok(!screen.some((line) => /technicality|trace-warnings/.test(line)), screen.join("\n"));
      }
      assert.deepEqual(terminal.cursor, { isVisible: false, isOnSecondScreen: true });
      terminal.press("C-c");
      while (!terminal.screen().includes("exit 130")) await sleep(50);
      const lines = terminal.screen({ whole: true });
      const text = lines.join("\n");
      assert.ok(lines.includes("before"), text);
      const [experiment] = readdirSync(out);
      // Whether a policy is better by then depends on the machine. A resized terminal may have had its former width when
      // messages were broken.
      const ending = text.slice(text.indexOf("Stopping")).replace(/\s+/g, " ");
      assert.match(
        ending,
        new RegExp(
          `^Stopping… \\(press Ctrl-C again to stop immediately\\) \\d+ of 2000 trials done\\. (The best policy so far is that of trial \\d+: accuracy 0\\.\\d{3}, \\+0\\.\\d{3} over the baseline|No policy is better than the baseline so far)\\. deepaugment: interrupted; continue with: deepaugment optimize --resume ${out}/${experiment} exit 130 $`,
        ),
      );
      assert.doesNotMatch(text, /[█░]|^Best|^Trials|technicality/m);
      assert.deepEqual(terminal.cursor, { isVisible: true, isOnSecondScreen: false });
    } finally {
      terminal.end();
    }
  });
});
