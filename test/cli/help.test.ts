// What --help prints, by each command's width and by how the program was started.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { main } from "../../src/cli/main.ts";
import { widthOf } from "../../src/cli/text.ts";
import { resolveConfig } from "../../src/config/load.ts";
import { runMain, Sink } from "./run.ts";

const COMMANDS = [
  ...["optimize", "apply", "preview", "data info", "data fetch", "doctor", "models", "bench", "show"],
  ...["evaluate", "completion"],
];

async function helpOf(command: string, columns = 80): Promise<string> {
  const stdout = Object.assign(new Sink(), { isTTY: true, columns });
  assert.equal(await main([...command.split(" "), "--help"], { stdout, stderr: new Sink() }), 0);
  return stdout.text;
}

describe("--help", () => {
  it("fits 80 columns", async () => {
    for (const command of COMMANDS) {
      for (const line of (await helpOf(command)).split("\n")) {
        assert.ok(widthOf(line) <= 80, `${command}: ${line}`);
      }
    }
  });

  it("has paragraphs of at most 80 columns on a wide terminal, and narrower ones on a narrow one", async () => {
    const paragraph = (help: string) => help.slice(help.indexOf("Takes at most")).split("\n");
    const wide = paragraph(await helpOf("doctor", 200));
    assert.ok(wide.every((line) => line.length <= 80) && wide.some((line) => line.length > 60));
    const narrow = paragraph(await helpOf("doctor", 50));
    assert.ok(narrow.every((line) => line.length <= 50));
    assert.equal(narrow.join(" "), wide.join(" "));
  });

  it("names the defaults of a search that the configuration has", async () => {
    const help = (await helpOf("optimize")).replace(/\s+/g, " ");
    const { iterations, engine, threads, seed, out } = resolveConfig({ data: "cifar10" });
    const defaults = { iterations, engine, threads, seed, out };
    for (const [option, value] of Object.entries(defaults)) {
      assert.match(help, new RegExp(`--${option} <[^>]+> [^()]*\\(default: ${value}\\)`), option);
    }
  });

  it("begins examples as the program was called, and continues long ones on the next line", async () => {
    const help = async (npmCommand: string) =>
      (await runMain(["apply", "--help"], { npm_command: npmCommand })).stdout;
    const [global, npx] = [await help(""), await help("exec")];
    assert.match(global, /^Usage: deepaugment apply /);
    assert.match(npx, /^Usage: npx deepaugment apply /);
    const lines = npx.slice(npx.indexOf("Examples:")).trimEnd().split("\n").slice(1);
    assert.ok(lines.length > 6);
    const commands = lines.join("\n").replaceAll(" \\\n     ", "").split("\n");
    for (const command of commands) assert.match(command, /^ {2}npx deepaugment apply --[^\\]+$/);
    const commandsInstalled = global.slice(global.indexOf("Examples:")).replaceAll(/ \\\n {5}/g, "");
    assert.equal(commandsInstalled.trimEnd(), ["Examples:", ...commands].join("\n").replaceAll("npx ", ""));
  });
});
