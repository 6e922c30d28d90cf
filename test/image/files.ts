// Picture files of kinds that this program does not write itself.

import { crc32, deflateSync } from "node:zlib";
import { createJimp } from "@jimp/core";
import bmp from "@jimp/js-bmp";
import gif from "@jimp/js-gif";
import pngFormat from "@jimp/js-png";
import tiff from "@jimp/js-tiff";

/** Encodes what this program does not write. */
export const Jimp = createJimp({ formats: [bmp, gif, pngFormat, tiff] });

/** [height, width, 3]; without symmetry, so that rotating or mirroring it changes it. */
export function gradient(height: number, width: number): Uint8Array {
  const pixels = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) pixels.set([8 * x, 12 * y, 4 * (x + y)], (y * width + x) * 3);
  }
  return pixels;
}

/** `gradient(16, 24)` by Pillow: Image.convert("CMYK").save(..., "JPEG", quality=95). */
export const CMYK_JPEG = Buffer.from(
  "/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwACAQEBAQECAQEBAgICAgIEAwICAgIFBAQDBAYFBgYGBQYGBgcJCAYHCQcGBggLCAkKCgoKCgYICwwLCgwJCgoK/8AAFAgAEAAYBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIBAwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD8b/2bf+Xf8K/Kf/hiT/qEf+OV+N/w2+G3+r/0f07V+/lfoB+zb/y7/hR/wxJ/1CP/AByvoD4bfDb/AFf+j+naiv0A/Zt/5d/wo/4Yk/6hH/jlfQHw2+G3+r/0f07UV/P/APs2/wDLv+FfsB/wxJ/1CP8Axyvn/wCG3w2/1f8Ao/p2or9AP2bf+Xf8KP8AhiT/AKhH/jlfQHw2+G3+r/0f07UV+gH7Nv8Ay7/hR/wxJ/1CP/HK+gPht8Nv9X/o/p2or//Z",
  "base64",
);

/** SHA-256 of the pixels that Pillow reads in it, [16, 24, 3]. */
export const CMYK_DIGEST = "a178f8fa69c9603d37c63fea3d701fa6c03bb5f3eadf1003b3f991d55d177350";

/**
 * `gradient(20, 30)` by Pillow at quality 85: progressive with colours at half the height and width; and with restart
 * markers and colours at half the width. `digest` is the SHA-256 of the pixels that Pillow reads, [20, 30, 3].
 */
export const PILLOW_JPEGS = {
  progressive: {
    digest: "fef7d8931d71858d11444699a0fdd6e088ef94e285d93a410ebb916381b29f0f",
    file: Buffer.from(
      "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwXExQaFRERGCEYGh0dHx8fExciJCIeJBweHx7/2wBDAQUFBQcGBw4ICA4eFBEUHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh7/wgARCAAUAB4DASIAAhEBAxEB/8QAFwABAQEBAAAAAAAAAAAAAAAABQAEB//EABcBAQEBAQAAAAAAAAAAAAAAAAQGBQf/2gAMAwEAAhADEAAAAeapupnKCi+iiuxJVjcjSSpFd//EABcQAAMBAAAAAAAAAAAAAAAAAAACAwT/2gAIAQEAAQUCnnJ5yecTOTzk85POJnJopNFJooiKf//EABcRAAMBAAAAAAAAAAAAAAAAAAABBAX/2gAIAQMBAT8Bi0yPTImyNs//xAAWEQEBAQAAAAAAAAAAAAAAAAAAAgP/2gAIAQIBAT8BndO6Uv/EABYQAQEBAAAAAAAAAAAAAAAAADEAIP/aAAgBAQAGPwIiIiIjP//EABoQAAICAwAAAAAAAAAAAAAAAABRECERIDH/2gAIAQEAAT8hlJV6ElWEhISMLh//2gAMAwEAAgADAAAAEKF3If/EABgRAQEBAQEAAAAAAAAAAAAAACEAMQER/9oACAEDAQE/EM2PjGbzbf/EABYRAQEBAAAAAAAAAAAAAAAAAAABYf/aAAgBAgEBPxDdouqr/8QAGhABAAIDAQAAAAAAAAAAAAAAADHBIVGRgf/aAAgBAQABPxCKiKiKjhaRURURUcLTEcRxHyb/2Q==",
      "base64",
    ),
  },
  restarts: {
    digest: "ce84827df46346af29745f38e31506b5bac2612c7f205eda578d57027f0a6533",
    file: Buffer.from(
      "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAUDBAQEAwUEBAQFBQUGBwwIBwcHBw8LCwkMEQ8SEhEPERETFhwXExQaFRERGCEYGh0dHx8fExciJCIeJBweHx7/2wBDAQUFBQcGBw4ICA4eFBEUHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh7/wAARCAAUAB4DASEAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/90ABAAC/9oADAMBAAIRAxEAPwD5s07w70/d/pXS6d4d6fu/0qKVc7skzPbU6TTvDvT93+ldHY+Hfk/1fb0r0KVc/XcmzTRan//Q4zTvDvT93+ldLp3h3p+7/SvCpVz4nJM021Ok07w70/d/pXR2Ph35P9X29K9GnXP13Jsz0Wp//9He06xt+PkrpdOsbfj5K+NpTZ+H5JiJ6anSadY2/HyV0dlY2+z7navQpzZ+u5NiJ2Wp/9k=",
      "base64",
    ),
  },
};

/** By Pillow, two frames; the first is `gradient(16, 24)`. */
export const ANIMATED_GIF = Buffer.from(
  "R0lGODlhGAAQAIcAALS0lqi0kLSokqiojKC0jKCoiLScjqiciKCchJS0hoi0gJSogoiofJScfoiceLSQiqiQhLSEhqiEgKCKfpSQeoiQdJSEdoiEcHy0enC0dHyodnCocGiubmC0bFi0aFyoZnyccnCcbGicaFycYnyQbnCQaHyEanCEZGiQZGiEYFyQXlyEWky0YkC0XEyoXkCoWDiuVjC0VCi0UCyoTkycWkCcVDicUCycShy0ShC0RByoRhCoQAi0QAC0PASoOhycQhCcPAScNkyQVkCQUEyEUkCETDiKSiyQRiyEQhyQPhCQOByEOhCENASQMgSELrR4gqh4fLRsfqhseKBydrRgeqhgdKBgcJR4coh4bJRsbohsaJRgaohgZLRUdqhUcKBUbJRUZohUYHx4ZnB4YHxsYnBsXGhyWmB4WFh4VFxsUnxgXnBgWGhgVGBgUFhgTHxUWnBUVGhUUFxUSkx4TkB4SExsSkBsRDhyQix4PixsOkxgRkBgQDhgPCxgNkxUQkBUPDhUODBUNChUMBx4NhB4MBxsMhBsLAR4KgRsJhxgLhBgKARgIhxUKhBUJARUHrRIcqhIbLQ8bqg8aKBCZrQwaqgwZKAwYJRIYohIXJQ8Xog8WJQwWogwVLQkZqgkYKAkXJQkVogkUHxIVnBIUHw8UnA8TGhCSmBISFhIRFw8QnwwTnAwSGgwRFwwPnwkSnAkRGgkQFwkOrQYYqgYXLQMXqgMWKAYWKAMVLQAWqgAVKAAUJQYUogYTJQMTogMSJQASogARHwYRnAYQHwMQnAMPGgSOmAYOFgYNGAMNFgMMHwAPnAAOGgANGAAMFgALExIPkBIOEw8OkA8NDhCMixILiw8KkwwNkAwMDgwLCwwJkwkMkAkLDgkKCwkIhxIJhBIIBw8IhA8HARIGgQ8FhwwHhAwGAQwEhwkGhAkFAQkDkwYLkAYKEwMKkAMJDgSIjAYICgYHCwMGkwAJkAAIDgAHCwAFhwYFhAYEBwMEhAMDAQYCggMCAAMBBwADhAACAQAAiH5BAAKAAAALAAAAAAYABAAAAj/AP/989evX7169ObJk+esGbNlypQB+/VLVy5cuPjty4cPX7x47tqxY5cMWTFiw4b56tXrVi1atPTpu2fPHrx37tapU3fMWDFhwYLx2rXL1ixZstKlQ3fuXLdu3LZp0xYrFqxXrlyFAgXqk6dOncyZK0eOXLZs2K5Zs9aqFatVqlRx2rTJUiVKlMaNCwcOXLVq06RFi5YqlalSpEhpypRpkqRIkcSJ++bNGzVq06A9e4bqlKlRokRhunRpEqRHjxw5asSIkaBAgP748SNHThw4b96EAQPmi5cuXRYtUpQoUZ8+fPbo0eOmDZs1atRw2bLFShUqVBAhMlSoUJ48d+zUxKmTJo2ZMmTIaMmSZYqUKFEOHSI0aBAePHfozJmD5oyZMWKIgcUVV0wBxRNPOOEEE0ssgQQSRhRBBBErrJDCCSaYcIEFFkwgQQQRNNGEEkkkccQRRgwhhBAqqIBCCSSQUAEFFEwAwQMPBBEEED/8cMMNNtRAAw0jjCBCCCCA4EADDSBwgAEG+ODDDjroMMMMMLzgggsffMDBBhpowMACCxQwgAAC9MBDDjjgIEMMMLTAAgsedMBBBhhgoEACCRAQAAAABAQAIfkEAAoAAAAsAAAAABgAEACHtLSWqLSQtKiSqKiMoLSMoKiItJyOqJyIoJyElLSGiLSAlKiCiKh8lJx+iJx4tJCKqJCEtISGqISAoIp+lJB6iJB0lIR2iIRwfLR6cLR0fKh2cKhwaK5uYLRsWLRoXKhmfJxycJxsaJxoXJxifJBucJBofIRqcIRkaJBkaIRgXJBeXIRaTLRiQLRcTKheQKhYOK5WMLRUKLRQLKhOTJxaQJxUOJxQLJxKHLRKELREHKhGEKhACLRAALQ8BKg6HJxCEJw8BJw2TJBWQJBQTIRSQIRMOIpKLJBGLIRCHJA+EJA4HIQ6EIQ0BJAyBIQutHiCqHh8tGx+qGx4oHJ2tGB6qGB0oGBwlHhyiHhslGxuiGxolGBqiGBktFR2qFRwoFRslFRmiFRgfHhmcHhgfGxicGxcaHJaYHhYWHhUXGxSfGBecGBYaGBUYGBQWGBMfFRacFRUaFRQXFRKTHhOQHhITGxKQGxEOHJCLHg+LGw6TGBGQGBAOGA8LGA2TFRCQFQ8OFQ4MFQ0KFQwHHg2EHgwHGwyEGwsBHgqBGwmHGAuEGAoBGAiHFQqEFQkBFQetEhyqEhstDxuqDxooEJmtDBqqDBkoDBglEhiiEhclDxeiDxYlDBaiDBUtCRmqCRgoCRclCRWiCRQfEhWcEhQfDxScDxMaEJKYEhIWEhEXDxCfDBOcDBIaDBEXDA+fCRKcCREaCRAXCQ6tBhiqBhctAxeqAxYoBhYoAxUtABaqABUoABQlBhSiBhMlAxOiAxIlABKiABEfBhGcBhAfAxCcAw8aBI6YBg4WBg0YAw0WAwwfAA+cAA4aAA0YAAwWAAsTEg+QEg4TDw6QDw0OEIyLEguLDwqTDA2QDAwODAsLDAmTCQyQCQsOCQoLCQiHEgmEEggHDwiEDwcBEgaBDwWHDAeEDAYBDASHCQaECQUBCQOTBguQBgoTAwqQAwkOBIiMBggKBgcLAwaTAAmQAAgOAAcLAAWHBgWEBgQHAwSEAwMBBgKCAwIAAwEHAAOEAAIBAACCP8AAQAIQCBBAgUYMGTg0MEDCxYtYMSQgQNHDh49BAgYUGDBAgYaNGzg8OGDCxcvYMyYoUPHDh8+DBg4gKBBAwcgQIQQMWIEDRo1bNy48eMHkCBBHjyAMIEChQokSJRAoUKFECFDjBw5kiSJkiZNIkSQMMGChQsmTJxIsWIFESJFjCBBsmQJEydOnjyBMuXKFSxixIwxcwbNnDl07uDBM2gQoUOHokSRMiVLFi1kyJQxkyZNnTp27uTJU6iQIUSIqFCpYmXLFi5q1Kxh08aNHj17+PTpkyiRokWLunTx8gUMmDBv3sCJI0eOHz9/AAUSxIhRI0eOHj2CNOnSJUyiRI3EMnUK1bNn0KZRo+bN2zdx4iJFkjQpUyZNpEiVMpUqVbRo0kxTTTXggBPOOONQQkkllmyyCSeqqLIKK620Yo0112CTTTbkkFOOOeZ00oknn4ACSiiuuPIKLLHEoo0223DTTTfnnINOOunIIssstuyyCy/BBCNMMcYco44667jzDjz22HOPPvrQQkstt/TSiy/DDENMMcgkww477bgTTzz44JPPPvzggksuuvzyCzDKKLMMM804I48889BTTz399OPPP/8EBAA7",
  "base64",
);

/** A PNG from unfiltered rows, in the format given by `type` and `depth`. */
export function png(
  height: number,
  width: number,
  depth: number,
  type: number,
  rows: readonly (readonly number[])[],
  palette?: readonly number[],
): Buffer {
  const chunk = (name: string, content: readonly number[] | Uint8Array) => {
    const body = Buffer.concat([Buffer.from(name), Uint8Array.from(content)]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(content.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    ...(palette ? [chunk("PLTE", palette)] : []),
    chunk("IDAT", deflateSync(Uint8Array.from(rows.flatMap((row) => [0, ...row])))),
    chunk("IEND", []),
  ]);
}

/** The JPEG with an EXIF segment that contains only the orientation (1 to 8). */
export function withOrientation(jpeg: Uint8Array, orientation: number): Buffer {
  const exif = Buffer.from(
    "ffe10022457869660000" + "49492a00080000000100" + "12010300010000000000000000000000",
    "hex",
  );
  exif.writeUInt16LE(orientation, 28);
  return Buffer.concat([jpeg.subarray(0, 2), exif, jpeg.subarray(2)]);
}
