// The error for data that are not arranged as they should be, with the path that is probably meant.

import { UsageError } from "../../common/errors.ts";

export class LayoutError extends UsageError {
  /** The path as it was given. */
  readonly given: string;
  /** The path that is probably meant; undefined if none is. */
  readonly meant: string | undefined;

  constructor(message: string, given: string, meant?: string) {
    super(message);
    this.given = given;
    this.meant = meant;
  }
}

/** `cats/ and dogs/`, or the first few of many. */
export function folderNames(names: readonly string[]): string {
  const shown = names.map((name) => `${name}/`);
  if (shown.length > 4) return `${shown.slice(0, 3).join(", ")} and ${shown.length - 3} more`;
  return shown.length < 2 ? shown.join("") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
}
