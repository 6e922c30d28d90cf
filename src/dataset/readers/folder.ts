// Reads a folder of pictures with one subfolder per class.

import { statSync } from "node:fs";
import { systemPath } from "../../common/path-bytes.ts";
import { listFolder } from "./folder-list.ts";
import { pictureReader } from "./pictures.ts";

/** Reads image folders; accepts every folder, so it must be tried last. */
export const folderReader = pictureReader({
  reads: "a folder with one subfolder per class",
  recognises: (path) => statSync(systemPath(path)).isDirectory(),
  list: listFolder,
});
