// Lines of a limited width, without a library, which the start of a command would wait for.

/** Lines of at most `columns` letters, if no word is longer. */
export function brokenLines(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** What precedes a command to paste, at the end of a message. */
export const CONTINUE_WITH = "continue with: ";

/** A message in lines of at most `columns` letters; a command at its end stays whole, on a line of its own. */
export function brokenMessage(text: string, columns: number): string[] {
  if (text.length <= columns) return [text];
  const end = text.indexOf(CONTINUE_WITH) + CONTINUE_WITH.length;
  if (end < CONTINUE_WITH.length) return brokenLines(text, columns);
  return [...brokenLines(text.slice(0, end).trimEnd(), columns), `  ${text.slice(end)}`];
}
