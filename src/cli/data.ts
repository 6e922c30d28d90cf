// `deepaugment data`: fetches named datasets and describes the contents of a folder or an archive.

import type { Command } from "commander";
import stringWidth from "string-width";
import { mismatch, UsageError } from "../common/errors.ts";
import { readablePath } from "../common/path-bytes.ts";
import { printable, shortName } from "../common/printable.ts";
import { DATASET_NAMES } from "../config/datasets.ts";
import type { DatasetDescription } from "../dataset/describe.ts";
import { dataOption, settingsOf } from "./data-options.ts";
import { count } from "./format.ts";
import { dataPath, type Suggestions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** Names in other spellings are known when the dataset is looked up. */
const datasetName: ((text: string) => string) & Suggestions = Object.assign((text: string) => text, {
  names: DATASET_NAMES,
});

interface InfoFlags {
  set?: string[];
  imageSize?: string;
  json?: boolean;
}

/** Adds `data fetch` and `data info` to the program. */
export function addDataCommands(program: Command, terminal: Terminal): void {
  const data = program.command("data").description("fetch datasets and show what they contain");
  data
    .command("fetch")
    .argument("<name>", `one of ${DATASET_NAMES.join(", ")}`, datasetName)
    .description("fetch a named dataset into the cache")
    .action((name: string) => fetchNamed(name, terminal));
  data
    .command("info")
    .argument(
      "<path>",
      "a folder, a CSV file of labels, an archive, a file of arrays, or a dataset's name",
      dataPath("path"),
    )
    .option("--image-size <pixels>", "resize every image to this height and width")
    .addOption(dataOption())
    .option("--json", "print the result as JSON")
    .description("show what a dataset contains: classes, images, sizes, and files that cannot be read")
    .action((path: string, flags: InfoFlags) => printInfo(path, flags, terminal));
}

async function fetchNamed(name: string, terminal: Terminal): Promise<void> {
  const [{ findNamed, unknownName }, { loadNamed }, { withProgress }, { describeDataset }] =
    await Promise.all([
      import("../dataset/named/named.ts"),
      import("../dataset/load.ts"),
      import("./loading.ts"),
      import("../dataset/describe.ts"),
    ]);
  const named = findNamed(name);
  if (!named) throw unknownName(name);
  const dataset = await terminal.interruptible((signal) =>
    withProgress((options) => loadNamed(named, options), signal, terminal),
  );
  terminal.print(summary(describeDataset(dataset)));
}

async function printInfo(path: string, flags: InfoFlags, terminal: Terminal): Promise<void> {
  const [{ describeSource }, { ProgressBar }] = await Promise.all([
    import("../dataset/describe.ts"),
    import("./progress-bar.ts"),
  ]);
  const imageSize = flags.imageSize === undefined ? undefined : Number(flags.imageSize);
  if (imageSize !== undefined && !(Number.isInteger(imageSize) && imageSize > 0)) {
    throw new UsageError(mismatch("--image-size", "a whole number of pixels", flags.imageSize));
  }
  const settings = await settingsOf(flags.set);
  const progress = new ProgressBar(terminal);
  try {
    const description = await terminal.interruptible((signal) =>
      describeSource(path, { imageSize, ...settings, signal, onProgress: (state) => progress.show(state) }),
    );
    progress.stop();
    terminal.print(flags.json ? description : table(description));
    if (flags.json) return;
    terminal.logNotes(description.notes);
    if (description.sizes.length > 1) {
      terminal.logNotes(["pictures differ in size; optimize resizes them, to image_size if it is given"]);
    }
  } finally {
    progress.stop();
  }
}

/** At most this many sizes are listed one by one, the most frequent ones. */
const MOST_SIZES = 10;

function sidesOf(sizes: DatasetDescription["sizes"]): string {
  const sides = sizes.flatMap(({ height, width }) => [height, width]).sort((a, b) => a - b);
  return `sides from ${sides[0]} to ${sides.at(-1)} pixels`;
}

function sumOf(sizes: DatasetDescription["sizes"]): number {
  return sizes.reduce((sum, { count }) => sum + count, 0);
}

function summary({ name, classes, splits, sizes }: DatasetDescription): string {
  const images = Object.entries(splits).map(([split, size]) => `${size} ${split}`);
  const total = Object.values(splits).reduce((sum, size) => sum + size, 0);
  const [{ height, width }] = sizes;
  const size = sizes.length > 1 ? `${sizes.length} sizes` : `${height} x ${width}`;
  return `${shortName(name)}: ${count(classes.length, "class", "classes")}, ${images.join(" + ")} ${total === 1 ? "image" : "images"}, ${size}`;
}

function table(description: DatasetDescription): string {
  const { classes, splits, sizes, skipped, labels, arrays, digest } = description;
  const names = Object.keys(splits) as (keyof typeof splits)[];
  const width = classes.reduce((most, { name }) => Math.max(most, shortName(name).length), 5);
  const row = (name: string, cells: readonly (number | string)[]) => {
    return [name.padEnd(width), ...cells.map((cell) => String(cell).padStart(10))].join("  ");
  };
  return [
    summary(description),
    "",
    row("class", names),
    ...classes.map(({ name, counts }) =>
      row(
        shortName(name),
        names.map((split) => counts[split] ?? 0),
      ),
    ),
    ...(labels ? labelLines(labels) : []),
    ...(arrays ? arrayLines(arrays) : []),
    ...(sizes.length > 1
      ? [
          "",
          `sizes (height x width), ${sidesOf(sizes)}`,
          ...sizes.slice(0, MOST_SIZES).map((size) => row(`${size.height} x ${size.width}`, [size.count])),
          ...(sizes.length > MOST_SIZES ? [row("others", [sumOf(sizes.slice(MOST_SIZES))])] : []),
        ]
      : []),
    ...(skipped.length > 0
      ? [
          "",
          `${count(skipped.length, "file")} skipped`,
          ...skipped.map(({ path, reason }) => printable(`  ${path}: ${reason}`)),
        ]
      : []),
    ...(digest ? ["", `digest ${digest}`] : []),
  ].join("\n");
}

/** Which arrays are the images and the labels of each split, and how they were read. */
function arrayLines(arrays: NonNullable<DatasetDescription["arrays"]>): string[] {
  const rows = arrays.flatMap(({ split, images, labels }) => [
    [`${split} images`, images],
    [`${split} labels`, labels],
  ]) satisfies [string, unknown][];
  const parts = rows.map(([role, { name, stored }]) => [role, shortName(name), shortName(stored)]);
  const widths = [0, 1, 2].map((i) => Math.max(...parts.map((row) => stringWidth(row[i]))));
  return [
    "",
    "arrays",
    ...rows.map(([, { read }], i) => {
      const cells = parts[i].map((cell, column) => cell + " ".repeat(widths[column] - stringWidth(cell)));
      return `  ${[...cells, read].join("  ")}`;
    }),
  ];
}

/** What was understood of tables with labels. */
function labelLines({ tables, examples }: NonNullable<DatasetDescription["labels"]>): string[] {
  const quoted = (names: readonly string[]) => {
    const shown = names.slice(0, 4).map((name) => `"${shortName(name)}"`);
    return names.length > shown.length
      ? `${shown.join(", ")} and ${names.length - shown.length} more`
      : shown.join(", ");
  };
  // Of WebDataset's samples: `.jpg`, `label in .json`.
  const kindOf = (name: string) => (/^\.|in \.\S*json$/.test(name) ? "files" : "column");
  const shown = examples.map(({ image, className, split }) => {
    return { image: shortName(image), className: shortName(className), split };
  });
  const width = Math.max(...shown.map(({ image }) => stringWidth(image)));
  return [
    ...tables.flatMap(({ path, more, imageColumn, labelColumns, classNames, images }) => [
      "",
      printable(`labels of ${readablePath(path)}${more ? ` and ${more} more` : ""}`),
      `  pictures  ${kindOf(imageColumn)} ${quoted([imageColumn])}`,
      `  classes   ${labelColumns.length > 1 ? "a column for each," : kindOf(labelColumns[0])} ${quoted(labelColumns)}`,
      ...(classNames ? [`  names     of ${classNames}`] : []),
      `  labelled  ${Object.entries(images)
        .map(([split, number]) => `${number} ${split}`)
        .join(" + ")}`,
    ]),
    "",
    "for example",
    ...shown.map(({ image, className, split }) => {
      return `  ${image}${" ".repeat(width - stringWidth(image))}  ${className}  (${split})`;
    }),
  ];
}
