// Parses JSON without rounding whole numbers: ids of classes may have more digits than a double.

/** A long whole number in a text. */
const LONG_NUMBER = /\d{16}/;

/** Like JSON.parse, but whole numbers that a double cannot represent are bigints. @throws SyntaxError like JSON.parse. */
export function parseExactly(text: string): unknown {
  return LONG_NUMBER.test(text) ? JSON.parse(quoteLongNumbers(text), restore) : JSON.parse(text);
}

/** Marks the text of a number, which no text of the user begins with by chance. */
const MARK = "\u0000whole number:";

/** Texts, and whole numbers of 16 digits or more that are values: nothing but spaces and punctuation is around them. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g;

function quoteLongNumbers(text: string): string {
  return text.replace(TOKENS, (token) => {
    return /^-?[1-9]\d{15,}$/.test(token) ? JSON.stringify(`${MARK}${token}`) : token;
  });
}

function restore(_: string, value: unknown): unknown {
  if (typeof value !== "string" || !value.startsWith(MARK)) return value;
  const digits = value.slice(MARK.length);
  return Number.isSafeInteger(Number(digits)) ? Number(digits) : BigInt(digits);
}
