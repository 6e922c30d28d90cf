// Compares our techniques with imgaug 0.4.0 on real images and writes docs/imgaug.md, which explains the comparison.
//
//   pip install -r scripts/imgaug/requirements.txt        # Python 3.11
//   npm run compare:imgaug -- --python path/to/python3    # about 3 minutes on one core
//
// Exit code 1 if a row is outside its tolerance and unexplained.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RunError, UsageError } from "../../src/common/errors.ts";
import { writeFileWhole } from "../../src/common/files.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { selectImages } from "../../src/image/batch.ts";
import { resizeBatch } from "../../src/image/resize.ts";
import { runScript } from "../run-script.ts";
import { Imgaug } from "./imgaug.ts";
import { comparisonPage } from "./page.ts";
import { Rows } from "./rows.ts";

const IMAGES = 2000;
/** Both sides are prime. */
const OTHER_SIZE = { height: 61, width: 97 };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      python: { type: "string", default: process.env.PYTHON ?? "python3" },
      passes: { type: "string", default: "5" },
      out: { type: "string", default: "docs/imgaug.md" },
    },
  });
  const passes = Number(values.passes);
  if (!Number.isInteger(passes) || passes < 1) {
    throw new UsageError(`--passes: expected a whole number of at least 1, received ${values.passes}`);
  }
  const { train } = await loadDataset("cifar10");
  const images = selectImages(
    train.images,
    Array.from({ length: IMAGES }, (_, i) => i),
  );
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-imgaug-"));
  let imgaug: Imgaug | undefined;
  try {
    imgaug = await Imgaug.start(values.python, folder);
    const tell = (what: string) => process.stderr.write(`${what}\n`);
    const rows = new Rows(imgaug, passes, tell);
    const distributions = await rows.distributions(images);
    const { height, width } = OTHER_SIZE;
    const enlarged = resizeBatch(images, height, width);
    const otherSize = {
      ...OTHER_SIZE,
      rows: await new Rows(imgaug, 1, tell).distributions(enlarged, ["fog", "clouds"]),
    };
    const displacements = await rows.displacements(images.height, IMAGES);
    const pixels = await rows.pixels(images);
    const { versions } = imgaug;
    const results = { versions, count: IMAGES, passes, distributions, otherSize, displacements, pixels };
    writeFileWhole(values.out, comparisonPage(results));
    const all = [...distributions, ...otherSize.rows, ...displacements, ...pixels];
    const outside = all.filter(({ verdict }) => verdict === "outside").map(({ technique }) => technique);
    if (outside.length > 0) {
      throw new RunError(`outside the tolerance and unexplained: ${outside.join(", ")}; see ${values.out}`);
    }
  } finally {
    imgaug?.close();
    rmSync(folder, { recursive: true });
  }
}

await runScript(main);
