// Reads the EXIF and XMP items of an AVIF file. Reference: ISO/IEC 14496-12:2022, 8.11; ISO/IEC 23008-12:2022, annex A. As in
// libavif, of several items of a kind the last one counts.

import type { Metadata } from "./exif.ts";
import { HeaderCutOffError, latin1, viewOf } from "./picture.ts";

/** The content of a box by its type, and all boxes in a content. */
export interface BoxReader {
  readonly find: (bytes: Uint8Array, type: string) => Uint8Array | undefined;
  readonly boxesOf: (bytes: Uint8Array) => Iterable<{ readonly type: string; readonly content: Uint8Array }>;
}

const XMP_TYPE = "application/rdf+xml";

/** Bytes of an EXIF item before the block: how far away it begins, which Pillow ignores as well. */
const EXIF_OFFSET = 4;

/**
 * @param file the whole file, or its beginning.
 * @param body the content of its meta box, after the version.
 * @param picture the number of the item that the metadata must be about.
 * @throws HeaderCutOffError if they come later in the file.
 */
export function readItems(file: Uint8Array, body: Uint8Array, picture: number, boxes: BoxReader): Metadata {
  const [information, references, locations] = ["iinf", "iref", "iloc"].map((type) => boxes.find(body, type));
  if (!information || !references || !locations) return {};
  const described = itemsAbout(picture, references, boxes);
  const items = new Map<keyof Metadata, number>();
  for (const { content } of boxes.boxesOf(information.subarray(information[0] === 0 ? 6 : 8))) {
    const { id, kind } = readInformation(content);
    if (kind !== undefined && described.has(id)) items.set(kind, id);
  }
  const find = (kind: keyof Metadata) => {
    const id = items.get(kind);
    return id === undefined ? undefined : contentOf(id, locations, file, boxes.find(body, "idat"));
  };
  return { exif: find("exif")?.subarray(EXIF_OFFSET), xmp: find("xmp") };
}

function readInformation(content: Uint8Array): { id: number; kind?: keyof Metadata } {
  const [numbers, version] = [new Numbers(content, 4), content[0]];
  const id = numbers.read(version === 2 ? 2 : 4);
  numbers.read(2);
  if (version !== 2 && version !== 3) return { id };
  const place = numbers.place + 4;
  const type = latin1(content, numbers.place, place);
  if (type === "Exif") return { id, kind: "exif" };
  if (type !== "mime") return { id };
  const start = content.indexOf(0, place) + 1;
  return latin1(content, start, start + XMP_TYPE.length + 1) === `${XMP_TYPE}\0`
    ? { id, kind: "xmp" }
    : { id };
}

function itemsAbout(picture: number, references: Uint8Array, { boxesOf }: BoxReader): Set<number> {
  const size = references[0] === 0 ? 2 : 4;
  const items = new Set<number>();
  for (const { type, content } of boxesOf(references.subarray(4))) {
    if (type !== "cdsc") continue;
    const numbers = new Numbers(content);
    const from = numbers.read(size);
    for (let count = numbers.read(2); count > 0; count--) if (numbers.read(size) === picture) items.add(from);
  }
  return items;
}

/** The parts of an item, one after the other; empty if it is not in the file. */
function contentOf(
  wanted: number,
  locations: Uint8Array,
  file: Uint8Array,
  inMeta: Uint8Array | undefined,
): Uint8Array {
  const version = locations[0];
  const [offsetSize, lengthSize, baseSize] = [locations[4] >> 4, locations[4] & 15, locations[5] >> 4];
  const indexSize = version === 0 ? 0 : locations[5] & 15;
  const numbers = new Numbers(locations, 6);
  const idSize = version < 2 ? 2 : 4;
  for (let items = numbers.read(idSize); items > 0; items--) {
    const id = numbers.read(idSize);
    const method = version === 0 ? 0 : numbers.read(2) & 15;
    numbers.read(2);
    const base = numbers.read(baseSize);
    const count = numbers.read(2);
    if (id !== wanted) {
      numbers.place += count * (indexSize + offsetSize + lengthSize);
      continue;
    }
    const source = method === 0 ? file : method === 1 ? inMeta : undefined;
    const parts: Uint8Array[] = [];
    for (let part = 0; part < count && source; part++) {
      numbers.read(indexSize);
      const start = base + numbers.read(offsetSize);
      const end = start + numbers.read(lengthSize);
      if (end > source.length) throw new HeaderCutOffError();
      parts.push(source.subarray(start, end));
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }
  return new Uint8Array();
}

/** Whole numbers of 0 to 8 bytes, one after the other. */
class Numbers {
  readonly #view: DataView;
  place: number;

  constructor(bytes: Uint8Array, place = 0) {
    this.#view = viewOf(bytes);
    this.place = place;
  }

  /** @throws RangeError beyond the end. */
  read(size: number): number {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + this.#view.getUint8(this.place++);
    return value;
  }
}
