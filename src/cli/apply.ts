// `deepaugment apply`: augments a dataset with the policies that a search has found.

import type { Command } from "commander";
import type { ApplyOutcome } from "../apply/apply.ts";
import { OUTPUT_FORMS, type OutputForm, PICTURE_FORMATS, type PictureFormat } from "../apply/forms.ts";
import { parseRecipe, RECIPE_PAIRS, RECIPES, type RecipeName } from "../config/recipes.ts";
import { dataOption, policyOption, settingsWithPolicy } from "./data-options.ts";
import { count } from "./format.ts";
import { helpText } from "./help.ts";
import { dataPath, innerShare, oneOf, onOff, share, somePath, wholeNumber } from "./options.ts";
import type { Terminal } from "./terminal.ts";

interface ApplyFlags {
  policy?: string;
  recipe?: RecipeName;
  data: string;
  set?: string[];
  out: string;
  resume?: boolean;
  as?: OutputForm;
  format?: PictureFormat;
  quality?: number;
  grey?: boolean;
  copies: number;
  chance?: number;
  scale?: boolean;
  imageSize?: number;
  split?: number;
  onlyAugmented?: boolean;
  seed: number;
  top: number;
  workers?: number;
  json?: boolean;
}

export function addApplyCommand(program: Command, terminal: Terminal): void {
  program
    .command("apply")
    .description("augment a dataset with the policies that a search has found, or with a recipe")
    .addOption(policyOption())
    .option(
      "--recipe <name>",
      `${RECIPES.join(", ")}, or two of them such as ${RECIPE_PAIRS.at(-1)}: needs no search; with --policy, every copy goes through the recipe first`,
      parseRecipe,
    )
    .requiredOption(
      "--data <path|name>",
      "the images: a folder with one subfolder per class or a CSV file of labels, an archive, or a dataset's name",
      dataPath("--data"),
    )
    .addOption(dataOption())
    .requiredOption(
      "--out <folder>",
      "the folder for the images and manifest.csv; it must be new or empty",
      somePath("--out", "a folder"),
    )
    .option("--resume", "continue an interrupted run in the --out folder; start one if there is none")
    .option(
      "--copies <n>",
      "augmented copies per image; each goes through every chain of its policy",
      wholeNumber("--copies", 1, 10_000),
      1,
    )
    .option(
      "--chance <p>",
      "probability that an image is augmented, from 0 to 1 (default: each policy augments its portion of the images, as in the search)",
      share("--chance"),
    )
    .option(
      "--scale <on|off>",
      "whether blur, grain and the like are larger on larger images, relative to those of the search (default: on)",
      onOff("--scale"),
    )
    .option(
      "--image-size <pixels>",
      "resize all images to this height and width first, as a search with image_size does",
      wholeNumber("--image-size", 1, 4096),
    )
    .option(
      "--split <share>",
      "keep this share of each class's training images in train/ and write the others, unaugmented, to val/; identical images stay together",
      innerShare("--split"),
    )
    .option("--only-augmented", "write neither originals nor the validation and test images")
    .option(
      "--seed <n>",
      "seed; the same seed gives the same images",
      wholeNumber("--seed", 0, 2 ** 32 - 1),
      0,
    )
    .option(
      "--top <k>",
      "draw each copy's policy from the best k, or from all if there are fewer",
      wholeNumber("--top", 1, 1000),
      1,
    )
    .option(
      "--as <form>",
      "folders: class folders; cifar10: CIFAR-10's binary files, 32 x 32 pixels only; npz: one numpy file per split (default: folders)",
      oneOf("--as", OUTPUT_FORMS),
    )
    .option(
      "--format <format>",
      "picture format in class folders: png or jpeg (default: that of the input; png for other formats and archives)",
      oneOf("--format", PICTURE_FORMATS),
    )
    .option("--quality <q>", "JPEG quality from 1 to 100 (default: 95)", wholeNumber("--quality", 1, 100))
    .option("--grey", "write grey pictures and their copies with one channel")
    .option("--workers <n>", "number of processes (default: one per core)", wholeNumber("--workers", 1, 1024))
    .option("--json", "print the result as JSON")
    .addHelpText("after", helpText(HELP))
    .action((flags: ApplyFlags) => apply(flags, terminal));
}

const HELP = `
Images in train/ are augmented; images in val/ and test/ are copied. Originals in a folder are copied byte for byte,
with the augmented images beside them. So do not draw a validation set from the output at random: it would contain copies
of training images. Use --split, or validate on other images. Copies that equal their original are left out and counted, unless
--only-augmented leaves out the originals.
A photograph is rotated according to its EXIF orientation before it is augmented, so copies are upright; the original
stays unchanged unless it is resized. Only the first frame of an animated picture is used.

Copies go through the policy as in the search: through its recipe, and then through its techniques, each with its chance. A policy
of chains has a portion, the share of the training images that goes through them, which --chance replaces. A recipe without a policy augments all training images.
Augmentations that count in pixels scale with the images: blur of 1 pixel in a search on images of 32 x 32 is blur of 15 at
480 x 480. A note is printed if the search did not show that the policy helps.

--as npz writes train.npz (and test.npz, ...) with images, labels and class_names. --as cifar10 writes data_batch_1.bin
and so on, test_batch.bin and batches.meta.txt. Both require images of one size, and --data reads both.

manifest.csv lists the source of every output and what was done to it. apply.json records the options of the run.

Examples:
  deepaugment apply --policy reports/experiments/2026-01-31_12-00-00 --data photos/ --out augmented/
  deepaugment apply --policy best.json --data photos/ --out augmented/ --resume
  deepaugment apply --policy best.json --data photos/ --out augmented/ --split 0.8 --image-size 224
  deepaugment apply --recipe trivialaugment --data photos/ --out augmented/ --copies 5
  deepaugment apply --policy pipeline.json --data photos/ --out augmented/
  deepaugment apply --policy policies.json --top 5 --copies 3 --data photos/ --out augmented/ --format jpeg
  deepaugment apply --policy best.json --data cifar10 --chance 0.5 --out augmented/ --as npz`;

async function apply({ policy, json, set, ...flags }: ApplyFlags, terminal: Terminal): Promise<void> {
  const [{ applyPolicies }, { policyFileAt }] = await Promise.all([
    import("../apply/apply.ts"),
    import("../policy/policy-file.ts"),
  ]);
  const policyPath = policy && policyFileAt(policy, (flags.top ?? 1) > 1 ? "all" : "best");
  const { own, searched, notes } = await settingsWithPolicy(set, policyPath, flags.data);
  const bar = terminal.isInteractive
    ? new (await import("./progress-bar.ts")).ProgressBar(terminal)
    : undefined;
  try {
    const outcome = await terminal.interruptible((signal) =>
      applyPolicies({
        ...flags,
        ...own,
        searched,
        policyPath,
        onlyAugmented: flags.onlyAugmented ?? false,
        onProgress: (progress) => bar?.show(progress),
        signal,
      }),
    );
    bar?.stop();
    if (json) terminal.print(outcome);
    else
      printOutcome({ ...outcome, notes: [...notes, ...outcome.notes] }, flags.split !== undefined, terminal);
  } finally {
    bar?.stop();
  }
}

function printOutcome(outcome: ApplyOutcome, split: boolean, terminal: Terminal): void {
  const { out, manifest, images, doneBefore, originals, augmented, unchanged } = outcome;
  const { augmentedImages, splits, skipped, notes } = outcome;
  terminal.logNotes(notes);
  terminal.logSkipped(skipped);
  const { train = 0, validation } = splits;
  const before =
    doneBefore === images
      ? "was already finished"
      : `continued after ${doneBefore} of ${count(images, "image")}`;
  const lines = [
    ...(doneBefore > 0 ? [`Resumed    ${out} ${before}`] : []),
    `Originals  ${originals}`,
    `Augmented  ${augmented}, with ${sourceInWords(outcome)}`,
    `Pictures   ${augmentedImages} of ${train} training pictures are augmented${shareInWords(outcome)}`,
    ...(unchanged > 0
      ? [
          `Left out   ${unchanged} ${unchanged === 1 ? "copy that equals its" : "copies that equal their"} original`,
        ]
      : []),
    ...(split ? [`Split      ${train} for training, ${validation ?? 0} for validation`] : []),
    `Skipped    ${skipped.length}`,
    `Images     ${out}`,
    `Manifest   ${manifest}`,
  ];
  terminal.print(lines.join("\n"));
}

/** What copies were drawn from. */
function sourceInWords({ recipe, policies, areFound }: ApplyOutcome): string {
  const words = recipe === null ? [] : [`the recipe ${recipe}`];
  if (policies > 0 && !areFound) words.push("the pipeline");
  else if (policies > 0) words.push(policies === 1 ? "the best policy" : `the best ${policies} policies`);
  return words.join(" and ");
}

/** What determined how many pictures are augmented. */
function shareInWords({ chance, portions, augmentedImages, splits }: ApplyOutcome): string {
  if (chance !== null) return ` (chance ${chance})`;
  if (portions.length === 0 || augmentedImages === splits.train) return "";
  const [least, most] = [Math.min(...portions), Math.max(...portions)].map((portion) => portion.toFixed(2));
  return least === most ? ` (portion ${least})` : ` (portions ${least} to ${most})`;
}
