// Undoes the predictors of TIFF files: samples are stored as differences to the pixel on their left. References: TIFF
// revision 6.0 (Adobe, 1992), section 14; TIFF Technical Note 3 (Adobe, 2005) for floating-point numbers.

import { unsupported, viewOf } from "./picture.ts";

const HORIZONTAL = 2;
const FLOATING_POINT = 3;

interface Shape {
  readonly height: number;
  readonly width: number;
  readonly samples: number;
}

/** @param unpacked rows of `bits` per sample in the file's byte order. */
export function undoPredictor(
  unpacked: Uint8Array,
  predictor: number,
  { height, width, samples }: Shape,
  {
    bits,
    directory: { little },
  }: { readonly bits: number; readonly directory: { readonly little: boolean } },
): Uint8Array {
  const data = Uint8Array.from(unpacked);
  const size = bits / 8;
  const rowSize = width * samples * size;
  if (predictor === HORIZONTAL && [8, 16, 32].includes(bits)) {
    for (let y = 0; y < height; y++)
      addLeft(data.subarray(y * rowSize, (y + 1) * rowSize), samples, bits, little);
    return data;
  }
  if (predictor === FLOATING_POINT && [16, 32, 64].includes(bits)) {
    for (let y = 0; y < height; y++) {
      const row = data.subarray(y * rowSize, (y + 1) * rowSize);
      addLeft(row, samples, 8, little);
      joinBytes(row, size, little);
    }
    return data;
  }
  throw unsupported(
    `a TIFF with predictor ${predictor} and ${bits} bits per channel`,
    "save it without a predictor",
  );
}

function addLeft(row: Uint8Array, samples: number, bits: number, little: boolean): void {
  if (bits === 8) {
    for (let i = samples; i < row.length; i++) row[i] += row[i - samples];
    return;
  }
  const view = viewOf(row);
  const step = (samples * bits) / 8;
  for (let place = step; place < row.length; place += bits / 8) {
    if (bits === 16) {
      const value = view.getUint16(place, little) + view.getUint16(place - step, little);
      view.setUint16(place, value & 0xffff, little);
    } else {
      const value = view.getUint32(place, little) + view.getUint32(place - step, little);
      view.setUint32(place, value >>> 0, little);
    }
  }
}

/** A row stores the highest bytes of all its numbers first, then the next, and so on. */
function joinBytes(row: Uint8Array, size: number, little: boolean): void {
  const stored = Uint8Array.from(row);
  const count = row.length / size;
  for (let i = 0; i < count; i++) {
    for (let byte = 0; byte < size; byte++)
      row[i * size + (little ? size - 1 - byte : byte)] = stored[byte * count + i];
  }
}
