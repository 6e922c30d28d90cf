// Mistakes of the first minutes: each is answered by one line that says what to type.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runMain } from "./run.ts";

const stderrOf = async (...args: string[]) => {
  const { code, stderr } = await runMain(args, {});
  assert.equal(code, 2);
  return stderr;
};

describe("a first command", () => {
  it("without images names one that works", async () => {
    const message =
      "deepaugment: no images are given; give a folder of pictures or a dataset's name: deepaugment optimize photos/\n";
    assert.equal(await stderrOf("optimize"), message);
    assert.equal(await stderrOf("optimize", "--iterations", "3", "--set", "seed=1"), message);
    assert.match(await stderrOf("optimize", "--set", "data=nowhere"), /no dataset "nowhere"/);
  });

  it("with a word too many is one sentence", async () => {
    assert.equal(
      await stderrOf("optimize", "photos", "--budget", "1h", "30m"),
      "deepaugment: too many arguments for 'optimize': expected 1 argument but got 2; see --help\n",
    );
  });
});
