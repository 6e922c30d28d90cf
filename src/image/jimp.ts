// Decodes and encodes with jimp's format plugins. Each is loaded with the first file of its format: all of jimp, with its
// operations on pictures, takes longer to load than the rest of the program.

export type Format = "bmp" | "gif" | "jpeg" | "png" | "tiff";

/** RGBA, [height, width, 4], row by row. */
export interface RgbaPixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly height: number;
  readonly width: number;
}

/** Memory for the decoder's tables in MiB, enough for a JPEG of 100 million pixels. */
const JPEG_MEMORY = 2048;

/**
 * Decodes the first frame or page. A JPEG is rotated according to its EXIF orientation.
 * @throws Error with the reason if the file is damaged, truncated or of an unsupported kind.
 */
export async function decodeByJimp(bytes: Uint8Array, format: Format): Promise<RgbaPixels> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (format) {
    case "bmp":
      return (await import("@jimp/js-bmp")).default().decode(file);
    case "gif":
      return (await import("@jimp/js-gif")).default().decode(file);
    case "png":
      return (await import("@jimp/js-png")).default().decode(file);
    case "jpeg":
      return decodeJpegByJimp(file);
    case "tiff":
      return decodeTiff(file);
  }
}

/** Uses jimp's core, which rotates the picture according to its EXIF orientation. */
async function decodeJpegByJimp(file: Buffer): Promise<RgbaPixels> {
  const [{ createJimp }, { default: jpeg }] = await Promise.all([
    import("@jimp/core"),
    import("@jimp/js-jpeg"),
  ]);
  const options = { tolerantDecoding: false, maxMemoryUsageInMB: JPEG_MEMORY };
  const { bitmap } = await createJimp({ formats: [jpeg] }).fromBuffer(file, { "image/jpeg": options });
  return bitmap;
}

/** Uses jimp's core, which rejects raw camera files: they begin like a TIFF, with a thumbnail. */
async function decodeTiff(file: Buffer): Promise<RgbaPixels> {
  const [{ createJimp }, { default: tiff }] = await Promise.all([
    import("@jimp/core"),
    import("@jimp/js-tiff"),
  ]);
  // The decoder ignores the view's offset and reads the underlying memory from its start.
  const own = Buffer.from(Uint8Array.from(file).buffer);
  const { bitmap } = await createJimp({ formats: [tiff] }).fromBuffer(own);
  return bitmap;
}

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
