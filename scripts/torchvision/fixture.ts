// Writes test/fixtures/torchvision-operations.json.gz, on which tests check our operations without Python.
//
//   pip install -r scripts/torchvision/requirements.txt        # Python 3.11
//   node scripts/torchvision/fixture.ts path/to/python3

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32, gzipSync } from "node:zlib";
import { writeFileWhole } from "../../src/common/files.ts";
import { imageAt } from "../../src/image/batch.ts";
import { loadSample } from "../../test/fixtures/sample.ts";
import {
  hasPixels,
  OPERATION_CASES,
  OPERATION_FIXTURE,
  type OperationFixture,
  operationImages,
} from "../../test/fixtures/torchvision.ts";
import { runScript } from "../run-script.ts";
import { Torchvision } from "./torchvision.ts";

async function main(): Promise<void> {
  const batches = operationImages((await loadSample()).train.images);
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-torchvision-"));
  const torchvision = await Torchvision.start(process.argv[2] ?? "python3", folder);
  try {
    const checksums: number[][] = [];
    const pixels: string[] = [];
    for (const operation of OPERATION_CASES) {
      const results = [];
      for (const images of batches) results.push(await torchvision.operation(images, operation));
      checksums.push(results.map(({ data }) => crc32(data)));
      if (hasPixels(operation)) pixels.push(Buffer.from(imageAt(results[0], 0)).toString("base64"));
    }
    const fixture: OperationFixture = { versions: torchvision.versions, checksums, pixels };
    writeFileWhole(fileURLToPath(OPERATION_FIXTURE), [gzipSync(JSON.stringify(fixture), { level: 9 })]);
  } finally {
    torchvision.close();
    rmSync(folder, { recursive: true });
  }
}

await runScript(main);
