// The recorded learning curves (see record-curves.ts) as a table of policies.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import type { Policy } from "../../src/policy/policy.ts";
import type { CurveResult } from "./training.ts";

/** Epochs of a training, and those after which averaged weights are validated. Of fewer than 2,000 images several count as one. */
export const EPOCHS = 50;
export const AVERAGED_AT: readonly number[] = [4, 8, 12, 16, 20, 25, 30, 40, EPOCHS];

export interface RecordedCurve extends CurveResult {
  /** Of a policy with its way of training, as in `curvePolicies`. */
  readonly policyIndex: number;
  readonly sample: number;
  /** Whether an epoch had as many images as the originals, and not as the originals and the copies. */
  readonly equalSteps: boolean;
  readonly policy: Policy;
}

/** All curves of a policy with its way of training, one per sample. */
export interface CurvePair {
  readonly policy: Policy;
  readonly equalSteps: boolean;
  readonly samples: readonly RecordedCurve[];
}

/** The policies of which both samples are recorded; no augmentation first. @param path of JSON lines, perhaps gzipped. */
export function readCurves(path: string): CurvePair[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  const byPolicy = new Map<number, RecordedCurve[]>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const curve = JSON.parse(line) as RecordedCurve;
    const known = byPolicy.get(curve.policyIndex) ?? [];
    known[curve.sample] = curve;
    byPolicy.set(curve.policyIndex, known);
  }
  return [...byPolicy]
    .sort(([a], [b]) => a - b)
    .filter(([, samples]) => samples.filter(Boolean).length === 2)
    .map(([, samples]) => ({ policy: samples[0].policy, equalSteps: samples[0].equalSteps, samples }));
}
