// Breaks text into lines: after spaces, hyphens, underscores and slashes, and within words only if they are longer than
// a line. No-break spaces prevent a break.

/** Marks the end of a truncated text. */
const ELLIPSIS = "…";

/** Measures the width of a text, in the unit of the available width. */
type Measure = (text: string) => number;

/** The text in lines no wider than `width`, at most `most` of them; truncated text ends in an ellipsis. */
export function wrapText(
  text: string,
  width: number,
  measure: Measure,
  most = Number.POSITIVE_INFINITY,
): string[] {
  const lines: string[] = [];
  let line = "";
  for (const piece of text.trim().match(/[^ \-_/]*[ \-_/]+|[^ \-_/]+$/g) ?? []) {
    for (const part of partsWithin(piece, width, measure)) {
      if (line !== "" && measure((line + part).trimEnd()) > width) {
        lines.push(line.trimEnd());
        line = "";
      }
      line += part;
    }
  }
  lines.push(line.trimEnd());
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), shorten(lines[most - 1], width, measure)];
}

/** The piece itself, or if it is too wide, as few parts as fit. */
function partsWithin(piece: string, width: number, measure: Measure): string[] {
  if (measure(piece.trimEnd()) <= width) return [piece];
  const parts = [""];
  for (const character of piece) {
    if (parts.at(-1) !== "" && measure(parts.at(-1) + character) > width) parts.push("");
    parts[parts.length - 1] += character;
  }
  return parts;
}

function shorten(line: string, width: number, measure: Measure): string {
  const characters = [...line];
  while (characters.length > 0 && measure(characters.join("") + ELLIPSIS) > width) characters.pop();
  return characters.join("").trimEnd() + ELLIPSIS;
}
