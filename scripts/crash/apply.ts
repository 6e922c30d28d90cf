import { fileURLToPath } from "node:url";
import { bytesIn, contentsOf } from "../../test/apply/pictures.ts";
import { SAMPLE_ARCHIVE } from "../../test/fixtures/sample.ts";
import type { Subject } from "./subject.ts";

const POLICY = fileURLToPath(new URL("../../configs/policies/cifar10-60-trials.json", import.meta.url));

export const applySubject: Subject = {
  name: "apply",
  args: (out) => [
    ...["apply", "--policy", POLICY, "--data", SAMPLE_ARCHIVE, "--copies", "30", "--top", "3"],
    ...["--split", "0.9", "--seed", "3", "--workers", "2", "--out", out, "--resume"],
  ],
  progress: bytesIn,
  result: (out) => Object.fromEntries(contentsOf(out)),
};
