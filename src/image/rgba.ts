// Drops the alpha channel, without blending.

import type { RgbaPixels } from "./picture.ts";

/** [height, width, 4] to [height, width, 3]; four pixels at a time, because four 32-bit words become three. */
export function withoutAlpha({ data: rgba, height, width }: RgbaPixels): Uint8Array {
  if (rgba.length !== height * width * 4 || rgba.length === 0) throw new Error("it contains no pixels");
  const aligned = rgba.byteOffset % 4 === 0 ? rgba : Uint8Array.from(rgba);
  const pixels = new Uint32Array(aligned.buffer, aligned.byteOffset, height * width);
  const data = new Uint8Array(height * width * 3);
  const words = new Uint32Array(data.buffer, 0, Math.floor(data.length / 12) * 3);
  // The first byte of a pixel is the lowest of its word: all machines that we support are little-endian.
  for (let i = 0, j = 0; j < words.length; i += 4, j += 3) {
    const second = pixels[i + 1];
    const third = pixels[i + 2];
    words[j] = (pixels[i] & 0xffffff) | (second << 24);
    words[j + 1] = ((second >>> 8) & 0xffff) | (third << 16);
    words[j + 2] = ((third >>> 16) & 0xff) | (pixels[i + 3] << 8);
  }
  for (let i = (words.length / 3) * 4; i < pixels.length; i++) {
    data[3 * i] = pixels[i] & 0xff;
    data[3 * i + 1] = (pixels[i] >>> 8) & 0xff;
    data[3 * i + 2] = (pixels[i] >>> 16) & 0xff;
  }
  return data;
}
