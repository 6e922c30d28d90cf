// Shows the effects of the techniques, by magnitude, on one of the user's pictures. A technique uses the same stream
// of draws at every magnitude, so that only the magnitude changes from left to right.

import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { openSource } from "../apply/source.ts";
import { UsageError } from "../common/errors.ts";
import { EXTENDED_TECHNIQUES, type TechniqueName, usesMagnitude } from "../config/techniques.ts";
import { decodePicture } from "../dataset/readers/decode.ts";
import type { Pixels } from "../image/batch.ts";
import { fitPicture } from "./fit.ts";
import type { Row } from "./grid.ts";
import { type PickedPictures, pickPictures } from "./pick.ts";
import { breathe, formatSize, type PreviewOptions, type PreviewOutcome, textSizeFor } from "./preview.ts";
import { drawSheet } from "./sheet.ts";
import { checkSheetPath, writeSheet } from "./sheet-file.ts";
import { augment, DRAWS_TRIED, typicalDraw } from "./typical.ts";

export interface TechniquesPreviewOptions extends PreviewOptions {
  /** A folder with one subfolder per class, an archive, or a dataset's name; one picture is drawn from it. */
  readonly data?: string;
  /** The path of a picture file to use instead; also one within the folder `data`. */
  readonly image?: string;
}

/** The columns. */
const SHOWN_MAGNITUDES = [0.1, 0.3, 0.5, 0.7, 1] as const;

/** Rows per grid: with all techniques in one column the sheet would be too tall. */
const ROWS = Math.ceil(EXTENDED_TECHNIQUES.length / 2);

/**
 * Writes a sheet of one picture under every technique at several magnitudes. The same options and data give the same
 * file.
 * @throws UsageError if the picture or the output is not usable; RunError if the file cannot be written;
 * InterruptedError on abort.
 */
export async function previewTechniques(options: TechniquesPreviewOptions): Promise<PreviewOutcome> {
  const { out, seed, size, onProgress, signal } = options;
  checkSheetPath(out);
  const { picture, ...told } = await findPicture(options);
  const rows: Row[] = [];
  for (const name of EXTENDED_TECHNIQUES) {
    rows.push(rowOf(name, picture, seed, size));
    onProgress?.({ stage: "drawing", done: rows.length, total: EXTENDED_TECHNIQUES.length, unit: "images" });
    await breathe(signal);
  }
  const groups = [SHOWN_MAGNITUDES.map((magnitude) => magnitude.toFixed(1))];
  const content = {
    title: ["The augmentation techniques, by magnitude"],
    details: [
      `Each row is one draw, the median of ${DRAWS_TRIED} by strength, as its magnitude grows.`,
      `${options.image === undefined ? told.source : basename(told.source)}, ${formatSize(picture)}`,
    ],
    lead: { label: "original", picture: fitPicture(picture, size) },
    grids: [rows.slice(0, ROWS), rows.slice(ROWS)].map((half) => ({
      corner: "magnitude",
      groups,
      rows: half,
    })),
  };
  const sheet = await drawSheet(content, textSizeFor(size, 0.17));
  await writeSheet(out, sheet);
  const { source, className, skipped, notes } = told;
  const { height, width } = picture;
  const pictures = [{ source, ...(className !== undefined && { className }), height, width }];
  return { out, height: sheet.height, width: sheet.width, pictures, skipped, notes };
}

/** For a technique whose magnitude is not used, shows as many draws instead. */
function rowOf(name: TechniqueName, picture: Pixels, seed: number, size: number): Row {
  const uses = usesMagnitude(name);
  const typical = uses ? typicalDraw(name, picture, seed, SHOWN_MAGNITUDES) : 0;
  const cells = SHOWN_MAGNITUDES.map((magnitude, column) => {
    const draw = uses ? typical : column;
    return fitPicture(augment({ type: name, magnitude }, picture, seed, draw), size);
  });
  return { label: name, ...(!uses && { note: "magnitude not used" }), cells };
}

interface FoundPicture extends Pick<PickedPictures, "skipped"> {
  readonly picture: Pixels;
  readonly source: string;
  readonly className?: string;
  readonly notes: readonly string[];
}

async function findPicture(options: TechniquesPreviewOptions): Promise<FoundPicture> {
  const { data, image, imageSize, onProgress, signal, columns, arrays } = options;
  if (image !== undefined) {
    const inData = data === undefined ? image : join(data, image);
    const source = !existsSync(image) && existsSync(inData) ? inData : image;
    const picture = await decodePicture(source, { imageSize }, { signal });
    if ("reason" in picture)
      throw new UsageError(`--image: cannot read the picture ${source}: ${picture.reason}`);
    return { picture, source, skipped: [], notes: [] };
  }
  if (data === undefined) throw new UsageError("no picture: give --data or --image");
  const pictures = await openSource(data, { onProgress, signal, columns, arrays });
  const { shown, skipped } = await pickPictures(pictures, data, { ...options, count: 1 });
  const [{ source, className, ...picture }] = shown;
  return { picture, source, className, skipped, notes: pictures.notes };
}
