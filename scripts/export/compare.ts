// Compares exported modules with our own augmentation, in the frameworks that they are for, on real images.
//
//   pip install -r scripts/export/requirements.txt      # Python 3.11
//   npm run compare:export -- --python path/to/python3  # --passes 1 for less
//
// Exit code 1 if a row is outside its tolerance.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RunError } from "../../src/common/errors.ts";
import { writeFileWhole } from "../../src/common/files.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { selectImages } from "../../src/image/batch.ts";
import { resizeBatch } from "../../src/image/resize.ts";
import { runScript } from "../run-script.ts";
import { exportPage, outsideOf } from "./page.ts";
import { Rows } from "./rows.ts";

const OTHER_SIZES = [
  { height: 96, width: 128 },
  { height: 24, width: 20 },
];

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      python: { type: "string", default: process.env.PYTHON ?? "python3" },
      images: { type: "string", default: "2000" },
      passes: { type: "string", default: "3" },
      cases: { type: "string", default: "10" },
      out: { type: "string", default: "docs/export.md" },
    },
  });
  const [count, passes, cases] = [Number(values.images), Number(values.passes), Number(values.cases)];
  const { images } = (await loadDataset("cifar10")).train;
  const first = (most: number) =>
    selectImages(
      images,
      Array.from({ length: Math.min(count, most) }, (_, i) => i),
    );
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-export-"));
  const rows = await Rows.start(values.python, folder);
  try {
    const pixels = [{ size: "32 × 32", rows: await rows.pixels(first(100), cases, 1) }];
    for (const { height, width } of OTHER_SIZES) {
      const scale = Math.sqrt((height * width) / (images.height * images.width));
      const resized = resizeBatch(first(10), height, width);
      pixels.push({ size: `${height} × ${width}`, rows: await rows.pixels(resized, cases, scale) });
    }
    const distributions = await rows.distributions(first(count), passes);
    const results = { versions: rows.versions, images: count, passes, pixels, distributions };
    writeFileWhole(values.out, exportPage(results));
    const outside = outsideOf(results);
    if (outside.length > 0) throw new RunError(`not the same: ${outside.join("; ")}; see ${values.out}`);
  } finally {
    rows.close();
    rmSync(folder, { recursive: true });
  }
});
