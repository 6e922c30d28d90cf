// The keys that say how data are read, if these do not say it themselves. Searches and evaluations have them, and so do the
// other commands that read data.

import { KeySet, key, optional, text } from "./keys.ts";

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
};

export const DATA = new KeySet(DATA_KEYS);
