import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SAMPLE_ARCHIVE } from "../../test/fixtures/sample.ts";
import { argsOf, rowsOf, type Subject, startedIn, withoutTimes } from "./subject.ts";

const SETTINGS = {
  data: SAMPLE_ARCHIVE,
  train_set_size: 60,
  validation_set_size: 30,
  iterations: 20,
  opt_samples: 4,
  opt_initial_points: 6,
  confirm_top: 2,
  confirm_samples: 2,
  child_epochs: 3,
  child_batch_size: 20,
  model: "basiccnn",
  bases: "[none, flip]",
  // Pre-trains weights before the first trial, so that it can be disturbed there too.
  child_first_train_epochs: 2,
  seed: 3,
  workers: 2,
};

export const SEARCH_WORKERS = SETTINGS.workers;
export const SEARCH_TRAININGS = (SETTINGS.iterations + 1) * SETTINGS.opt_samples;

/**
 * @param stops trainings early.
 * @param more settings.
 */
export function optimizeSubject(stops: boolean, more: object = {}): Subject {
  const settings = { ...SETTINGS, ...(stops && { stop_epochs: "[1, 2]" }), ...more };
  return {
    name: "optimize",
    args(out) {
      const experiment = experimentIn(out);
      return experiment ? ["optimize", "--resume", experiment] : argsOf("optimize", { ...settings, out });
    },
    progress: endedTrainings,
    result(out) {
      const folder = experimentIn(out)!;
      const text = (file: string) => readFileSync(join(folder, file), "utf8");
      return {
        "notebook.csv": withoutTimes(join(folder, "notebook.csv")),
        // If no policy promises more than the baseline, there is nothing to confirm.
        "confirmations.csv": withoutTimes(join(folder, "confirmations.csv")),
        "policies.json": text("policies.json"),
        "best.json": text("best.json"),
        files: readdirSync(folder).sort().join(" "),
      };
    },
  };
}

export const experimentIn = (out: string) => startedIn(out, "experiment.json");

/** Trainings that ended, in order or early. */
export function endedTrainings(out: string): number {
  const folder = experimentIn(out);
  if (!folder) return 0;
  const rows = ["notebook.csv", "early.csv"].flatMap((file) => rowsOf(join(folder, file)));
  return new Set(rows.map((row) => row.split(",").slice(0, 2).join())).size;
}
