// Kills `apply` with SIGKILL at random moments and resumes it each time: the output must equal that of an uninterrupted
// run, file by file. Each form is killed three times; `APPLY_KILLS=10 node --test test/cli/apply-resume.test.ts` kills
// ten times, and `APPLY_SEED=7` at other moments.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { OUTPUT_FORMS } from "../../src/apply/forms.ts";
import { Random } from "../../src/common/random.ts";
import { bytesIn, contentsOf, writePolicies } from "../apply/pictures.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";
import { kill } from "./processes.ts";
import { run, start } from "./run.ts";

const KILLS = Number(process.env.APPLY_KILLS ?? 3);
const SEED = Number(process.env.APPLY_SEED ?? 0);

const root = mkdtempSync(join(tmpdir(), "deepaugment-apply-resume-"));
const environment = { DEEPAUGMENT_HOME: join(root, "home") };
after(() => rmSync(root, { recursive: true, force: true }));

const policies = writePolicies(join(root, "policies.json"), [
  [[{ type: "shear", magnitude: 0.3 }], [{ type: "gaussian-blur", magnitude: 0.1 }]],
  [[{ type: "coarse-dropout", magnitude: 0.6 }]],
]);

describe(`deepaugment apply, killed ${KILLS} times`, () => {
  for (const as of OUTPUT_FORMS) {
    it(`gives the same output: --as ${as}`, async (test) => {
      const args = (out: string) => [
        ...["apply", "--policy", policies, "--data", SAMPLE_ARCHIVE, "--as", as],
        ...["--copies", "6", "--top", "2", "--seed", "11", "--split", "0.9", "--out", join(root, out)],
      ];
      const reference = await run(args(`${as}-whole`), environment);
      assert.equal(reference.code, 0, reference.stderr);
      const whole = contentsOf(join(root, `${as}-whole`));
      const size = bytesIn(join(root, `${as}-whole`));
      const random = new Random(SEED, "kills", as);
      let killed = 0;
      for (let i = 0; i < KILLS; i++) {
        // Spread over the run: one in each of as many parts of it.
        const moment = ((i + random.uniform()) / KILLS) * size;
        const program = start([...args(as), "--resume"], environment);
        let isRunning = true;
        program.finished.then(() => {
          isRunning = false;
        });
        while (isRunning && bytesIn(join(root, as)) < moment) await setTimeout(3);
        await setTimeout(random.integer(0, 40));
        if (isRunning) kill(program.process.pid!, random.chance(0.5));
        const { signal, code, stderr } = await program.finished;
        if (signal === "SIGKILL") killed++;
        else assert.equal(code, 0, stderr);
      }
      const { code, stdout, stderr } = await run([...args(as), "--resume", "--json"], environment);
      assert.equal(code, 0, stderr);
      // A quick machine may be done before its last kill.
      assert.ok(killed > 0, "never killed");
      const { doneBefore, images } = JSON.parse(stdout);
      test.diagnostic(`${killed} kills; the last run continued after ${doneBefore} of ${images} pictures`);
      assert.ok(doneBefore > 0 && doneBefore <= images, `${doneBefore} of ${images}`);
      const output = contentsOf(join(root, as));
      assert.deepEqual([...output.keys()], [...whole.keys()]);
      for (const [path, content] of whole) assert.equal(output.get(path), content, path);
    });
  }
});
