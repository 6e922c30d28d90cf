// Encodes JPEG files with MozJPEG, compiled to WebAssembly in @jsquash/jpeg: jimp's own encoder does not support greyscale
// and takes four times as long.

import { Module, readAsset } from "../common/assets.ts";

type Encoder = typeof import("@jsquash/jpeg/encode.js").default;

/** MozJPEG's J_COLOR_SPACE. */
const GREYSCALE = 1;
const YCBCR = 3;

let encoder: Promise<Encoder> | undefined;

async function loadEncoder(): Promise<Encoder> {
  const { default: encode, init } = await import("@jsquash/jpeg/encode.js");
  // It warns of coarse tables, although decoders can read them.
  const silent = { print: () => {}, printErr: () => {} };
  const wasm = new Module(readAsset("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm"));
  await (init as (wasm: object, options: object) => Promise<void>)(wasm, silent);
  return encode;
}

/**
 * Encodes `pixels` [height, width, channels] as JPEG, without subsampling; 1 channel is grey, 3 are RGB.
 * @param quality from 1 to 100, on the scale of the Independent JPEG Group's library.
 * @throws RangeError if a side is longer than the format's 65,535 pixels.
 */
export async function formatJpeg(
  pixels: Uint8Array,
  height: number,
  width: number,
  channels: 1 | 3,
  quality: number,
): Promise<Uint8Array> {
  if (Math.max(height, width) > 65_535) {
    throw new RangeError(`a JPEG file has at most 65,535 x 65,535 pixels, not ${height} x ${width}`);
  }
  encoder ??= loadEncoder();
  const encode = await encoder;
  const image = { data: toRgba(pixels, channels), height, width, colorSpace: "srgb" as const };
  const file = await encode(image as never, {
    quality,
    progressive: false,
    // The tables of ITU-T T.81, annex K, to which the quality scale applies.
    quant_table: 0,
    color_space: channels === 1 ? GREYSCALE : YCBCR,
    auto_subsample: false,
    chroma_subsample: 1,
  });
  return new Uint8Array(file);
}

function toRgba(pixels: Uint8Array, channels: 1 | 3): Uint8ClampedArray {
  const rgba = new Uint8ClampedArray((pixels.length / channels) * 4).fill(255);
  const [green, blue] = channels === 1 ? [0, 0] : [1, 2];
  for (let i = 0, j = 0; i < pixels.length; i += channels, j += 4) {
    rgba[j] = pixels[i];
    rgba[j + 1] = pixels[i + green];
    rgba[j + 2] = pixels[i + blue];
  }
  return rgba;
}
