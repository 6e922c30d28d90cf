// The build of the native engine's addon with all kinds of compilers: none, broken, lacking a flag, slow. They are
// fakes; `npm test` begins with a real build.

import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "deepaugment-build-"));
after(() => rmSync(root, { recursive: true }));

/**
 * A fake compiler that records its calls, fails if one of the words in FAILS is among its arguments, and writes its
 * output slowly in two halves. A shell script, because it is
 * started hundreds of times.
 */
const STAND_IN = `
call=$(printf '%s\\t' "$@")
printf '%s\\n' "$call" >> "$CALLS"
made= sources= previous=
for argument; do
  case ",$FAILS," in *",$argument,"*)
    echo "In file included from here" >&2
    line=0
    while [ $line -lt 30 ]; do
      echo "source.cc:$line:1: error: cannot do that" >&2
      line=$((line + 1))
    done
    exit 1
  esac
  case "$previous $argument" in
    "-o "*) made=$argument ;;
    *.cc | *.o | */dev/null) sources="$sources $argument" ;;
    *" --version") echo "stand-in 1.0" ;;
    *" -shared") pause=0.15 ;;
  esac
  previous=$argument
done
if [ -n "$made" ]; then
  printf "begin " > "$made"
  [ -z "$pause" ] || sleep "$pause"
  { cat $sources; printf " end"; } >> "$made"
fi
`;
const standIn = join(root, "stand-in.sh");
writeFileSync(standIn, STAND_IN);

let folder: string;
let addon: string;
beforeEach(() => {
  folder = mkdtempSync(join(root, "build-"));
  addon = join(folder, "deepaugment.node");
});

function command(args: readonly string[], environment: Record<string, string>) {
  const env = { CALLS: join(folder, "calls"), CXX: `/bin/sh ${standIn}`, ...environment };
  return { args: ["scripts/build-native.ts", "--out", folder, ...args], options: { cwd: ROOT, env } };
}

function build(args: readonly string[], environment: Record<string, string> = {}): SpawnSyncReturns<string> {
  const { args: all, options } = command(args, environment);
  return spawnSync(process.execPath, all, { ...options, encoding: "utf8" });
}

function callsOf(source: string): string[][] {
  const calls = readFileSync(join(folder, "calls"), "utf8").trimEnd().split("\n");
  return calls.map((call) => call.split("\t")).filter((call) => call.includes(source));
}

describe("the build of the native engine", { skip: process.platform === "win32" }, () => {
  it("without a compiler prints one line, removes a stale addon and succeeds", () => {
    const environments: Record<string, string>[] = [{ CXX: "", PATH: folder }, { CXX: "none" }];
    for (const environment of environments) {
      writeFileSync(addon, "stale");
      for (const args of [[], ["--required"]]) {
        const { status, stdout, stderr } = build(args, environment);
        assert.equal(status, 0, stderr);
        assert.match(stdout, /^no C\+\+ compiler found.*trainings run on engine wasm\n$/);
        assert.equal(stderr, "");
        assert.ok(!existsSync(addon));
      }
    }
  });

  it("with a failing compiler prints the first lines, and fails only if the addon is required", () => {
    writeFileSync(addon, "stale");
    const installed = build([], { FAILS: "native/node/addon.cc" });
    assert.equal(installed.status, 0);
    const lines = installed.stderr.trimEnd().split("\n");
    assert.equal(lines.length, 8 + 1);
    assert.match(lines[0], /^source\.cc:0:1: error/);
    assert.match(lines[8], /failed: .*trainings run on engine wasm$/);
    assert.deepEqual(readdirSync(folder), ["calls"], "neither the addon nor temporary files");

    const required = build(["--required"], { FAILS: "native/node/addon.cc" });
    assert.equal(required.status, 1);
    assert.equal(required.stderr.match(/error: cannot do that/g)?.length, 30);
  });

  it("leaves out flags that the compiler does not support", { skip: process.arch !== "x64" }, () => {
    const flags = ["-mfma", "-mprefer-vector-width=512"];
    const { status, stderr } = build(["--required"], { FAILS: flags[1] });
    assert.equal(status, 0, stderr);
    const [call] = callsOf("native/kernels/kernels_avx512.cc");
    assert.ok(call.includes(flags[0]));
    assert.ok(!call.includes(flags[1]));
    assert.ok(!callsOf("native/node/addon.cc")[0].includes(flags[0]), "other files are for every processor");
  });

  it("does nothing if the addon is up to date, and rebuilds it otherwise", () => {
    assert.equal(build([]).status, 0);
    const first = readFileSync(addon, "utf8");
    assert.match(first, /^begin .* end$/s);
    assert.equal(build([]).status, 0);
    assert.equal(callsOf("native/node/addon.cc").length, 1);
    writeFileSync(addon, first.replace(/[0-9a-f]{64}/, "0".repeat(64)));
    assert.equal(build([]).status, 0);
    assert.equal(callsOf("native/node/addon.cc").length, 2);
    assert.equal(readFileSync(addon, "utf8").length, first.length);
  });

  it("replaces the addon atomically: concurrent builds and readers are not affected", async () => {
    writeFileSync(addon, "begin old end");
    const builds = [0, 1].map(() => {
      const { args, options } = command(["--required"], {});
      const child = spawn(process.execPath, args, { ...options, stdio: "inherit" });
      return new Promise<number | null>((resolve) => child.on("close", resolve));
    });
    let areRunning = true;
    const codes = Promise.all(builds).finally(() => {
      areRunning = false;
    });
    const seen = new Set<string>();
    while (areRunning) {
      seen.add(readFileSync(addon, "utf8"));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.deepEqual(await codes, [0, 0]);
    assert.ok(seen.has("begin old end"));
    for (const text of [...seen, readFileSync(addon, "utf8")]) assert.match(text, /^begin .* end$/s);
    assert.deepEqual(readdirSync(folder).sort(), ["calls", "deepaugment.node"]);
  });
});
