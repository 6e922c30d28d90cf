// The names of pictures in the manifest, and of their originals in the output.

import { posix, relative, sep } from "node:path";
import { readablePath } from "../common/path-bytes.ts";
import { isJpegPath } from "./forms.ts";
import type { PictureExtension } from "./names.ts";

/** The path of a resized original: with the input's own extension if that is of the written format. */
export function resizedPath(stem: string, source: string, extension: PictureExtension): string {
  const own = posix.extname(source);
  const isSame = extension === "jpg" ? isJpegPath(source) : own.toLowerCase() === ".png";
  return `${stem}${isSame ? own : `.${extension}`}`;
}

/** The path below a folder, with `/` on every system and readable names. */
export function sourceIn(folder: string): (path: string) => string {
  return (path) => readablePath(relative(folder, path).split(sep).join("/"));
}
