import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SAMPLE_ARCHIVE } from "../../test/fixtures/sample.ts";
import { argsOf, rowsOf, type Subject, startedIn, withoutTimes } from "./subject.ts";

const SETTINGS = {
  data: SAMPLE_ARCHIVE,
  policy: fileURLToPath(new URL("../../configs/policies/cifar10-60-trials.json", import.meta.url)),
  arms: "[none, flip-crop, trivialaugment, policy, flip-crop+top-policies]",
  samples: 6,
  epochs: 10,
  batch_size: 20,
  seed: 3,
  workers: 2,
  // After every part of an epoch, so that it is disturbed before, in and after many of them.
  checkpoint_seconds: 0,
};

export const evaluateSubject: Subject = {
  name: "evaluate",
  args(out) {
    const evaluation = evaluationIn(out);
    return evaluation ? ["evaluate", "--resume", evaluation] : argsOf("evaluate", { ...SETTINGS, out });
  },
  progress(out) {
    const folder = evaluationIn(out);
    return folder ? Math.floor(rowsOf(join(folder, "evaluation.csv")).length / SETTINGS.epochs) : 0;
  },
  result(out) {
    const folder = evaluationIn(out)!;
    const { results } = JSON.parse(readFileSync(join(folder, "evaluation.json"), "utf8"));
    const arms = results.arms.map(({ seconds: _, ...arm }: { seconds: number }) => arm);
    return {
      "evaluation.csv": withoutTimes(join(folder, "evaluation.csv")),
      "predictions.csv": readFileSync(join(folder, "predictions.csv"), "utf8"),
      "evaluation.json": JSON.stringify({ ...results, arms }),
      files: readdirSync(folder, { recursive: true }).sort().join(" "),
    };
  },
};

const evaluationIn = (out: string) => startedIn(out, "evaluation.json");
