// Names that users type: found regardless of hyphens, underscores, spaces and case.

import { nearest, UsageError } from "../common/errors.ts";

/** Finds the name that a text means. */
export type NameParser<Name extends string> = ((text: string) => Name) & {
  /** All names, as they are written in files. */
  readonly names: readonly Name[];
};

/**
 * A function that returns the name that a text means, and throws UsageError suggesting the nearest one if there is none.
 * @param kind of the names, for the message: "technique".
 */
export function nameParser<Name extends string>(kind: string, names: readonly Name[]): NameParser<Name> {
  const byLetters = new Map<string, Name>(names.map((name) => [letters(name), name]));
  const parse = (text: string) => {
    const found = byLetters.get(letters(text));
    if (found) return found;
    const suggestion = nearest(text, names);
    throw new UsageError(
      `unknown ${kind} "${text}"; ${suggestion ? `did you mean "${suggestion}"?` : `known are ${names.join(", ")}`}`,
    );
  };
  return Object.assign(parse, { names });
}

function letters(text: string): string {
  return text.toLowerCase().replace(/[-_ ]/g, "");
}
