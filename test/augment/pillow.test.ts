// The recipes' operations against torchvision's own pixels, see test/fixtures/torchvision.ts.

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { renderChain } from "../../src/augment/chain.ts";
import { PILLOW_OPERATIONS, pillowOperation } from "../../src/augment/pillow-space.ts";
import { type ImageBatch, imageAt } from "../../src/image/batch.ts";
import { loadSample } from "../fixtures/sample.ts";
import {
  hasPixels,
  LIMITS,
  OPERATION_CASES,
  type OperationCase,
  operationImages,
  readOperationFixture,
} from "../fixtures/torchvision.ts";
import { randomImage } from "./images.ts";

const { checksums, pixels } = readOperationFixture();
let batches: ImageBatch[];
before(async () => {
  batches = operationImages((await loadSample()).train.images);
});

function render(image: Uint8Array, shape: ImageBatch, { space, name, bin, sign }: OperationCase): Uint8Array {
  return renderChain(image, shape, pillowOperation(name, LIMITS[space], shape, bin, sign));
}

function renderBatch(batch: ImageBatch, operation: OperationCase): Uint8Array {
  const images = Array.from({ length: batch.count }, (_, i) => render(imageAt(batch, i), batch, operation));
  return Buffer.concat(images);
}

describe("the operations of TrivialAugment and RandAugment", () => {
  it("have a case for each operation, bin and sign", () => {
    assert.equal(OPERATION_CASES.length, 2 * (3 + 2 * 31 + 9 * 62));
    assert.equal(checksums.length, OPERATION_CASES.length);
    assert.equal(pixels.length, OPERATION_CASES.filter(hasPixels).length);
  });

  it("give torchvision's pixels", () => {
    const image = imageAt(batches[0], 0);
    const cases = OPERATION_CASES.filter(hasPixels);
    for (const [i, operation] of cases.entries()) {
      const expected = new Uint8Array(Buffer.from(pixels[i], "base64"));
      assert.deepEqual(render(image, batches[0], operation), expected, JSON.stringify(operation));
    }
  });

  for (const name of PILLOW_OPERATIONS) {
    it(`${name}: every magnitude gives torchvision's checksum, on images of any size`, () => {
      for (const [i, operation] of OPERATION_CASES.entries()) {
        if (operation.name !== name) continue;
        for (const [j, batch] of batches.entries()) {
          const what = `${JSON.stringify(operation)} at ${batch.height} x ${batch.width}`;
          assert.equal(crc32(renderBatch(batch, operation)), checksums[i][j], what);
        }
      }
    });
  }
});

describe("pillow-solarize and pillow-posterize", () => {
  const shape = { height: 16, width: 16 };
  const everyValue = Uint8Array.from({ length: 768 }, (_, i) => Math.floor(i / 3));

  it("map every value", () => {
    for (const threshold of [0, 0.5, 93.5, 94, 255, 255.5]) {
      assert.deepEqual(
        renderChain(everyValue, shape, [{ type: "pillow-solarize", parameters: { threshold } }]),
        everyValue.map((value) => (value < threshold ? value : 255 - value)),
      );
    }
    for (let bits = 1; bits <= 8; bits++) {
      assert.deepEqual(
        renderChain(everyValue, shape, [{ type: "pillow-posterize", parameters: { bits } }]),
        everyValue.map((value) => value - (value % 2 ** (8 - bits))),
      );
    }
  });
});

describe("pillow-rotate", () => {
  it("turns counter-clockwise, exactly at right angles", () => {
    const [height, width] = [6, 6];
    const source = randomImage(height, width);
    const quarter = renderChain(source, { height, width }, [
      { type: "pillow-rotate", parameters: { degrees: 90 } },
    ]);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const from = (x * width + (width - 1 - y)) * 3;
        assert.deepEqual(
          quarter.slice((y * width + x) * 3, (y * width + x + 1) * 3),
          source.slice(from, from + 3),
        );
      }
    }
    const half = { type: "pillow-rotate", parameters: { degrees: -180 } } as const;
    assert.deepEqual(renderChain(source, { height, width }, [half, half]), source);
  });
});
