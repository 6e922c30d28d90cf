// Writes and reads CSV cells (RFC 4180).

/** A cell as written in a line, quoted if necessary. */
export function quoteCell(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** The cells of one line, which must not contain line breaks; undefined if a quote is misplaced. */
export function splitLine(line: string): string[] | undefined {
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (;;) {
    const found = cell.exec(line);
    if (!found) return undefined;
    cells.push(found[1]?.replaceAll('""', '"') ?? found[2]);
    if (found[3] === "") return cells;
  }
}
