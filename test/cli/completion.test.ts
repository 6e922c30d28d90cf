// The scripts of `completion`, in the shells that are installed: each is asked what it would offer.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ENGINE_CHOICES } from "../../src/config/engines.ts";
import { EVALUATION } from "../../src/config/evaluation.ts";
import { CONFIG } from "../../src/config/schema.ts";
import { FRAMEWORKS } from "../../src/export/frameworks.ts";
import { runMain } from "./run.ts";

const COMMANDS = [
  ...["optimize", "show", "report", "evaluate", "apply", "export", "preview", "data fetch", "data info"],
  ...["doctor", "models", "bench", "worker", "workers", "completion"],
];

/** Reads lines, and prints for each what bash would offer at its end, and an empty line. */
const ASK_BASH = String.raw`
source "$1"
while IFS= read -r line; do
  COMP_LINE=$line COMP_POINT=${"$"}{#line}
  spaced=${"$"}{line//=/ = }
  read -ra COMP_WORDS <<< "$spaced"
  if [[ $line == *[[:space:]=] ]]; then COMP_WORDS+=(""); fi
  COMP_CWORD=$((${"$"}{#COMP_WORDS[@]} - 1))
  _deepaugment
  ((${"$"}{#COMPREPLY[@]} == 0)) || printf '%s\n' "${"$"}{COMPREPLY[@]}"
  echo
done
`;

function without(shell: string): string | false {
  return spawnSync(shell, ["--version"]).status === 0 ? false : `there is no ${shell}`;
}

describe("completion", () => {
  let folder: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "deepaugment-completion-"));
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, stdout, stderr } = await runMain(["completion", shell]);
      assert.equal(code, 0, stderr);
      writeFileSync(join(folder, shell), stdout);
    }
    mkdirSync(join(folder, "photos", "cats"), { recursive: true });
    writeFileSync(join(folder, "photos.yaml"), "data: photos\n");
  });

  after(() => rmSync(folder, { recursive: true }));

  /** What bash offers after each of these lines. */
  function offered(...lines: string[]): string[][] {
    const output = execFileSync("bash", ["--norc", "-c", ASK_BASH, "bash", join(folder, "bash")], {
      cwd: folder,
      input: `${lines.join("\n")}\n`,
      encoding: "utf8",
    });
    const answers: string[][] = [[]];
    for (const line of output.split("\n").slice(0, -1)) {
      if (line === "") answers.push([]);
      else answers[answers.length - 1].push(line);
    }
    assert.equal(answers.length, lines.length + 1);
    return answers.slice(0, -1);
  }

  it("refuses other shells", async () => {
    const { code, stderr } = await runMain(["completion", "csh"]);
    assert.equal(code, 2);
    assert.match(stderr, /^deepaugment: shell: expected bash, zsh, fish, received "csh"\n$/);
  });

  describe("in bash", { skip: without("bash") }, () => {
    it("offers all commands", () => {
      const [all, data, some] = offered("deepaugment ", "deepaugment data ", "deepaugment --debug e");
      const first = [...new Set(COMMANDS.map((command) => command.split(" ")[0]))];
      assert.deepEqual(all.toSorted(), [...first, "help"].toSorted());
      assert.deepEqual(data, ["fetch", "info", "help"]);
      assert.deepEqual(some, ["evaluate", "export"]);
    });

    it("offers all options that the help texts have, and paths for those that take one", async () => {
      for (const command of COMMANDS) {
        const { stdout } = await runMain([...command.split(" "), "--help"]);
        const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)(?: <([^>]+)>)?/gm)];
        assert.ok(options.length >= 2, command);
        const flags = options.map(([, flag]) => flag);
        const lines = options.map(([, flag]) => `deepaugment ${command} ${flag} pho`);
        const [listed, ...values] = offered(`deepaugment ${command} --`, ...lines);
        assert.deepEqual(
          listed.filter((flag) => flag.startsWith("--")),
          flags,
          command,
        );
        for (const [i, [, flag, value = ""]] of options.entries()) {
          if (!/\b(file|folder|path|notebook)\b/.test(value)) continue;
          assert.deepEqual(values[i].toSorted(), ["photos", "photos.yaml"], `${command} ${flag}`);
        }
      }
    });

    it("offers the values that an option can have", () => {
      const [engine, named, to, arms, scale, split, recipe, model, data] = offered(
        ...["deepaugment optimize --engine ", "deepaugment bench --engine=w", "deepaugment export --to "],
        ...["deepaugment evaluate --arms none,flip-crop+po", "deepaugment preview --scale o"],
        ...[
          "deepaugment apply --split ",
          "deepaugment apply --recipe triv",
          "deepaugment optimize --set model=wrn_1",
        ],
        "deepaugment optimize --data c",
      );
      assert.deepEqual(engine, [...ENGINE_CHOICES]);
      assert.deepEqual(named, ["webgpu", "wasm"]);
      assert.deepEqual(to, [...FRAMEWORKS]);
      assert.deepEqual(arms, ["none,flip-crop+policy"]);
      assert.deepEqual(scale, ["on", "off"]);
      assert.deepEqual(split, []);
      assert.deepEqual(recipe, ["trivialaugment"]);
      assert.deepEqual(model, ["wrn_10_1", "wrn_16_2"]);
      assert.deepEqual(data, ["cifar10", "cifar100"]);
    });

    it("offers arguments: datasets, folders, shells, commands", () => {
      const [fetch, show, optimize, shell, help] = offered(
        ...["deepaugment data fetch ", "deepaugment show photos/", "deepaugment optimize mn"],
        ...["deepaugment completion ", "deepaugment help ap"],
      );
      assert.deepEqual(fetch, ["cifar10", "cifar100", "fashion_mnist", "mnist"]);
      assert.deepEqual(show, ["photos/cats"]);
      assert.deepEqual(optimize, ["mnist"]);
      assert.deepEqual(shell, ["bash", "zsh", "fish"]);
      assert.deepEqual(help, ["apply"]);
    });

    it("offers configuration keys and their values after --set", () => {
      const [search, evaluation, data, values, list, path, truth, glued] = offered(
        ...["deepaugment optimize --set ", "deepaugment evaluate --set ", "deepaugment apply --set ch"],
        ...["deepaugment optimize --set redraw=", "deepaugment optimize --set operations=[rotate,shear-"],
        ...["deepaugment optimize --set warm_start=pho", "deepaugment optimize --set mixture=t"],
        "deepaugment optimize --set=engine=na",
      );
      assert.deepEqual(
        search,
        CONFIG.names.map((key) => `${key}=`),
      );
      assert.deepEqual(
        evaluation,
        EVALUATION.names.map((key) => `${key}=`),
      );
      assert.deepEqual(data, ["channels="]);
      assert.deepEqual(values, ["once", "epoch"]);
      assert.deepEqual(list, ["[rotate,shear-x", "[rotate,shear-y"]);
      assert.deepEqual(path.toSorted(), ["photos", "photos.yaml"]);
      assert.deepEqual(truth, ["true"]);
      assert.deepEqual(glued, ["native"]);
    });
  });

  it("is valid zsh", { skip: without("zsh") }, () => {
    execFileSync("zsh", ["-f", "-n", join(folder, "zsh")]);
    const loaded = 'autoload -U compinit; compinit -u -D; source "$1"; print -r -- "$_comps[deepaugment]"';
    const output = execFileSync("zsh", ["-f", "-c", loaded, "zsh", join(folder, "zsh")], {
      encoding: "utf8",
    });
    assert.equal(output, "_deepaugment\n");
  });

  it("offers the same in fish", { skip: without("fish") }, () => {
    const asked = [
      ...["deepaugment ev", "deepaugment data fetch fa", "deepaugment bench --engine=na"],
      ...["deepaugment optimize --set redraw=e", "deepaugment optimize --set warm_st"],
      ...["deepaugment evaluate --arms none,flip-crop+po", "deepaugment show photos/"],
      "deepaugment optimize --set out=photos/",
    ];
    const script =
      'source $argv[1]; for line in $argv[2..]; complete -C "$line" | string replace -r "\\t.*" ""; end; true';
    const home = {
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, "config"),
      XDG_DATA_HOME: join(folder, "share"),
    };
    const output = execFileSync("fish", ["-c", script, "--", join(folder, "fish"), ...asked], {
      cwd: folder,
      env: { ...process.env, ...home },
      encoding: "utf8",
    });
    assert.deepEqual(output.trimEnd().split("\n"), [
      ...["evaluate", "fashion_mnist", "--engine=native", "redraw=epoch", "warm_start="],
      ...["none,flip-crop+policy", "photos/cats/", "out=photos/cats/"],
    ]);
  });
});
