// Decodes JPEG files of four components, CMYK and YCCK, to the pixels that libjpeg and Pillow give.

import type { Pixels } from "./batch.ts";
import { cmykToRgb } from "./cmyk.ts";
import { type Component, type Frame, readCoefficients } from "./jpeg-coefficients.ts";
import { samplesOf } from "./jpeg-idct.ts";

/** Adobe's number for CMYK. Any other one is taken for YCCK, whose own is 2, as by libjpeg. */
const CMYK = 0;

/** Decodes the picture; its orientation is not applied. Values count as inverted, as those of Adobe's programs are. */
export function decodeFourComponents(bytes: Uint8Array): Pixels {
  const { data, height, width } = decodeInks(bytes);
  for (let i = 0; i < data.length; i++) data[i] = 255 - data[i];
  return { data: cmykToRgb(data), height, width };
}

/** The four values of each pixel as stored, [height, width, 4]; YCCK becomes CMYK. */
export function decodeInks(bytes: Uint8Array): Pixels {
  const frame = readCoefficients(bytes);
  const { height, width } = frame;
  const planes = frame.components.map((component) => enlarged(component, frame));
  if (frame.transform !== undefined && frame.transform !== CMYK) invertYcc(planes);
  const data = new Uint8Array(height * width * 4);
  for (let i = 0; i < height * width; i++) {
    for (let channel = 0; channel < 4; channel++) data[4 * i + channel] = planes[channel][i];
  }
  return { data, height, width };
}

/** YCbCr to the complement of RGB, in place. */
function invertYcc([ys, cbs, crs]: readonly Uint8Array[]): void {
  const half = 1 << 15;
  const clamp = (value: number) => (value < 0 ? 0 : value > 255 ? 255 : value);
  for (let i = 0; i < ys.length; i++) {
    const [y, cb, cr] = [ys[i], cbs[i] - 128, crs[i] - 128];
    ys[i] = clamp(255 - (y + ((91_881 * cr + half) >> 16)));
    cbs[i] = clamp(255 - (y + ((-22_554 * cb - 46_802 * cr + half) >> 16)));
    crs[i] = clamp(255 - (y + ((116_130 * cb + half) >> 16)));
  }
}

/** The samples of a component at the picture's size, [height, width], interpolated as by libjpeg ("fancy upsampling"). */
function enlarged(component: Component, { height, width, maxH, maxV }: Frame): Uint8Array {
  const { h, v, stride } = component;
  const [wide, high] = [Math.ceil((width * h) / maxH), Math.ceil((height * v) / maxV)];
  const samples = samplesOf(component);
  const rowAt = (y: number): Uint8Array => {
    const row = Math.min(Math.max(y, 0), high - 1) * stride * 8;
    return samples.subarray(row, row + wide);
  };
  const plane = new Uint8Array(height * width);
  const isFancy = wide > 2;
  for (let y = 0; y < height; y++) {
    const source = Math.floor((y * v) / maxV);
    const near = rowAt(source);
    // The row on the other side of the one to interpolate.
    const far = rowAt(y % 2 === 0 ? source - 1 : source + 1);
    let row: Uint8Array;
    if (h === maxH && v === maxV) row = near;
    else if (h * 2 === maxH && v === maxV && isFancy) row = doubled(near);
    else if (h * 2 === maxH && v * 2 === maxV && isFancy) row = doubledBothWays(near, far);
    else if (h === maxH && v * 2 === maxV) row = between(near, far, y % 2 === 0 ? 1 : 2);
    else row = repeated(near, maxH / h);
    plane.set(row.subarray(0, width), y * width);
  }
  return plane;
}

function repeated(row: Uint8Array, times: number): Uint8Array {
  return Uint8Array.from({ length: Math.ceil(row.length * times) }, (_, x) => row[Math.floor(x / times)]);
}

function between(near: Uint8Array, far: Uint8Array, bias: number): Uint8Array {
  return near.map((value, x) => (value * 3 + far[x] + bias) >> 2);
}

/** Twice as wide: three quarters of the nearer sample and one of the further. */
function doubled(row: Uint8Array): Uint8Array {
  const out = new Uint8Array(row.length * 2);
  const last = row.length - 1;
  for (let x = 0; x <= last; x++) {
    out[2 * x] = x === 0 ? row[0] : (row[x] * 3 + row[x - 1] + 1) >> 2;
    out[2 * x + 1] = x === last ? row[last] : (row[x] * 3 + row[x + 1] + 2) >> 2;
  }
  return out;
}

function doubledBothWays(near: Uint8Array, far: Uint8Array): Uint8Array {
  const out = new Uint8Array(near.length * 2);
  const last = near.length - 1;
  const sum = (x: number) => near[x] * 3 + far[x];
  for (let x = 0; x <= last; x++) {
    out[2 * x] = x === 0 ? (sum(0) * 4 + 8) >> 4 : (sum(x) * 3 + sum(x - 1) + 8) >> 4;
    out[2 * x + 1] = x === last ? (sum(last) * 4 + 7) >> 4 : (sum(x) * 3 + sum(x + 1) + 7) >> 4;
  }
  return out;
}
