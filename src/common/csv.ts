// Writes and reads CSV cells (RFC 4180).

/** A cell as written in a line, quoted if necessary. */
export function quoteCell(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** The cells of one line, which must not contain line breaks; undefined if a quote is misplaced. */
export function splitLine(line: string): string[] | undefined {
  const cells: string[] = [];
  for (let start = 0; ; ) {
    const isQuoted = line[start] === '"';
    const end = isQuoted ? endOfQuoted(line, start) : endOfPlain(line, start);
    const cell = line.slice(start, end);
    if (isQuoted) cells.push(cell.slice(1, -1).replaceAll('""', '"'));
    else if (cell.includes('"')) return undefined;
    else cells.push(cell);
    if (end === line.length) return cells;
    if (line[end] !== ",") return undefined;
    start = end + 1;
  }
}

function endOfPlain(line: string, start: number): number {
  const comma = line.indexOf(",", start);
  return comma < 0 ? line.length : comma;
}

/** The place after the closing quote; -1 if there is none. */
function endOfQuoted(line: string, start: number): number {
  for (let quote = start; ; quote++) {
    quote = line.indexOf('"', quote + 1);
    if (quote < 0 || line[quote + 1] !== '"') return quote + (quote < 0 ? 0 : 1);
  }
}
