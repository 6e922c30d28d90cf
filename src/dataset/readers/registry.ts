// All readers of data at a path.

import type { DatasetReader } from "../reader.ts";
import { arraysReader } from "./arrays.ts";
import { cifarReader } from "./cifar.ts";
import { folderReader } from "./folder.ts";
import { idxReader } from "./idx.ts";
import { labelsReader } from "./labels.ts";
import { parquetReader } from "./parquet.ts";
import type { PictureReader } from "./pictures.ts";
import { stl10Reader } from "./stl10.ts";
import { webdatasetReader } from "./webdataset.ts";

/** Tried in this order; the last one accepts every folder. */
export const READERS: readonly (DatasetReader | PictureReader)[] = [
  stl10Reader,
  webdatasetReader,
  cifarReader,
  idxReader,
  arraysReader,
  parquetReader,
  labelsReader,
  folderReader,
];
