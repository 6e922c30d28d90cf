// Reads what a JPEG file declares about its picture, before memory is allocated for it. Reference: ITU-T T.81, annex B.

export interface JpegHeader {
  readonly height: number;
  readonly width: number;
  /** 1: grey; 3: YCbCr or RGB; 4: CMYK or YCCK. */
  readonly components: number;
  /** Whether each segment begins at the end of the previous one. */
  readonly wellFormed: boolean;
  /** Position of the first byte after the frame's segment. */
  readonly end: number;
}

/**
 * Reads the frame header. Bytes between segments are skipped, as in libjpeg.
 * @throws Error with the reason if there is none.
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let wellFormed = true;
  let place = 2;
  try {
    while (true) {
      for (; view.getUint8(place) !== 0xff; place++) wellFormed = false;
      // Any number of 0xff may precede the marker.
      while (view.getUint8(place) === 0xff) place++;
      const marker = view.getUint8(place++);
      if (marker === 0) wellFormed = false;
      if (isAlone(marker)) continue;
      const end = place + view.getUint16(place);
      if (isFrame(marker)) {
        const [height, width] = [view.getUint16(place + 3), view.getUint16(place + 5)];
        return { height, width, components: view.getUint8(place + 7), wellFormed, end };
      }
      place = end;
    }
  } catch (error) {
    if (error instanceof RangeError) throw new Error("the file ends within its header");
    throw error;
  }
}

/** Whether no segment follows: for TEM, RST0 to RST7, and bytes that are not a marker. */
function isAlone(marker: number): boolean {
  return marker <= 1 || (marker >= 0xd0 && marker <= 0xd7);
}

/** Whether it is SOF0 to SOF15; DHT, JPG and DAC have numbers in the same range. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}
