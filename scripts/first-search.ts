// The short search by which an installation is tried: two policies on 60 images.

import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const SETTINGS = ["train_set_size=60", "validation_set_size=20", "child_epochs=2", "confirm_top=0"];

/** The arguments, in a folder that `placeImages` has prepared. */
export const FIRST_SEARCH: readonly string[] = [
  ...["optimize", "--data", "images.tar.gz", "--iterations", "2", "--out", "out"],
  ...SETTINGS.flatMap((setting) => ["--set", setting]),
];

export function placeImages(folder: string): void {
  copyFileSync("test/fixtures/cifar-10-sample.tar.gz", join(folder, "images.tar.gz"));
}

/** The engine that the search in this folder trained on. */
export function engineOfSearch(folder: string): string {
  const [experiment] = readdirSync(join(folder, "out"));
  return JSON.parse(readFileSync(join(folder, "out", experiment, "experiment.json"), "utf8")).engine;
}
