// The keys that say how data are read, if these do not say it themselves. Searches and evaluations have them, and so do the
// other commands that read data.

import { z } from "zod";
import { choice, KeySet, key, optional, text } from "./keys.ts";

/** Names are text, also if they look like numbers. */
const name = z.union([z.string().min(1), z.number().transform(String)]);
const pair = z.tuple([name, name]);

/** Of each split, the arrays of images and of labels. */
export interface ArrayNames {
  train: [images: string, labels: string];
  validation?: [images: string, labels: string] | undefined;
  test?: [images: string, labels: string] | undefined;
}

const arrayNames = {
  schema: z.union([
    pair.transform((train): ArrayNames => ({ train })),
    z.strictObject({ train: pair, validation: pair.optional(), test: pair.optional() }),
  ]),
  type: "a list [images, labels], or such a list for each of train, validation and test",
};

export const DATA_KEYS = {
  image_column: key(
    optional(text("a column's name")),
    "If the labels are in a table: the column that names the pictures, or contains them (Parquet). In WebDataset shards: the extension of the pictures, such as left.jpg. null: found by name and content.",
    null,
  ),
  label_column: key(
    optional(text("a column's name")),
    "If the labels are in a table: the column of the classes. In WebDataset shards: the extension of the files with the classes, such as cls, or the key of the class in .json. null: found by name and content.",
    null,
  ),
  arrays: key(
    optional(arrayNames),
    "If the data are arrays (.npz, .npy, .mat, pickles): the names of the arrays of images and of labels, such as [pictures, kinds], or {train: [a, b], test: [c, d]}. null: by their usual names, or by what they contain.",
    null,
  ),
  channels: key(
    choice(["auto", "first", "last"]),
    "If the data are arrays: whether the channels are the first or the last axis of each image. auto: as the shape says; if it could be both, that is an error.",
    "auto",
  ),
};

export const DATA = new KeySet(DATA_KEYS);
