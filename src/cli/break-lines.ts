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
