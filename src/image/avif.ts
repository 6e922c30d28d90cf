// Decodes AVIF files with libavif, compiled to WebAssembly in @jsquash/avif. It leaves the picture as it is stored: its
// orientation is applied here.

import type { Pixels } from "./batch.ts";
import { type BoxedPicture, brandsOf, readBoxes } from "./boxes.ts";
import { hasOrientation, orientationIn } from "./exif.ts";
import type { PictureHeader } from "./picture.ts";
import { decodeRgb, WasmDecoder } from "./wasm-decoder.ts";

const decoder = new WasmDecoder(
  "@jsquash/avif/codec/dec/avif_dec.wasm",
  () => import("@jsquash/avif/codec/dec/avif_dec.js"),
);

/** EXIF orientations by the number of quarter turns, anti-clockwise, that make the picture upright. */
const TURNED = [1, 8, 3, 6];
/** The same, with top and bottom, or left and right, exchanged afterwards. */
const MIRRORED = { vertical: [4, 5, 2, 7], horizontal: [2, 7, 4, 5] };

/** @throws Error with the reason if there is no picture; HeaderCutOffError if it may come later. */
export function readAvifHeader(bytes: Uint8Array): PictureHeader & { readonly largest: number } {
  const picture = readBoxes(bytes);
  const { height, width, largest } = picture;
  return { height, width, largest, orientation: orientationOf(picture) };
}

/** As Pillow: that of the file's own properties, which EXIF never changes. Without both, XMP counts. */
function orientationOf({ turns, mirror, metadata: { exif, xmp } }: BoxedPicture): number {
  const own = (mirror ? MIRRORED[mirror] : TURNED)[turns];
  return own !== 1 || (exif && hasOrientation(exif)) ? own : orientationIn({ xmp });
}

/** Whether the file is an animation. */
export function isAnimatedAvif(bytes: Uint8Array): boolean {
  return brandsOf(bytes).includes("avis");
}

/** Decodes the picture. Transparent pixels keep their colour; more than 8 bits are reduced to 8. */
export function decodeAvif(bytes: Uint8Array): Promise<Pixels> {
  return decodeRgb(decoder, bytes, 8);
}
