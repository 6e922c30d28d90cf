// Policies of families that are worth a trial on any data: the parts of a moderate RandAugment alone and together, occlusion with
// them, and more of all.

import type { FamilyName } from "../config/families.ts";
import { type FamilySetting, hasStrength, mostOf } from "./family-policy.ts";
import type { SearchSpace } from "./space.ts";

type Settings = Partial<Record<FamilyName, readonly [amount: number, strength: number]>>;

const STARTS: readonly Settings[] = [
  { geometry: [0.7, 0.5], colour: [1.1, 0.5] },
  { geometry: [1.2, 0.5], colour: [0.5, 0.5], occlusion: [0.5, 0.5] },
  { geometry: [1.5, 1] },
  { geometry: [0.7, 0.5], colour: [1.1, 0.5], occlusion: [0.5, 0.5] },
  { geometry: [0.7, 0.5] },
  { colour: [1.1, 0.5] },
  { occlusion: [0.5, 0.5] },
  { geometry: [1.2, 1], colour: [1.5, 1] },
];

/** These policies as points of a space of families, of which each is another, without a base; none in other spaces. */
export function startingPoints({ families = [], dimensions }: SearchSpace): (number | undefined)[][] {
  const points = STARTS.map((settings) =>
    families.flatMap((family) => {
      const [amount, strength] = settings[family.name] ?? [0, 0];
      const used: FamilySetting = { amount: Math.min(amount, mostOf(family)), strength };
      return hasStrength(family) ? [used.amount, used.strength] : [used.amount];
    }),
  ).filter((point) => point.some((value) => value > 0));
  const different = new Map(points.map((point) => [String(point), point]));
  return [...different.values()].map((point) => dimensions.map((_, index) => point[index]));
}
