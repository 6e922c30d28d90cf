// What an engine answers when it is asked whether this machine has it: what it would run on, or what it lacks and what
// would bring it. Asking starts nothing.

import type { Precision } from "./engine.ts";

export interface EngineFound {
  /** Of the library that computes. */
  readonly version: string;
  /** What it runs on: the processor or the graphics card, by the name that its maker gave it. */
  readonly device: string;
  /** An engine for graphics cards has none here, but a program that stands in for one. */
  readonly isSoftware: boolean;
  /** Those to be had, first the one that `precision: auto` means. */
  readonly precisions: readonly [Precision, ...Precision[]];
  /** The instruction set of engine native's kernels, such as "avx512"; null for an engine that is always the same. */
  readonly kernels: string | null;
}

export interface EngineMissing {
  /** Why, to be read after "engine native": "is not built here". */
  readonly missing: string;
  /** The one command or step that brings it, to be read after "To have it:". */
  readonly mend: string;
}

export type EngineProbe = EngineFound | EngineMissing;
