// Compares our recipes with torchvision's on real images and writes docs/recipes.md, which explains the comparison.
//
//   pip install -r scripts/torchvision/requirements.txt        # Python 3.11
//   npm run compare:torchvision -- --python path/to/python3    # about 4 minutes on one core
//
// Exit code 1 if an operation's pixels differ, or a recipe's distribution.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RunError, UsageError } from "../../src/common/errors.ts";
import { writeFileWhole } from "../../src/common/files.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { type ImageBatch, selectImages } from "../../src/image/batch.ts";
import { resizeBatch } from "../../src/image/resize.ts";
import { runScript } from "../run-script.ts";
import { recipesPage } from "./page.ts";
import { cropRow, drawnRows, exactRows } from "./rows.ts";
import { Torchvision } from "./torchvision.ts";

/** Numbers of images at their own size and enlarged: compared pixel by pixel, and by distribution. */
const OWN = { exact: 500, drawn: 2000 };
const ENLARGED = [
  { height: 224, width: 224, exact: 20, drawn: 1000 },
  { height: 61, width: 97, exact: 100, drawn: 0 },
];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      python: { type: "string", default: process.env.PYTHON ?? "python3" },
      passes: { type: "string", default: "5" },
      out: { type: "string", default: "docs/recipes.md" },
    },
  });
  const passes = Number(values.passes);
  if (!Number.isInteger(passes) || passes < 1) {
    throw new UsageError(`--passes: expected a whole number of at least 1, received ${values.passes}`);
  }
  const { images } = (await loadDataset("cifar10")).train;
  const first = (batch: ImageBatch, count: number) =>
    selectImages(
      batch,
      Array.from({ length: count }, (_, i) => i),
    );
  const tell = (what: string) => process.stderr.write(`${what}\n`);
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-torchvision-"));
  const torchvision = await Torchvision.start(values.python, folder);
  try {
    const exact = [];
    const recipes = [];
    tell("operations at 32 x 32");
    const own = first(images, OWN.exact);
    exact.push(...(await exactRows(torchvision, own)), await cropRow(torchvision, own));
    tell("recipes at 32 x 32");
    const drawn = await drawnRows(torchvision, first(images, OWN.drawn), passes);
    recipes.push(...drawn.recipes);
    for (const { height, width, ...counts } of ENLARGED) {
      tell(`at ${height} x ${width}`);
      const enlarged = resizeBatch(first(images, counts.exact), height, width);
      exact.push(...(await exactRows(torchvision, enlarged)), await cropRow(torchvision, enlarged));
      if (counts.drawn === 0) continue;
      const others = resizeBatch(first(images, counts.drawn), height, width);
      recipes.push(...(await drawnRows(torchvision, others, 1)).recipes);
    }
    const { versions } = torchvision;
    const { frequencies } = drawn;
    writeFileWhole(values.out, recipesPage({ versions, passes, exact, recipes, frequencies }));
    const outside = [
      ...exact.filter(({ different }) => different > 0).map(({ name }) => name),
      ...recipes.filter((row) => row.statistics.some(({ inside }) => !inside)).map(({ recipe }) => recipe),
      ...frequencies.filter(({ inside }) => !inside).map(({ recipe, name }) => `${recipe}'s ${name}`),
    ];
    if (outside.length > 0)
      throw new RunError(`not as in torchvision: ${outside.join(", ")}; see ${values.out}`);
  } finally {
    torchvision.close();
    rmSync(folder, { recursive: true });
  }
}

await runScript(main);
