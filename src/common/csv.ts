// Cells of CSV as in RFC 4180.

/** A cell as it stands in a line: in quotes where it has to be. */
export function quoteCell(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** The cells of one line whose cells hold no line ends; undefined where a quote is out of place. */
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
