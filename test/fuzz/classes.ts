// All classes of the fuzzer.

import { DATASET_CLASSES } from "./datasets.ts";
import type { FuzzClass } from "./input.ts";
import { OWN_CLASSES } from "./own-files.ts";
import { PICTURE_CLASSES } from "./pictures.ts";

export const CLASSES: readonly FuzzClass[] = [...PICTURE_CLASSES, ...DATASET_CLASSES, ...OWN_CLASSES];
