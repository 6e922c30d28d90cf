// A part of a page of the documentation that a script writes, between two comments; the rest is written by hand.

import { existsSync, readFileSync } from "node:fs";
import { UsageError } from "../../../src/common/errors.ts";
import { writeFileWhole } from "../../../src/common/files.ts";

/**
 * Replaces the part's lines, or appends the part if the page has none. A new page begins with `title`.
 * @throws UsageError if the part begins but does not end.
 */
export function writePart(page: string, part: string, lines: readonly string[], title: string): void {
  const text = existsSync(page) ? readFileSync(page, "utf8") : `# ${title}\n`;
  const content = [beginOf(part), "", ...lines, "", endOf(part)].join("\n");
  const place = placeOf(text, page, part);
  writeFileWhole(
    page,
    place
      ? text.slice(0, place.start) + content + text.slice(place.stop)
      : `${text.trimEnd()}\n\n${content}\n`,
  );
}

/**
 * The lines of a page's part, without the empty ones at its ends; none if the page or the part does not exist.
 * @throws UsageError if the part begins and does not end.
 */
export function readPart(page: string, part: string): string[] {
  const text = existsSync(page) ? readFileSync(page, "utf8") : "";
  const place = placeOf(text, page, part);
  if (!place) return [];
  return text
    .slice(place.start + beginOf(part).length, place.stop - endOf(part).length)
    .trim()
    .split("\n");
}

/** From the part's first comment to behind its last one. */
function placeOf(text: string, page: string, part: string): { start: number; stop: number } | undefined {
  const start = text.indexOf(beginOf(part));
  if (start < 0) return undefined;
  const end = text.indexOf(endOf(part), start);
  if (end < 0) throw new UsageError(`${page} has "${beginOf(part)}" without "${endOf(part)}" below it`);
  return { start, stop: end + endOf(part).length };
}

function beginOf(part: string): string {
  return `<!-- ${part}: written by a script -->`;
}

function endOf(part: string): string {
  return `<!-- end of ${part} -->`;
}
