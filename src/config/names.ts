// Names that users type: found regardless of hyphens, underscores, spaces and case.

import { nearest, UsageError } from "../common/errors.ts";

/**
 * A function that returns the name that a text means, and throws UsageError suggesting the nearest one if there is none.
 * @param kind of the names, for the message: "technique".
 */
export function nameParser<Name extends string>(
  kind: string,
  names: readonly Name[],
): (text: string) => Name {
  const byLetters = new Map<string, Name>(names.map((name) => [letters(name), name]));
  return (text) => {
    const found = byLetters.get(letters(text));
    if (found) return found;
    const suggestion = nearest(text, names);
    throw new UsageError(
      `unknown ${kind} "${text}"; ${suggestion ? `did you mean "${suggestion}"?` : `known are ${names.join(", ")}`}`,
    );
  };
}

function letters(text: string): string {
  return text.toLowerCase().replace(/[-_ ]/g, "");
}
