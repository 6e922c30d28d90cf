// Parses JSON without rounding whole numbers: ids of classes may have more digits than a double.

/** A long whole number in a text. */
const LONG_NUMBER = /\d{16}/;

/** Like JSON.parse, but whole numbers that a double cannot represent are bigints. @throws SyntaxError like JSON.parse. */
export function parseExactly(text: string): unknown {
  return LONG_NUMBER.test(text) ? JSON.parse(quoteLongNumbers(text), restore) : JSON.parse(text);
}

/** Marks the text of a number, which no text of the user begins with by chance. */
const MARK = "\u0000whole number:";

/** Numbers outside of texts. */
const NUMBERS = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

function quoteLongNumbers(text: string): string {
  const parts: string[] = [];
  for (let start = 0; start < text.length; ) {
    const quote = text.indexOf('"', start);
    const end = quote < 0 ? text.length : quote;
    parts.push(text.slice(start, end).replace(NUMBERS, quoted));
    start = quote < 0 ? end : endOfText(text, quote);
    parts.push(text.slice(end, start));
  }
  return parts.join("");
}

function quoted(number: string): string {
  return /^-?[1-9]\d{15,}$/.test(number) ? JSON.stringify(`${MARK}${number}`) : number;
}

/** The place after a text that begins at `start`. */
function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text[end - 1 - escapes] === "\\") escapes++;
    if (escapes % 2 === 0) return end + 1;
  }
  return text.length;
}

function restore(_: string, value: unknown): unknown {
  if (typeof value !== "string" || !value.startsWith(MARK)) return value;
  const digits = value.slice(MARK.length);
  return Number.isSafeInteger(Number(digits)) ? Number(digits) : BigInt(digits);
}
