import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { contentsOf } from "../../test/apply/pictures.ts";
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

/** Bytes of all files below a folder; 0 if there is none yet. Files may come and go meanwhile. */
function bytesIn(folder: string): number {
  try {
    return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sum + bytesIn(path);
      return sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0);
    }, 0);
  } catch {
    return 0;
  }
}
