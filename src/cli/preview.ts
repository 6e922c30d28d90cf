// `deepaugment preview`: a sheet of pictures that shows what a policy, or every technique, does.

import type { AddHelpTextContext, Command } from "commander";
import { REGISTRY } from "../augment/registry.ts";
import { UsageError } from "../common/errors.ts";
import { TECHNIQUES } from "../config/techniques.ts";
import type { PreviewOptions, PreviewOutcome } from "../report/preview.ts";
import { someText, wholeNumber } from "./options.ts";
import type { Terminal } from "./terminal.ts";

interface PreviewFlags {
  policy?: string;
  techniques?: boolean;
  data?: string;
  image?: string;
  out: string;
  rank?: number;
  trial?: number;
  images?: number;
  draws?: number;
  size?: number;
  imageSize?: number;
  seed: number;
  json?: boolean;
}

/** Pixels of a picture on the sheet: two grids of techniques side by side should still fit a page. */
const POLICY_SIZE = 128;
const TECHNIQUES_SIZE = 112;
const IMAGES = 6;

const LARGEST_SEED = 2 ** 32 - 1;

export function addPreviewCommand(program: Command, terminal: Terminal): void {
  program
    .command("preview")
    .description("draw a sheet of your pictures that shows what a policy, or every technique, does to them")
    .option("--policy <file>", "best.json or policies.json of an experiment", someText("--policy", "a file"))
    .option("--techniques", "instead of a policy: the 20 techniques by magnitude, on one picture")
    .option(
      "--data <path|name>",
      "the pictures: a folder with one subfolder per class, an archive, or a dataset's name",
      someText("--data", "a path or a name"),
    )
    .option("--image <file>", "with --techniques: the picture to show", someText("--image", "a file"))
    .option("--out <file>", "the PNG file to write", someText("--out", "a file"), "preview.png")
    .option("--rank <n>", "which policy of the file: 1 is the best", wholeNumber("--rank", 1, 1_000_000))
    .option("--trial <n>", "or the policy of this trial", wholeNumber("--trial", 0, Number.MAX_SAFE_INTEGER))
    .option(
      "--images <n>",
      `pictures, of as many classes as possible (default: ${IMAGES})`,
      wholeNumber("--images", 1, 100),
    )
    .option(
      "--draws <n>",
      "draws of each chain per picture (default: 5; fewer for a policy of several chains)",
      wholeNumber("--draws", 1, 50),
    )
    .option(
      "--size <pixels>",
      `a picture's longer side on the sheet, about (default: ${POLICY_SIZE}; ${TECHNIQUES_SIZE} with --techniques)`,
      wholeNumber("--size", 32, 1024),
    )
    .option(
      "--image-size <pixels>",
      "resize each picture to this height and width before it is augmented, as a search with image_size does",
      wholeNumber("--image-size", 1, 4096),
    )
    .option(
      "--seed <n>",
      "draws other pictures and other parameters",
      wholeNumber("--seed", 0, LARGEST_SEED),
      0,
    )
    .option("--json", "print what was drawn as JSON")
    .addHelpText("after", HELP)
    .addHelpText("after", techniquesHelp)
    .action((flags: PreviewFlags) => preview(flags, terminal));
}

const HELP = `
Training pictures are augmented at their own size, as apply does it, and then enlarged or reduced to --size; with the same
seed, the draws of the best policy are those that apply writes. Of a folder, only what is shown is decoded. A file that is
there already is replaced if it is a sheet of preview, and left alone if it is any other.

Examples:
  deepaugment preview --policy best.json --data photos/
  deepaugment preview --policy policies.json --rank 2 --data cifar10 --images 10 --seed 7 --out rank-2.png
  deepaugment preview --techniques --data photos/ --out techniques.png
  deepaugment preview --techniques --image photos/cats/tom.jpg --image-size 224`;

/** Each technique with what it does at the magnitude m. */
function techniquesHelp({ command }: AddHelpTextContext): string {
  const help = command.createHelp();
  help.prepareContext({ helpWidth: 110 });
  const width = Math.max(...TECHNIQUES.map((name) => name.length));
  const lines = TECHNIQUES.map((name) => help.formatItem(name, width, REGISTRY[name].meaning, help));
  return `\nTechniques, by the magnitude m from 0 to 1:\n${lines.join("\n")}`;
}

async function preview({ json, ...flags }: PreviewFlags, terminal: Terminal): Promise<void> {
  const draw = await previewOf(flags);
  const bar = terminal.isInteractive
    ? new (await import("./progress-bar.ts")).ProgressBar(terminal)
    : undefined;
  try {
    const outcome = await terminal.interruptible((signal) => {
      const { out, seed, imageSize } = flags;
      return draw({ out, seed, imageSize, signal, onProgress: (progress) => bar?.show(progress) });
    });
    bar?.stop();
    if (json) terminal.print(outcome);
    else printOutcome(outcome, terminal);
  } finally {
    bar?.stop();
  }
}

/**
 * Which sheet it shall be.
 * @throws UsageError where options contradict each other, or one is missing.
 */
async function previewOf(
  flags: Omit<PreviewFlags, "json">,
): Promise<(options: Omit<PreviewOptions, "size">) => Promise<PreviewOutcome>> {
  const { policy, techniques, data, image, rank, trial, images = IMAGES, draws } = flags;
  if (policy !== undefined && techniques) throw new UsageError("--policy and --techniques: give one of them");
  if (techniques) {
    const other = Object.entries({ rank, trial, images: flags.images, draws }).find(
      ([, value]) => value !== undefined,
    );
    if (other) throw new UsageError(`--${other[0]} goes with --policy, not with --techniques`);
    if (data === undefined && image === undefined)
      throw new UsageError("--techniques: give --data or --image");
    const { previewTechniques } = await import("../report/techniques-sheet.ts");
    return (options) => previewTechniques({ ...options, size: flags.size ?? TECHNIQUES_SIZE, data, image });
  }
  if (policy === undefined)
    throw new UsageError("give --policy with a file, or --techniques; --help explains");
  if (image !== undefined)
    throw new UsageError("--image goes with --techniques; a policy is shown on --data");
  if (data === undefined) throw new UsageError("--policy: give --data with the pictures to show");
  if (rank !== undefined && trial !== undefined) throw new UsageError("--rank and --trial: give one of them");
  const { previewPolicy } = await import("../report/policy-sheet.ts");
  const own = { policyPath: policy, data, rank, trial, images, draws };
  return (options) => previewPolicy({ ...options, ...own, size: flags.size ?? POLICY_SIZE });
}

function printOutcome({ notes, skipped, out }: PreviewOutcome, terminal: Terminal): void {
  terminal.logNotes(notes);
  terminal.logSkipped(skipped);
  terminal.print(out);
}
