// The man page: it has every command and option, and no mistakes that man or mandoc find.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { manPage } from "../../scripts/docs/man.ts";
import { runMain } from "../cli/run.ts";

function without(program: string, ...args: string[]): string | false {
  return spawnSync(program, args).error ? `there is no ${program}` : false;
}

describe("the man page", () => {
  it("has every command and its options", async () => {
    const page = await manPage();
    const plain = page.replaceAll("\\-", "-");
    const { stdout } = await runMain(["--help"]);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
    assert.ok(commands.length > 12 && commands.includes("workers"));
    for (const command of commands.filter((name) => !["data", "help"].includes(name))) {
      const start = plain.indexOf(`\n.SS ${command}\n`);
      assert.ok(start >= 0, command);
      const section = plain.slice(start, plain.indexOf("\n.S", start + 4));
      const help = (await runMain([command, "--help"])).stdout;
      const options = [...help.matchAll(/^ {2}(?:-\w, )?--[\w-]+(?: <[^>]+>)?/gm)];
      for (const [option] of options.filter(([option]) => !/--(version|debug)/.test(option)))
        assert.ok(section.includes(`\n.B ${option.trim()}\n`), `${command} ${option}`);
      const example = /^ {2}(deepaugment .*[^\\])$/m.exec(help)?.[1];
      if (example) assert.ok(section.includes(example), example);
    }
    assert.ok(plain.includes("\n.SS data fetch\n") && plain.includes("\n.SS data info\n"));
  });

  it("is the same each time, also if npx runs the build", async () => {
    const page = await manPage();
    process.env.npm_command = "exec";
    assert.equal(await manPage(), page);
  });

  it("has no mistakes that mandoc finds", { skip: without("mandoc", "-h") }, async () => {
    const { stdout } = spawnSync("mandoc", ["-Tlint", "-Wwarning"], {
      input: await manPage(),
      encoding: "utf8",
    });
    assert.match(stdout, /^(mandoc: <stdin>:1:\d+: WARNING: missing date, using "": TH\n)?$/);
  });

  it("has no mistakes that groff finds", { skip: without("groff", "--version") }, async () => {
    const options = ["-man", "-Tutf8", "-Kutf8", "-ww"];
    const { stdout, stderr } = spawnSync("groff", options, { input: await manPage(), encoding: "utf8" });
    assert.equal(stderr, "");
    assert.ok(stdout.length > 10_000);
  });
});
