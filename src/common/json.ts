// JSON of a file that may have been damaged, or written to do damage: functions that call themselves for each level of it must
// not run out of stack.

/** Levels of lists and objects in each other. Files of this program have fewer than ten, models of Keras about twenty. */
const MOST_LEVELS = 100;

/**
 * The value of a JSON text.
 * @throws SyntaxError if it is not JSON, or has more than 100 levels.
 */
export function parseJson(text: string): unknown {
  checkLevels(text);
  return JSON.parse(text);
}

const [QUOTE, BACKSLASH, COLON] = [0x22, 0x5c, 0x3a];
const OPENING: readonly number[] = [0x5b, 0x7b];
const CLOSING: readonly number[] = [0x5d, 0x7d];

function checkLevels(text: string): void {
  if (text.length < 2 * MOST_LEVELS) return;
  let levels = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (OPENING.includes(code)) levels++;
    else if (CLOSING.includes(code)) levels--;
    if (levels > MOST_LEVELS) throw new SyntaxError(`it has more than ${MOST_LEVELS} levels`);
  }
}

/** A key that an object in a valid JSON text has twice, of which `JSON.parse` drops the first one; undefined if there is none. */
export function repeatedKey(text: string): string | undefined {
  const levels: Set<string>[] = [];
  let last = "";
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      const end = endOfString(text, i);
      last = text.slice(i, end + 1);
      i = end;
    } else if (OPENING.includes(code)) levels.push(new Set());
    else if (CLOSING.includes(code)) levels.pop();
    else if (code === COLON) {
      const key: string = JSON.parse(last);
      const keys = levels.at(-1);
      if (keys?.has(key)) return key;
      keys?.add(key);
    }
  }
  return undefined;
}

/** The place of the quote that ends a string, or the text's end. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
