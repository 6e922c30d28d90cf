// Reads what the boxes of an AVIF file declare about its picture. Reference: ISO/IEC 23008-12:2022 (HEIF), ISO/IEC 14496-12.

import { readItems } from "./box-items.ts";
import type { Metadata } from "./exif.ts";
import { HeaderCutOffError, latin1, readingHeader, viewOf } from "./picture.ts";

interface Box {
  readonly type: string;
  readonly content: Uint8Array;
}

export interface BoxedPicture {
  readonly height: number;
  readonly width: number;
  /** Of the largest of all pictures in the file, in pixels: tiles, thumbnails, transparency. */
  readonly largest: number;
  /** Quarter turns, anti-clockwise, which come before the mirror. */
  readonly turns: number;
  /** "vertical": top and bottom are exchanged; "horizontal": left and right. */
  readonly mirror?: "vertical" | "horizontal";
  readonly metadata: Metadata;
}

/** The brands of a file: what decoders must be able to read. */
export function brandsOf(bytes: Uint8Array): string[] {
  const end = Math.min(bytes.length, viewOf(bytes).getUint32(0));
  const brands = [latin1(bytes, 8, 12)];
  for (let place = 16; place + 4 <= end; place += 4) brands.push(latin1(bytes, place, place + 4));
  return brands;
}

function* boxesOf(bytes: Uint8Array): Generator<Box> {
  const view = viewOf(bytes);
  for (let place = 0; place + 8 <= bytes.length; ) {
    let size = view.getUint32(place);
    let header = 8;
    if (size === 1) {
      size = Number(view.getBigUint64(place + 8));
      header = 16;
    }
    if (size === 0) size = bytes.length - place;
    if (size < header) throw new Error("its boxes are damaged");
    const type = latin1(bytes, place + 4, place + 8);
    if (place + size > bytes.length && type !== "mdat") throw new HeaderCutOffError();
    yield { type, content: bytes.subarray(place + header, place + size) };
    place += size;
  }
}

function find(bytes: Uint8Array, type: string): Uint8Array | undefined {
  for (const box of boxesOf(bytes)) if (box.type === type) return box.content;
  return undefined;
}

/** @throws Error with the reason if there is no picture; HeaderCutOffError if it may come later. */
export function readBoxes(bytes: Uint8Array): BoxedPicture {
  return readingHeader(() => {
    const meta = find(bytes, "meta");
    if (!meta) throw new HeaderCutOffError();
    // After its version and flags.
    const body = meta.subarray(4);
    const properties = find(body, "iprp");
    const primary = readPrimary(find(body, "pitm"));
    const container = properties && find(properties, "ipco");
    const associations = properties && find(properties, "ipma");
    if (!container || !associations || primary === undefined) throw new Error("it contains no pixels");
    const all = [...boxesOf(container)];
    const own = readAssociations(associations, primary).map((index) => all[index - 1]);
    const metadata = readItems(bytes, body, primary, { find, boxesOf });
    return { ...describe(all, own), metadata };
  });
}

function describe(all: readonly Box[], own: readonly (Box | undefined)[]): Omit<BoxedPicture, "metadata"> {
  const contentOf = (type: string) => own.find((box) => box?.type === type)?.content;
  const size = contentOf("ispe");
  if (!size) throw new Error("it contains no pixels");
  const [height, width] = sizeOf(size);
  const sizes = all.filter(({ type }) => type === "ispe").map(({ content }) => sizeOf(content));
  const axis = contentOf("imir")?.[0];
  return {
    height,
    width,
    largest: Math.max(...sizes.map(([high, wide]) => high * wide)),
    turns: (contentOf("irot")?.[0] ?? 0) & 3,
    ...(axis !== undefined && { mirror: axis & 1 ? "horizontal" : "vertical" }),
  };
}

function sizeOf(content: Uint8Array): [number, number] {
  const view = viewOf(content);
  return [view.getUint32(8), view.getUint32(4)];
}

/** The number of the picture that the file is about. */
function readPrimary(content: Uint8Array | undefined): number | undefined {
  if (!content) return undefined;
  return content[0] === 0 ? viewOf(content).getUint16(4) : viewOf(content).getUint32(4);
}

/** The numbers, from 1, of the properties of an item. */
function readAssociations(content: Uint8Array, item: number): number[] {
  const view = viewOf(content);
  const [version, wide] = [content[0], (content[3] & 1) === 1];
  let place = 8;
  for (let entries = view.getUint32(4); entries > 0; entries--) {
    const id = version === 0 ? view.getUint16(place) : view.getUint32(place);
    place += version === 0 ? 2 : 4;
    const count = view.getUint8(place++);
    const indices: number[] = [];
    for (let i = 0; i < count; i++, place += wide ? 2 : 1)
      indices.push(wide ? view.getUint16(place) & 0x7fff : view.getUint8(place) & 0x7f);
    if (id === item) return indices;
  }
  return [];
}
