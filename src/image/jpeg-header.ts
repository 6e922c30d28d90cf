// Reads what a JPEG file declares about its picture, before memory is allocated for it. Reference: ITU-T T.81, annex B.

import { orientationIn } from "./exif.ts";
import { latin1, type PictureHeader, readingHeader, unsupported, viewOf } from "./picture.ts";

export interface JpegHeader extends PictureHeader {
  /** 1: grey; 3: YCbCr or RGB; 4: CMYK or YCCK. */
  readonly components: number;
  /** Whether it may have more than one scan: it is progressive, or its first scan does not have all components. */
  readonly hasScans: boolean;
  /** Whether each segment before the first scan begins at the end of the previous one. */
  readonly wellFormed: boolean;
  /** Position of the first byte after the frame's segment. */
  readonly end: number;
}

/** Markers of segments (0xff precedes them). */
export const MARKER = {
  frame: 0xc0,
  progressiveFrame: 0xc2,
  huffman: 0xc4,
  start: 0xd8,
  end: 0xd9,
  scan: 0xda,
  quantization: 0xdb,
  restart: 0xdd,
  jfif: 0xe0,
  /** EXIF and XMP. */
  metadata: 0xe1,
  adobe: 0xee,
  jpegLs: 0xf7,
} as const;

/** How segments of metadata begin. An EXIF block that is longer than a segment continues in the next one. */
const EXIF = "Exif\0\0";
const XMP = "http://ns.adobe.com/xap/1.0/\0";

/** A segment between the markers of the file's start and of a scan's data. */
export interface Segment {
  readonly marker: number;
  /** Position of the 0xff before the marker. */
  readonly start: number;
  /** Positions of the content, after its length. */
  readonly place: number;
  readonly end: number;
  /** Whether bytes that belong to no segment precede it. */
  readonly afterGap: boolean;
}

/**
 * The segments from `place` on, to the end of the picture. Bytes between segments are skipped, as in libjpeg. Callers stop at
 * the data of a scan.
 * @throws RangeError if the file ends before the picture.
 */
export function* segmentsOf(bytes: Uint8Array, place = 2): Generator<Segment> {
  const view = viewOf(bytes);
  let at = place;
  while (true) {
    let afterGap = false;
    for (; view.getUint8(at) !== 0xff; at++) afterGap = true;
    // Any number of 0xff may precede the marker.
    while (view.getUint8(at) === 0xff) at++;
    const start = at - 1;
    const marker = view.getUint8(at++);
    if (marker === 0) afterGap = true;
    if (isAlone(marker)) {
      yield { marker, start, place: at, end: at, afterGap };
      continue;
    }
    if (marker === MARKER.end) {
      yield { marker, start, place: at, end: at, afterGap };
      return;
    }
    // A length includes its own two bytes.
    const end = at + Math.max(2, view.getUint16(at));
    yield { marker, start, place: at + 2, end, afterGap };
    at = end;
  }
}

/**
 * Reads the frame header, and the orientation, which is anywhere before the first scan.
 * @throws Error with the reason if there is none, or its kind is not supported.
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  let wellFormed = true;
  let frame: ReturnType<typeof readFrame> | undefined;
  const exif: Uint8Array[] = [];
  let xmp: Uint8Array | undefined;
  return readingHeader(() => {
    for (const { marker, place, end, afterGap } of segmentsOf(bytes)) {
      if (afterGap) wellFormed = false;
      if (marker === MARKER.metadata && latin1(bytes, place, place + EXIF.length) === EXIF)
        exif.push(bytes.subarray(exif.length === 0 ? place : place + EXIF.length, end));
      if (marker === MARKER.metadata && latin1(bytes, place, place + XMP.length) === XMP)
        xmp = bytes.subarray(place + XMP.length, end);
      if (marker === MARKER.jpegLs) throw unsupported("a JPEG-LS picture", "save it as PNG");
      if (isFrame(marker)) frame ??= readFrame(bytes, marker, place, end);
      if (marker !== MARKER.scan) continue;
      if (!frame) throw new Error("its scan has no frame");
      const hasScans = frame.isProgressive || bytes[place] < frame.components;
      return {
        ...frame,
        hasScans,
        wellFormed,
        orientation: orientationIn({ exif: Buffer.concat(exif), xmp }),
      };
    }
    throw new RangeError();
  });
}

function readFrame(bytes: Uint8Array, marker: number, place: number, end: number) {
  const view = viewOf(bytes);
  const [height, width] = [view.getUint16(place + 1), view.getUint16(place + 3)];
  const components = view.getUint8(place + 5);
  checkFrame(marker, view.getUint8(place), components);
  return { height, width, components, end, isProgressive: marker === MARKER.progressiveFrame };
}

/** Scans of a picture, and pixels of all its scans together: others take long, and no program writes them. */
const MOST_SCANS = 500;
const MOST_SCANNED = 1e10;

/** @throws Error if a picture has so many scans that decoding it takes too long. */
export function checkScans(bytes: Uint8Array, { height, width, end }: JpegHeader): void {
  const most = Math.min(MOST_SCANS, Math.floor(MOST_SCANNED / (height * width)));
  const view = viewOf(bytes);
  let scans = 0;
  let at = end;
  try {
    for (let found = true; found; ) {
      found = false;
      for (const { marker, end: next } of segmentsOf(bytes, at)) {
        if (marker !== MARKER.scan) continue;
        if (++scans > most) throw new Error(`it has more than ${most} scans`);
        at = endOfData(bytes, view, next);
        found = true;
        break;
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // the file ends
  }
}

/** Position of the marker that ends the data of a scan. */
function endOfData(bytes: Uint8Array, view: DataView, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const marker = view.getUint8(at + 1);
    const isRestart = marker >= 0xd0 && marker < MARKER.start;
    if (marker !== 0 && marker !== 0xff && !isRestart) return at;
  }
  throw new RangeError();
}

function checkFrame(marker: number, precision: number, components: number): void {
  const kind = marker - MARKER.frame;
  if (kind % 4 === 3) throw unsupported("a lossless JPEG", "save it as an ordinary JPEG or PNG");
  if (kind > 8) throw unsupported("a JPEG with arithmetic coding", "save it as an ordinary JPEG or PNG");
  if (kind > 2) throw unsupported("a hierarchical JPEG", "save it as an ordinary JPEG or PNG");
  if (precision !== 8)
    throw unsupported(`a JPEG with ${precision} bits per channel`, "save it with 8 bits per channel");
  if (![1, 3, 4].includes(components))
    throw unsupported(`a JPEG with ${components} components`, "save it as an RGB or grey JPEG");
}

/** Whether no segment follows: for TEM, RST0 to RST7, and bytes that are not a marker. */
function isAlone(marker: number): boolean {
  return marker <= 1 || (marker >= 0xd0 && marker <= MARKER.start);
}

/** Whether it is SOF0 to SOF15; DHT, JPG and DAC have numbers in the same range. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}
