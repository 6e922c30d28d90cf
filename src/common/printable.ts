// What may be shown of a text that contains parts of a file: on one line, without characters that a terminal acts on or that
// change the order of others, and not as long as the file makes it. All messages pass here.

/** Longest part of a message that quotes something. */
const LONGEST_QUOTE = 200;
/** A quote that was cut keeps its marks, and a comma or the like after them. */
const LONGEST_WORD = LONGEST_QUOTE + 10;

/** Longest message, besides paths: more than any has that quotes nothing. */
const LONGEST_MESSAGE = 2000;
/** Characters of a longer one that are kept at its end, which says how to fix it. */
const END_KEPT = 500;

/** Limits of the systems, in characters. */
const LONGEST_NAME = 255;
const LONGEST_PATH = 4096;

/**
 * What a terminal acts on (C0, DEL, C1), what ends a line elsewhere, and what reverses the order of the letters that follow
 * (Unicode Standard Annex 9).
 */
const CONTROL = "[\\p{Cc}\\p{Zl}\\p{Zp}\\p{Bidi_Control}]";
const CONTROLS = new RegExp(CONTROL, "gu");

/** The style of a text on a terminal: "select graphic rendition". */
const STYLE = "\u001b\\[[\\d;]*m";
const STYLES_OR_CONTROLS = new RegExp(`${STYLE}|${CONTROL}`, "gu");

const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** `user:password@` of a URL. Bounded, so that it takes no longer than the text is long. */
const CREDENTIALS = /(?<=:\/{1,3})[^\s"'/@:]{0,128}:[^\s"'/@]{1,512}@/g;

/** The text without the users and passwords of the URLs in it. */
export function withoutCredentials(text: string): string {
  return text.replace(CREDENTIALS, "");
}

/** A message as it may be shown, without control characters and passwords. */
export function printable(message: string): string {
  return shortened(withoutCredentials(message).replace(CONTROLS, escaped));
}

/** The same of a message that may have the styles of a terminal. */
export function printableStyled(message: string): string {
  return shortened(
    withoutCredentials(message).replace(STYLES_OR_CONTROLS, (found) =>
      found.length > 1 ? found : escaped(found),
    ),
  );
}

/** Text of several lines without control characters, but with the styles that it has on a terminal. JSON remains JSON. */
export function printableLines(text: string): string {
  return text.replace(STYLES_OR_CONTROLS, (found) =>
    found === "\n" || found.length > 1 ? found : escaped(found),
  );
}

/** A name from a file as a part of a longer text: at most 200 characters, on one line. */
export function shortName(name: string): string {
  return cut(name.slice(0, LONGEST_QUOTE + 1).replace(CONTROLS, escaped));
}

/** `\n`, `\x1b` or `\u202e`. Of JSON only the latter remain to be written: JSON.stringify has written the others. */
function escaped(character: string): string {
  const code = character.charCodeAt(0);
  return SHORT_ESCAPES[character] ?? (code < 0x20 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/** The message with long quotes and words cut; paths are whole, since commands with them are copied. */
function shortened(message: string): string {
  if (message.length <= LONGEST_QUOTE) return message;
  let paths = 0;
  const words = withShortQuotes(message)
    .split(" ")
    .map((word) => {
      if (word.length <= LONGEST_WORD) return word;
      if (!isPath(word)) return cut(word);
      paths += word.length;
      return word;
    })
    .join(" ");
  return beginningAndEnd(words, LONGEST_MESSAGE + paths);
}

function beginningAndEnd(text: string, most: number): string {
  return text.length <= most ? text : `${cut(text, most - END_KEPT - 1)} ${text.slice(-END_KEPT)}`;
}

/** Cuts what is between quotation marks. */
function withShortQuotes(message: string): string {
  let text = "";
  let rest = 0;
  for (;;) {
    const start = message.indexOf('"', rest) + 1;
    const end = start > 0 ? message.indexOf('"', start) : -1;
    if (end < 0) return text + message.slice(rest);
    const quote = message.slice(start, end);
    text += `${message.slice(rest, start)}${isPath(quote) ? quote : cut(quote)}"`;
    rest = end + 1;
  }
}

function cut(text: string, most = LONGEST_QUOTE): string {
  if (text.length <= most) return text;
  // Not between the two halves of a character.
  const length = /[\ud800-\udbff]/.test(text[most - 2]) ? most - 2 : most - 1;
  return `${text.slice(0, length)}…`;
}

/** Whether it may be a path. The escapes of control characters have backslashes, too, but no drive. */
function isPath(text: string): boolean {
  if (text.length > LONGEST_PATH) return false;
  const parts = text.split(/^(?:[a-z]:|\\)\\/i.test(text) ? /[\\/]/ : "/");
  return parts.length > 1 && parts.every(({ length }) => length <= LONGEST_NAME);
}
