// Reads the labels of a Parquet file, and its pictures when they are needed.

import { UsageError } from "../../../common/errors.ts";
import { readablePath } from "../../../common/path-bytes.ts";
import { formatOf } from "../../../image/formats.ts";
import type { SplitName } from "../../reader.ts";
import type { PackedSamples } from "../packed/arrange.ts";
import { inFolder } from "../packed/find-packed.ts";
import { HIDDEN } from "../packed/hidden.ts";
import { readColumn } from "./column.ts";
import { type ParquetColumns, textOf } from "./columns.ts";
import { featuresOf } from "./features.ts";
import type { ParquetFile } from "./file.ts";
import { kindIn } from "./kinds.ts";
import { placesOfPictures, readPictures } from "./pictures.ts";

interface SampleSource {
  readonly file: ParquetFile;
  readonly split: SplitName;
  readonly columns: ParquetColumns;
  /** The names of the classes if this file does not have its own. */
  readonly names: readonly string[] | undefined;
  /** The folder that contains all files. */
  readonly root: string;
}

/** Digits of a row in the names of files. */
const DIGITS = 6;

/** @throws UsageError, one line, if the file is damaged, or its labels cannot be classes. */
export function readSamples(source: SampleSource): PackedSamples {
  const { file, split, columns, root } = source;
  const { picture, label } = columns;
  const names = featuresOf(file.metadata).get(label.name)?.names ?? source.names;
  const { labels, classes } = readLabels(file, columns, names);
  const isJpeg = picture.first instanceof Uint8Array && formatOf(picture.first)?.name === "JPEG";
  const stem = inFolder(root, file.path)
    .replace(/\.[^./]*$/, "")
    .replaceAll("/", "_");
  return {
    path: file.path,
    ...{ split, labels, classes },
    ...(columns.split && { splits: readSplits(file, columns.split) }),
    table: {
      imageColumn: picture.name,
      labelColumns: [label.name],
      ...(names && { classNames: "Hugging Face's metadata" }),
    },
    nameOf: (name, row) => `${name}, row ${row}`,
    fileOf: (row) => `${stem}_${String(row).padStart(DIGITS, "0")}.${isJpeg ? "jpg" : "png"}`,
    read: (rows) => readPictures(file, picture.path, rows),
    placesOf: (rows, most) => placesOfPictures(file, picture.path, rows, most),
  };
}

function readLabels(
  file: ParquetFile,
  { label }: ParquetColumns,
  names: readonly string[] | undefined,
): Pick<PackedSamples, "labels" | "classes"> {
  const labels = new Int32Array(file.rows).fill(-1);
  const places = new Map<string, number>();
  const isNumbers = kindIn(file, label.name) === "numbers";
  for (const { start, values } of readColumn(file, label.path)) {
    for (let i = 0; i < values.length; i++) {
      const placeOf = () => `${readablePath(file.path)}, row ${start + i}`;
      if (isNumbers) checkWhole(values[i], placeOf);
      const className = classOf(values[i], names, placeOf);
      if (className === undefined) continue;
      const place = places.get(className) ?? places.size;
      places.set(className, place);
      labels[start + i] = place;
    }
  }
  return { labels, classes: [...places.keys()] };
}

/** @throws UsageError if a number has a fraction: decimals that have one are text. */
function checkWhole(value: unknown, placeOf: () => string): void {
  const isFraction = typeof value === "number" && !Number.isInteger(value) && !Number.isNaN(value);
  if (!isFraction && typeof value !== "string") return;
  throw new UsageError(
    `${placeOf()}: the label is ${value}, but a class is a whole number or text; set label_column to another column`,
  );
}

/** @throws UsageError if a value is not a class. */
function classOf(
  value: unknown,
  names: readonly string[] | undefined,
  placeOf: () => string,
): string | undefined {
  if (value === null || value === undefined || Number.isNaN(value)) return undefined;
  const isNumber = typeof value === "number" || typeof value === "bigint";
  if (isNumber && names) {
    const number = Number(value);
    if (number === HIDDEN) return undefined;
    const name = names[number];
    if (name !== undefined) return name;
    throw new UsageError(
      `${placeOf()}: the label ${value} is not one of the ${names.length} classes of Hugging Face's metadata, 0 to ` +
        `${names.length - 1}; fix the label or the metadata`,
    );
  }
  const text = textOf(value);
  return text === "" || (!isNumber && /^(nan|null|n\/a)$/i.test(text)) ? undefined : text;
}

/** @throws UsageError if a row has no split. */
function readSplits(file: ParquetFile, { path, of }: NonNullable<ParquetColumns["split"]>): SplitName[] {
  const splits: SplitName[] = [];
  for (const { start, values } of readColumn(file, path)) {
    for (let i = 0; i < values.length; i++)
      splits.push(of(textOf(values[i]), () => `${readablePath(file.path)}, row ${start + i}`));
  }
  return splits;
}
