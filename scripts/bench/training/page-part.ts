// A part of a page of the documentation that a script writes, between two comments; the rest is written by hand.

import { existsSync, readFileSync } from "node:fs";
import { UsageError } from "../../../src/common/errors.ts";
import { writeFileWhole } from "../../../src/common/files.ts";

/**
 * Puts the lines in the place of the part's, or at the page's end where it has no such part; a page that is not there
 * begins with `title`.
 * @throws UsageError where the part begins and does not end.
 */
export function writePart(page: string, part: string, lines: readonly string[], title: string): void {
  const begin = `<!-- ${part}: written by a script -->`;
  const end = `<!-- end of ${part} -->`;
  const text = existsSync(page) ? readFileSync(page, "utf8") : `# ${title}\n`;
  const content = [begin, "", ...lines, "", end].join("\n");
  const start = text.indexOf(begin);
  if (start < 0) {
    writeFileWhole(page, `${text.trimEnd()}\n\n${content}\n`);
    return;
  }
  const stop = text.indexOf(end, start);
  if (stop < 0) throw new UsageError(`${page} has "${begin}" without "${end}" below it`);
  writeFileWhole(page, text.slice(0, start) + content + text.slice(stop + end.length));
}
