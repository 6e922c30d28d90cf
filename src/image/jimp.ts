// Encodes PNG files with jimp's plugin, which is loaded with the first of them: all of jimp, with its operations on pictures,
// takes longer to load than the rest of the program.

/** Encodes a picture as PNG, without loss. `pixels` is [height, width, channels]; 1 channel is grey, 3 are RGB. */
export async function formatPng(
  pixels: Uint8Array,
  height: number,
  width: number,
  channels: 1 | 3,
): Promise<Uint8Array> {
  const { default: png } = await import("@jimp/js-png");
  const data = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.length);
  // Colour types: 0 is grey, 2 is RGB. With the same type in and out, values stay unchanged.
  const colorType = channels === 1 ? 0 : 2;
  const options = { colorType, inputColorType: colorType, inputHasAlpha: false, deflateLevel: 6 } as const;
  return png().encode({ data, height, width }, options);
}
