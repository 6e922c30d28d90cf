import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";

const MODULE = new URL("../../src/common/program-name.ts", import.meta.url).href;

/** In a process that npm has started with this command. */
function nameUnder(command: string): string {
  const script = `import { programName } from "${MODULE}"; process.stdout.write(programName())`;
  return execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
    env: { ...process.env, npm_command: command },
  });
}

describe("programName", () => {
  it("is called by npx if npx has started the program", () => {
    assert.equal(nameUnder("exec"), "npx deepaugment");
  });

  it("is the installed program otherwise", () => {
    assert.equal(nameUnder("test"), "deepaugment");
    assert.equal(nameUnder(""), "deepaugment");
  });
});
