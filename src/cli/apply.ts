// `deepaugment apply`: a policy on a dataset, offline.

import type { Command } from "commander";
import type { ApplyOutcome } from "../apply/apply.ts";
import { OUTPUT_FORMS, type OutputForm, PICTURE_FORMATS, type PictureFormat } from "../apply/forms.ts";
import { oneOf, share, someText, wholeNumber } from "./options.ts";
import type { Terminal } from "./terminal.ts";

interface ApplyFlags {
  policy: string;
  data: string;
  out: string;
  resume?: boolean;
  as?: OutputForm;
  format?: PictureFormat;
  quality?: number;
  grey?: boolean;
  copies: number;
  chance: number;
  onlyAugmented?: boolean;
  seed: number;
  top: number;
  workers?: number;
  json?: boolean;
}

export function addApplyCommand(program: Command, terminal: Terminal): void {
  program
    .command("apply")
    .description("augment a dataset with the policies that a search has found")
    .requiredOption(
      "--policy <file>",
      "best.json or policies.json of an experiment",
      someText("--policy", "a file"),
    )
    .requiredOption(
      "--data <path|name>",
      "the images: a folder with one subfolder per class, an archive, or a dataset's name",
      someText("--data", "a path or a name"),
    )
    .requiredOption(
      "--out <folder>",
      "where images and manifest.csv are written; a new or empty folder",
      someText("--out", "a folder"),
    )
    .option(
      "--resume",
      "go on with the run that was interrupted in the --out folder; begin one where there is none",
    )
    .option(
      "--copies <n>",
      "copies of each augmented image; each goes through every chain of its policy",
      wholeNumber("--copies", 1, 10_000),
      1,
    )
    .option("--chance <p>", "the probability that an image is augmented", share("--chance"), 1)
    .option("--only-augmented", "write no originals, and of the data's splits only the training images")
    .option("--seed <n>", "the same seed gives the same images", wholeNumber("--seed", 0, 2 ** 32 - 1), 0)
    .option(
      "--top <k>",
      "draw the policy of each copy from the best k of the file (all, where it holds fewer)",
      wholeNumber("--top", 1, 1000),
      1,
    )
    .option(
      "--as <form>",
      "folders: class folders; cifar10: CIFAR-10's binary files, for 32 x 32 pixels; npz: numpy's, a file a split (default: folders)",
      oneOf("--as", OUTPUT_FORMS),
    )
    .option(
      "--format <format>",
      "of the pictures in class folders: png or jpeg (default: png)",
      oneOf("--format", PICTURE_FORMATS),
    )
    .option("--quality <q>", "of JPEG files, 1 to 100 (default: 95)", wholeNumber("--quality", 1, 100))
    .option("--grey", "write grey pictures, and what is made of them, in one channel")
    .option("--workers <n>", "processes; by default one per core", wholeNumber("--workers", 1, 1024))
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Images of train/ are augmented, those of val/ and test/ are copied. Originals in a folder are copied byte for byte;
augmented images are files beside them. A photograph is turned as its EXIF orientation says before it is augmented:
copies are upright, the original stays as it is. Of an animated GIF the first frame is taken.

--as npz writes train.npz (and test.npz, ...) with images, labels and class_names; --as cifar10 data_batch_1.bin and so
on, test_batch.bin and batches.meta.txt. Both need images of one size, and both can be read again with --data.

manifest.csv tells of every output where it came from and what was done to it; apply.json tells what was asked for.

Examples:
  deepaugment apply --policy best.json --data photos/ --out augmented/
  deepaugment apply --policy best.json --data photos/ --out augmented/ --resume
  deepaugment apply --policy policies.json --top 5 --copies 3 --data photos/ --out augmented/ --format jpeg
  deepaugment apply --policy best.json --data cifar10 --chance 0.5 --out augmented/ --as npz`,
    )
    .action((flags: ApplyFlags) => apply(flags, terminal));
}

async function apply({ policy, json, ...flags }: ApplyFlags, terminal: Terminal): Promise<void> {
  const { applyPolicies } = await import("../apply/apply.ts");
  const bar = terminal.isInteractive
    ? new (await import("./progress-bar.ts")).ProgressBar(terminal)
    : undefined;
  try {
    const outcome = await terminal.interruptible((signal) =>
      applyPolicies({
        ...flags,
        policyPath: policy,
        onlyAugmented: flags.onlyAugmented ?? false,
        onProgress: (progress) => bar?.show(progress),
        signal,
      }),
    );
    bar?.stop();
    if (json) terminal.print(outcome);
    else printOutcome(outcome, terminal);
  } finally {
    bar?.stop();
  }
}

function printOutcome(outcome: ApplyOutcome, terminal: Terminal): void {
  const { out, manifest, policies, images, doneBefore, originals, augmented, skipped, notes } = outcome;
  terminal.logNotes(notes);
  terminal.logSkipped(skipped);
  const from = policies === 1 ? "by the best policy" : `by the best ${policies} policies`;
  const before =
    doneBefore === images ? "is finished already" : `went on after ${doneBefore} of ${images} images`;
  const lines = [
    ...(doneBefore > 0 ? [`Resumed    ${out} ${before}`] : []),
    `Originals  ${originals}`,
    `Augmented  ${augmented}, ${from}`,
    `Skipped    ${skipped.length}`,
    `Images     ${out}`,
    `Manifest   ${manifest}`,
  ];
  terminal.print(lines.join("\n"));
}
