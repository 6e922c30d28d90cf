// Where files that are not JavaScript lie: beside the packages that bring them, or, in the standalone executable,
// unpacked from it. Whatever needs such a file asks here.

import { createRequire } from "node:module";

/**
 * The path of an asset on disk, given the npm package that brings it and its path inside that package.
 * @throws Error where the package is not installed.
 */
export function assetPath(packageName: string, path: string): string {
  return createRequire(import.meta.url).resolve(`${packageName}/${path}`);
}
