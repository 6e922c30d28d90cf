// The exported Python module: what the policies are, the operations in numpy, and the framework's wrapper.

import { readAsset } from "../common/assets.ts";
import { VERSION } from "../common/version.ts";
import type { RecipeName } from "../config/recipes.ts";
import { formatPolicy, type Policy, plainPolicy } from "../policy/policy.ts";
import type { PolicyDataset } from "../policy/policy-file.ts";
import { EXPORTS, type Framework, type PythonPart } from "./frameworks.ts";

/** The first words of every exported module: a file that has them may be replaced. */
export const MARK = '"""Image augmentation exported by DeepAugment';

export interface ModuleContent {
  readonly recipe?: RecipeName;
  /** Best first. */
  readonly policies: readonly Policy[];
  /** On which they were judged. */
  readonly dataset?: PolicyDataset;
}

/** The text of the module. @param added whether it has the originals with copies, instead of a transform. */
export function moduleOf(content: ModuleContent, framework: Framework, added: boolean): string {
  const { parts, usage } = EXPORTS[framework][added ? "added" : "redrawn"];
  const { recipe, policies, dataset } = content;
  const specification = {
    ...(recipe && { recipe }),
    policies: policies.map(plainPolicy),
    ...(dataset && { judgedShape: dataset.imageShape.slice(0, 2) }),
  };
  return [
    headOf(content, added, usage, ["Needs numpy; with OpenCV (cv2) large images are augmented faster."]),
    `import json\n\nSPECIFICATION = json.loads("""${JSON.stringify(specification, null, 1)}""")`,
    ...parts.map(partOf),
  ]
    .join("\n\n")
    .concat("\n");
}

/** The text of a part. */
export function partOf(part: PythonPart): string {
  return new TextDecoder().decode(readAsset(part)).trim();
}

/** The docstring at the head of a module. @param notes what it needs, in lines. */
export function headOf(
  content: ModuleContent,
  added: boolean,
  usage: readonly string[],
  notes: readonly string[],
): string {
  const { recipe, policies, dataset } = content;
  const lines = [
    `${MARK} ${VERSION}.`,
    "",
    ...usage.map((line) => `    ${line}`),
    "",
    ...(recipe
      ? [`Every image goes through the recipe ${recipe}${policies.length > 0 ? ", then:" : "."}`]
      : []),
    ...(policies.length > 1
      ? [`Every image goes through one of these ${policies.length}, drawn with equal chances:`]
      : []),
    ...policies.map((policy) => `- ${formatPolicy(policy)}`),
    ...(policies.length > 0 ? ["", ...stepsOf(policies, added)] : []),
    ...(dataset
      ? [
          "",
          `Found on ${printable(dataset.name)}, ${dataset.imageShape[0]} x ${dataset.imageShape[1]} pixels. Techniques that count in pixels scale with the image.`,
        ]
      : []),
    "",
    ...notes,
    '"""',
  ];
  return lines.join("\n");
}

/** A name in a docstring of Python. */
function printable(name: string): string {
  return JSON.stringify(name).slice(1, -1).replaceAll("\\", "").replaceAll('"', "'");
}

/** What it means for the length of a training. */
function stepsOf(policies: readonly Policy[], added: boolean): string[] {
  if (added)
    return [
      "An epoch has the originals and the copies, as in the search: the copies are drawn once, and stay the same.",
    ];
  if (policies.every(({ redrawn }) => redrawn))
    return [
      "Images replace their originals and are drawn anew whenever they are used: an epoch has as many steps as without.",
    ];
  const copies = policies.map(({ portion, chains, weights }) => portion * (weights ? 1 : chains.length));
  const mean = copies.reduce((sum, count) => sum + count, 0) / copies.length;
  const share = (1 + mean).toFixed(2);
  return [
    "The search added copies to the originals; here an element is an original with weight 1, or a copy with weight portion.",
    `So an epoch has 1 / ${share} of the search's steps: train for ${share} times as many epochs.`,
  ];
}
