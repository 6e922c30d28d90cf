// `deepaugment preview`: draws a sheet of pictures that shows what a policy, a recipe, or every technique, does.

import type { AddHelpTextContext, Command } from "commander";
import { RECIPE_REGISTRY } from "../augment/recipes.ts";
import { REGISTRY } from "../augment/registry.ts";
import { UsageError } from "../common/errors.ts";
import { parseRecipe, RECIPE_PAIRS, RECIPES, type RecipeName } from "../config/recipes.ts";
import { EXTENDED_TECHNIQUES } from "../config/techniques.ts";
import type { PreviewOptions, PreviewOutcome } from "../report/preview.ts";
import { dataOption, policyOption, settingsWithPolicy } from "./data-options.ts";
import { helpText, helpWidth } from "./help.ts";
import { dataPath, onOff, somePath, wholeNumber, wholeNumbers } from "./options.ts";
import type { Terminal } from "./terminal.ts";

interface PreviewFlags {
  policy?: string;
  recipe?: RecipeName;
  techniques?: boolean;
  data?: string;
  set?: string[];
  image?: string;
  out: string;
  rank?: number;
  trial?: number;
  images?: number;
  draws?: number;
  size?: number;
  imageSize?: number;
  sizes?: number[];
  scale?: boolean;
  seed: number;
  json?: boolean;
}

/** Default sizes of a picture on the sheet, in pixels: two grids of techniques fit side by side on a page. */
const POLICY_SIZE = 128;
const TECHNIQUES_SIZE = 112;
const IMAGES = 6;

const LARGEST_SEED = 2 ** 32 - 1;

export function addPreviewCommand(program: Command, terminal: Terminal): void {
  program
    .command("preview")
    .description(
      "draw a sheet of your pictures that shows what a policy, a recipe, or every technique, does to them",
    )
    .addOption(policyOption())
    .option(
      "--recipe <name>",
      `${RECIPES.join(", ")}, or two of them such as ${RECIPE_PAIRS.at(-1)}; together with --policy, it comes first`,
      parseRecipe,
    )
    .option("--techniques", "instead of a policy, show all techniques at several magnitudes on one picture")
    .option(
      "--data <path|name>",
      "the pictures: a folder with one subfolder per class or a CSV file of labels, an archive, or a dataset's name",
      dataPath("--data"),
    )
    .addOption(dataOption())
    .option("--image <file>", "the picture to show with --techniques", somePath("--image", "a file"))
    .option("--out <file>", "the PNG file to write", somePath("--out", "a file"), "preview.png")
    .option(
      "--rank <n>",
      "which policy in the file; 1 is the best (default: 1)",
      wholeNumber("--rank", 1, 1_000_000),
    )
    .option(
      "--trial <n>",
      "show the policy of this trial instead",
      wholeNumber("--trial", 0, Number.MAX_SAFE_INTEGER),
    )
    .option(
      "--images <n>",
      `number of pictures, from as many classes as possible (default: ${IMAGES})`,
      wholeNumber("--images", 1, 100),
    )
    .option(
      "--draws <n>",
      "draws per chain and picture (default: 5; fewer if the policy has several chains)",
      wholeNumber("--draws", 1, 50),
    )
    .option(
      "--size <pixels>",
      `approximate longer side of a picture on the sheet (default: ${POLICY_SIZE}; ${TECHNIQUES_SIZE} with --techniques)`,
      wholeNumber("--size", 32, 1024),
    )
    .option(
      "--image-size <pixels>",
      "resize each picture to this height and width first, as a search with image_size does",
      wholeNumber("--image-size", 1, 4096),
    )
    .option(
      "--sizes <list>",
      "show each picture and draw at several image sizes, equally large: 32,96,480",
      wholeNumbers("--sizes", 1, 4096),
    )
    .option(
      "--scale <on|off>",
      "whether blur, grain and the like are larger on larger images, relative to those of the search (default: on)",
      onOff("--scale"),
    )
    .option(
      "--seed <n>",
      "seed; another one picks other pictures and parameters",
      wholeNumber("--seed", 0, LARGEST_SEED),
      0,
    )
    .option("--json", "print the result as JSON")
    .addHelpText("after", helpText(HELP))
    .addHelpText("after", (context) => listHelp("Recipes", RECIPES, RECIPE_REGISTRY, context))
    .addHelpText("after", (context) =>
      listHelp("Techniques at a magnitude m from 0 to 1", EXTENDED_TECHNIQUES, REGISTRY, context),
    )
    .action((flags: PreviewFlags) => preview(flags, terminal));
}

const HELP = `
Pictures go through the policy as in the search: through its recipe, and then through its techniques, each with its chance.
Training pictures are augmented at their own size, as in apply, and then scaled to --size. With the same seed, the draws of
the best policy are the copies that apply writes of the pictures in its portion. Of a folder, only the pictures shown are read. An existing --out file
is replaced only if preview wrote it.

Examples:
  deepaugment preview --policy reports/experiments/2026-01-31_12-00-00 --data photos/
  deepaugment preview --policy policies.json --rank 2 --data cifar10 --images 10 --seed 7 --out rank-2.png
  deepaugment preview --policy best.json --data photos/ --sizes 32,96,480
  deepaugment preview --recipe trivialaugment --data photos/
  deepaugment preview --techniques --data photos/ --out techniques.png
  deepaugment preview --techniques --image photos/cats/tom.jpg --image-size 224`;

/** Each name, and what it means. */
function listHelp<Name extends string>(
  title: string,
  names: readonly Name[],
  registry: Readonly<Record<Name, { readonly meaning: string }>>,
  context: AddHelpTextContext,
): string {
  const help = context.command.createHelp();
  help.prepareContext({ helpWidth: helpWidth(context) });
  const width = Math.max(...names.map((name) => name.length));
  const lines = names.map((name) => help.formatItem(name, width, registry[name].meaning, help));
  return `\n${title}:\n${lines.join("\n")}`;
}

async function preview({ json, set, ...flags }: PreviewFlags, terminal: Terminal): Promise<void> {
  const draw = await previewOf(flags);
  const policyPath = flags.policy === undefined ? undefined : await policyPathOf(flags, flags.policy);
  const { own, searched, notes } = await settingsWithPolicy(set, policyPath, flags.data);
  const bar = terminal.isInteractive
    ? new (await import("./progress-bar.ts")).ProgressBar(terminal)
    : undefined;
  try {
    const outcome = await terminal.interruptible((signal) => {
      const { out, seed, imageSize } = flags;
      return draw({
        out,
        seed,
        imageSize,
        ...searched,
        ...own,
        signal,
        onProgress: (progress) => bar?.show(progress),
      });
    });
    bar?.stop();
    if (json) terminal.print(outcome);
    else printOutcome({ ...outcome, notes: [...notes, ...outcome.notes] }, terminal);
  } finally {
    bar?.stop();
  }
}

type Draw = (options: Omit<PreviewOptions, "size">) => Promise<PreviewOutcome>;
type SheetFlags = Omit<PreviewFlags, "json" | "set">;

/**
 * The function that draws the requested sheet.
 * @throws UsageError if options contradict each other or one is missing.
 */
function previewOf(flags: SheetFlags): Promise<Draw> {
  const { policy, recipe, techniques } = flags;
  if (policy !== undefined && techniques)
    throw new UsageError("--policy and --techniques exclude each other; give one of them");
  if (recipe !== undefined && techniques)
    throw new UsageError("--recipe and --techniques exclude each other; give one of them");
  if (techniques) return ofTechniques(flags);
  if (policy !== undefined) return ofPolicy(flags, policy);
  if (recipe !== undefined) return ofRecipe(flags, recipe);
  throw new UsageError(
    "nothing to show; give --policy with a file or a folder, --recipe with a name, or --techniques",
  );
}

async function ofTechniques(flags: SheetFlags): Promise<Draw> {
  const { data, image, rank, trial, images, draws, sizes, scale, size = TECHNIQUES_SIZE } = flags;
  const other = givenOf({ rank, trial, sizes, scale });
  if (other) throw new UsageError(`--${other} applies to --policy only; remove it or --techniques`);
  const another = givenOf({ images, draws });
  if (another)
    throw new UsageError(`--${another} applies to --policy and --recipe only; remove it or --techniques`);
  if (data === undefined && image === undefined)
    throw new UsageError("--techniques needs a picture; add --data or --image");
  const { previewTechniques } = await import("../report/techniques-sheet.ts");
  return (options) => previewTechniques({ ...options, size, data, image });
}

async function ofPolicy(flags: SheetFlags, policy: string): Promise<Draw> {
  const { recipe, rank, trial, images = IMAGES, draws, sizes, scale, size = POLICY_SIZE } = flags;
  const data = picturesOf(flags, "--policy");
  if (rank !== undefined && trial !== undefined)
    throw new UsageError("--rank and --trial exclude each other; give one of them");
  if (sizes !== undefined && flags.imageSize !== undefined)
    throw new UsageError("--sizes and --image-size exclude each other; give one of them");
  const { previewPolicy } = await import("../report/policy-sheet.ts");
  const policyPath = await policyPathOf(flags, policy);
  const own = { policyPath, recipe, data, rank, trial, images, draws, sizes, scale, size };
  return (options) => previewPolicy({ ...options, ...own });
}

async function policyPathOf({ rank = 1, trial }: SheetFlags, policy: string): Promise<string> {
  const { policyFileAt } = await import("../policy/policy-file.ts");
  return policyFileAt(policy, rank > 1 || trial !== undefined ? "all" : "best");
}

async function ofRecipe(flags: SheetFlags, recipe: RecipeName): Promise<Draw> {
  const { rank, trial, sizes, scale, images = IMAGES, draws, size = POLICY_SIZE } = flags;
  const data = picturesOf(flags, "--recipe");
  const other = givenOf({ rank, trial, sizes, scale });
  if (other) throw new UsageError(`--${other} applies to --policy only; remove it or add --policy`);
  const { previewRecipe } = await import("../report/recipe-sheet.ts");
  return (options) => previewRecipe({ ...options, recipe, data, images, draws, size });
}

/** The name of the first option that was given. */
function givenOf(options: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(options).find((name) => options[name] !== undefined);
}

function picturesOf({ data, image }: SheetFlags, subject: string): string {
  if (image !== undefined)
    throw new UsageError(`--image applies to --techniques only; use --data with ${subject}`);
  if (data === undefined) throw new UsageError(`${subject} needs pictures; add --data`);
  return data;
}

function printOutcome({ notes, skipped, out }: PreviewOutcome, terminal: Terminal): void {
  terminal.logNotes(notes);
  terminal.logSkipped(skipped);
  terminal.print(out);
}
