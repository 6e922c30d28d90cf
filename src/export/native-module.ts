// The files of an export with --native: a Python module, and for Albumentations the file that it loads.

import { UsageError } from "../common/errors.ts";
import { type Framework, MODULE } from "./frameworks.ts";
import { headOf, type ModuleContent, partOf } from "./module.ts";
import { nativeTransform } from "./native.ts";
import { ALBUMENTATIONS, ALBUMENTATIONS_VERSION, albumentationsFile } from "./native-albumentations.ts";
import { TORCHVISION, TORCHVISION_VERSION } from "./native-torchvision.ts";

interface NativeFiles {
  /** Texts by file name. */
  readonly files: Readonly<Record<string, string>>;
  /** How they are used, in lines of Python. */
  readonly usage: readonly string[];
}

/** @throws UsageError if the framework has no transforms that do exactly the same. */
export function nativeFiles(content: ModuleContent, framework: Framework): NativeFiles {
  if (framework === "albumentations") return forAlbumentations(content);
  if (framework === "torchvision") return forTorchvision(content);
  throw new UsageError(
    `--native: ${framework} has no transforms for whole policies; give --to albumentations or torchvision, or export without --native`,
  );
}

function forAlbumentations(content: ModuleContent): NativeFiles {
  const usage = [`from ${MODULE} import load`, "transform = A.Compose([load(), A.Normalize()])"];
  const notes = [
    `Transforms of Albumentations ${ALBUMENTATIONS_VERSION}, in ${MODULE}.json; load() refuses other versions, whose arguments may mean something else.`,
    "Workers of a DataLoader repeat each other's draws in this version: use num_workers=0, or export without --native.",
  ];
  const json = albumentationsFile(nativeTransform(content, ALBUMENTATIONS));
  const module = [
    headOf(content, false, usage, notes),
    partOf("deepaugment/python/native_albumentations.py"),
  ];
  return { files: { [`${MODULE}.json`]: json, [`${MODULE}.py`]: joined(module) }, usage };
}

function forTorchvision(content: ModuleContent): NativeFiles {
  const usage = [
    `from ${MODULE} import augmentation`,
    "transform = v2.Compose([augmentation(), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)])",
  ];
  const notes = [
    `Transforms of torchvision ${TORCHVISION_VERSION}, for RGB pictures of Pillow; other versions are refused.`,
  ];
  const module = [
    headOf(content, false, usage, notes),
    "import torch\nimport torchvision\nfrom PIL import Image\nfrom torchvision import transforms\nfrom torchvision.transforms import v2",
    partOf("deepaugment/python/native_torchvision.py"),
    `TRANSFORM = ${nativeTransform(content, TORCHVISION)}`,
  ];
  return { files: { [`${MODULE}.py`]: joined(module) }, usage };
}

function joined(parts: readonly string[]): string {
  return `${parts.join("\n\n\n")}\n`;
}
