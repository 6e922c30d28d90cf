// `deepaugment data`: fetches named datasets, and tells what is in a folder or an archive.

import type { Command } from "commander";
import type { DatasetDescription } from "../dataset/describe.ts";
import type { Progress } from "../dataset/reader.ts";

/** Adds `data fetch` and `data info` to the program. */
export function addDataCommands(program: Command): void {
  const data = program.command("data").description("fetch datasets, and look into them");
  data
    .command("fetch")
    .argument("<name>", "cifar10, cifar100, fashion_mnist or mnist")
    .description("fetch a named dataset into the cache")
    .action(fetchNamed);
  data
    .command("info")
    .argument("<path>", "a folder, an archive, or the name of a dataset")
    .option("--image-size <pixels>", "resize every image to this height and width")
    .option("--json", "print it as JSON")
    .description("tell what is in a folder or an archive: classes, images, sizes, files that cannot be read")
    .action(printInfo);
}

async function fetchNamed(name: string): Promise<void> {
  const [{ findNamed, unknownName }, { loadDataset }, { describeDataset }] = await Promise.all([
    import("../dataset/named.ts"),
    import("../dataset/load.ts"),
    import("../dataset/describe.ts"),
  ]);
  if (!findNamed(name)) throw unknownName(name);
  const progress = new ProgressLine();
  try {
    const dataset = await loadDataset(name, { onProgress: (state) => progress.show(state) });
    progress.end();
    process.stdout.write(`${summary(describeDataset(dataset))}\n`);
    for (const note of dataset.notes ?? []) process.stderr.write(`note: ${note}\n`);
  } finally {
    progress.end();
  }
}

async function printInfo(path: string, options: { imageSize?: string; json?: boolean }): Promise<void> {
  const [{ describeSource }, { UsageError }] = await Promise.all([
    import("../dataset/describe.ts"),
    import("../common/errors.ts"),
  ]);
  const imageSize = options.imageSize === undefined ? undefined : Number(options.imageSize);
  if (imageSize !== undefined && !(Number.isInteger(imageSize) && imageSize > 0)) {
    throw new UsageError(`--image-size: expected a whole number of pixels, received "${options.imageSize}"`);
  }
  const progress = new ProgressLine();
  try {
    const description = await describeSource(path, {
      imageSize,
      onProgress: (state) => progress.show(state),
    });
    progress.end();
    process.stdout.write(`${options.json ? JSON.stringify(description, null, 2) : table(description)}\n`);
    if (options.json) return;
    for (const note of description.notes) process.stderr.write(`note: ${note}\n`);
    if (description.sizes.length > 1) {
      process.stderr.write(
        "note: pictures differ in size; set image_size in the configuration to resize them all\n",
      );
    }
  } finally {
    progress.end();
  }
}

function summary({ name, classes, splits, sizes }: DatasetDescription): string {
  const images = Object.entries(splits).map(([split, count]) => `${count} ${split}`);
  const [{ height, width }] = sizes;
  const size = sizes.length > 1 ? `${sizes.length} sizes` : `${height} x ${width}`;
  return `${name}: ${classes.length} classes, ${images.join(" + ")} images, ${size}`;
}

function table(description: DatasetDescription): string {
  const { classes, splits, sizes, skipped, digest } = description;
  const names = Object.keys(splits) as (keyof typeof splits)[];
  const width = Math.max(5, ...classes.map(({ name }) => name.length));
  const row = (name: string, cells: readonly (number | string)[]) => {
    return [name.padEnd(width), ...cells.map((cell) => String(cell).padStart(10))].join("  ");
  };
  return [
    summary(description),
    "",
    row("class", names),
    ...classes.map(({ name, counts }) =>
      row(
        name,
        names.map((split) => counts[split] ?? 0),
      ),
    ),
    ...(sizes.length > 1
      ? [
          "",
          "sizes (height x width)",
          ...sizes.map((size) => row(`${size.height} x ${size.width}`, [size.count])),
        ]
      : []),
    ...(skipped.length > 0
      ? [
          "",
          `${skipped.length} ${skipped.length === 1 ? "file" : "files"} skipped`,
          ...skipped.map(({ path, reason }) => `  ${path}: ${reason}`),
        ]
      : []),
    ...(digest ? ["", `digest ${digest}`] : []),
  ].join("\n");
}

/** Progress on stderr: a line that is written over on a terminal, else one line per stage. */
class ProgressLine {
  #stage = "";
  #shown = 0;

  show({ stage, done, total, unit }: Progress): void {
    if (!process.stderr.isTTY) {
      if (stage !== this.#stage) process.stderr.write(`${stage}\n`);
      this.#stage = stage;
      return;
    }
    const now = performance.now();
    if (stage === this.#stage && done !== total && now - this.#shown < 100) return;
    this.#shown = now;
    this.#stage = stage;
    const amount = (count: number) => (unit === "bytes" ? `${(count / 1e6).toFixed(1)} MB` : String(count));
    const text =
      done === 0 && !total ? stage : `${stage}: ${amount(done)}${total ? ` of ${amount(total)}` : ""}`;
    process.stderr.write(`\r${text.slice(0, (process.stderr.columns ?? 80) - 1)}\x1b[K`);
  }

  /** Leaves the line. */
  end(): void {
    if (process.stderr.isTTY && this.#stage) process.stderr.write("\r\x1b[K");
    this.#stage = "";
  }
}
