// Text of generated pages in Markdown.

/** Wraps prose at 120 characters; leaves headings, tables and code unchanged. */
export function wrapProse(text: string): string {
  if (/^(\||#|```)/.test(text)) return text;
  const indent = text.startsWith("- ") ? "  " : "";
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.length - 1;
    if (last < 0) lines.push(word);
    else if (lines[last].length + 1 + word.length <= 120) lines[last] += ` ${word}`;
    else lines.push(indent + word);
  }
  return lines.join("\n");
}

/** 12,345 */
export function thousands(count: number): string {
  return count.toLocaleString("en-US");
}
