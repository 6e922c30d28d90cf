// Tables in which each row is an image: a column of labels and a column for each pixel, with or without a header, as MNIST in
// CSV. A first pass finds out what the columns are and of which type the values, a second one reads the pixels.

import { bytesOfFile } from "./bytes.ts";
import { ArrayProblem } from "./problem.ts";
import { type ArrayPlace, type StoredArray, textContent } from "./stored-array.ts";
import { UINT8, type ValueType } from "./values.ts";

const LABEL = /^(label|labels|class|classes|target|y|category|digit|letter|emotion|species)$/i;
/** Columns that number the rows. */
const INDEX = /^(|id|index|image_?id|row|unnamed: \d+)$/i;
const NUMBER = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

const FLOAT64: ValueType = { kind: "float", size: 8, isLittle: true };

/** Rows of pixels are shorter than this, in bytes. */
const LONGEST_LINE = 2 ** 24;

/** The images and the labels of a table. */
export interface PixelTable {
  readonly pixels: StoredArray;
  /** Missing if there is no column of labels. */
  readonly labels?: StoredArray;
}

/** How the rows of a table are written, and which columns are what. */
interface Columns {
  readonly separator: string;
  readonly hasHeader: boolean;
  readonly count: number;
  /** Columns that may have the labels: several only if there is no header. */
  readonly labels: readonly number[];
  /** The columns of pixels, in order, with those that may have the labels. */
  readonly pixels: readonly number[];
  /** The header, or nothing. */
  readonly names: readonly string[];
}

/** @throws ArrayProblem, with the line, if it is not such a table. */
export async function openPixelTable(path: string, place: Omit<ArrayPlace, "name">): Promise<PixelTable> {
  const columns = await columnsOf(path);
  const survey = await surveyRows(path, columns);
  const label = labelColumn(columns, survey);
  const pixels = columns.pixels.filter((column) => column !== label);
  checkNumber(pixels.length, columns.count);
  checkOrder(pixels.flatMap((column) => columns.names[column] ?? []));
  const wrong = pixels.flatMap((column) => survey.notNumbers.get(column) ?? [])[0];
  if (wrong) throw new ArrayProblem(wrong);
  const isBytes = pixels.every((column) => survey.isByte[column]);
  const type = isBytes ? UINT8 : FLOAT64;
  const shape = [survey.rows, pixels.length];
  const values: StoredArray = {
    ...place,
    name: "pixels",
    origin: "table",
    ...{ type, shape, isColumnMajor: false, available: survey.rows * pixels.length * type.size },
    read: async function* () {
      const places = pixels.map((column) => column);
      for await (const { numbers } of rowsOf(path, columns)) {
        const row = isBytes ? new Uint8Array(places.length) : new Float64Array(places.length);
        for (let i = 0; i < places.length; i++) row[i] = numbers[places[i]];
        yield new Uint8Array(row.buffer);
      }
    },
  };
  if (label === undefined) return { pixels: values };
  const texts = survey.texts[columns.labels.indexOf(label)];
  const column = columns.names[label] ?? (label === 0 ? "the first one" : "the last one");
  const words = columns.hasHeader ? `column "${shortened(column)}"` : `no header; the column is ${column}`;
  const labels = { ...place, name: "labels", words, ...textContent(texts.length, async () => texts) };
  return { pixels: values, labels };
}

/** What the values of a table are. */
interface Survey {
  readonly rows: number;
  /** The texts of each column that may have the labels. */
  readonly texts: readonly (readonly string[])[];
  /** Whether all values of a column are whole numbers from 0 to 255. */
  readonly isByte: readonly boolean[];
  /** By column, what is wrong with the first value that is not a number. */
  readonly notNumbers: ReadonlyMap<number, string>;
}

async function surveyRows(path: string, columns: Columns): Promise<Survey> {
  const isByte = new Array<boolean>(columns.count).fill(true);
  const texts = columns.labels.map((): string[] => []);
  const notNumbers = new Map<number, string>();
  let rows = 0;
  for await (const { line, numbers, cell } of rowsOf(path, columns)) {
    rows++;
    for (const [i, column] of columns.labels.entries()) texts[i].push(unquoted(cell(column)));
    for (let column = 0; column < numbers.length; column++) {
      const value = numbers[column];
      if ((value & 255) === value) continue;
      isByte[column] = false;
      if (Number.isNaN(value) && !notNumbers.has(column))
        notNumbers.set(
          column,
          `line ${line}: expected a number in column ${column + 1}, found "${shortened(cell(column))}"`,
        );
    }
  }
  return { rows, texts, isByte, notNumbers };
}

/** Of several, the first column, as in MNIST, unless its values are all the same while those of the last one differ. */
function labelColumn({ labels }: Columns, { texts }: Survey): number | undefined {
  const differ = texts.map((own) => own.some((text) => text !== own[0]));
  return labels.length > 1 && !differ[0] && differ[1] ? labels[1] : labels[0];
}

/** A row of a table. */
interface TableRow {
  /** From 1. */
  readonly line: number;
  /** By column; not a number for other texts. They are only valid until the next row. */
  readonly numbers: Float64Array;
  readonly cell: (column: number) => string;
}

/** All rows but the header. @throws ArrayProblem if one has another number of columns than the first. */
async function* rowsOf(path: string, { separator, hasHeader, count }: Columns): AsyncGenerator<TableRow> {
  const numbers = new Float64Array(count);
  let line = 0;
  for await (const text of linesOf(path)) {
    line++;
    if ((line === 1 && hasHeader) || text === "") continue;
    const found = parseRow(text, separator, numbers);
    if (found !== count)
      throw new ArrayProblem(`line ${line} has ${found} columns, but the first line has ${count}`);
    yield { line, numbers, cell: (column) => text.split(separator)[column] };
  }
}

const ZERO = 48;
const NINE = 57;

/** Writes the numbers of a row, and returns the number of its columns. Most are digits alone. */
function parseRow(text: string, separator: string, numbers: Float64Array): number {
  const end = separator.charCodeAt(0);
  let [column, start, value, isDigits] = [0, 0, 0, true];
  for (let i = 0; i <= text.length; i++) {
    const code = i < text.length ? text.charCodeAt(i) : end;
    if (code >= ZERO && code <= NINE) {
      value = 10 * value + code - ZERO;
    } else if (code === end) {
      if (column < numbers.length)
        numbers[column] = isDigits && i > start ? value : numberOf(text.slice(start, i));
      column++;
      [start, value, isDigits] = [i + 1, 0, true];
    } else {
      isDigits = false;
    }
  }
  return column;
}

function numberOf(cell: string): number {
  const text = unquoted(cell);
  return NUMBER.test(text) ? Number(text) : Number.NaN;
}

function shortened(text: string): string {
  return text.length > 20 ? `${text.slice(0, 20)}…` : text;
}

function unquoted(cell: string): string {
  return cell
    .trim()
    .replace(/^"(.*)"$/, "$1")
    .trim();
}

/** The lines of a file, without their ends; of the last one too, which may have none. */
async function* linesOf(path: string): AsyncGenerator<string> {
  let rest = "";
  let isFirst = true;
  const decoder = new TextDecoder("utf-8");
  for await (const bytes of bytesOfFile(path)) {
    if (isFirst && (bytes[0] === 0xff || bytes[0] === 0xfe))
      throw new ArrayProblem("it is UTF-16: save it as UTF-8");
    isFirst = false;
    rest += decoder.decode(bytes, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE) throw new ArrayProblem("its lines are too long for a table of pixels");
    for (const line of lines) yield line.replace(/\r$/, "");
  }
  if (rest !== "") yield rest.replace(/\r$/, "");
}

const SEPARATORS = [",", ";", "\t", " "];

async function columnsOf(path: string): Promise<Columns> {
  let first = "";
  for await (const line of linesOf(path)) {
    first = line.replace(/^\ufeff/, "");
    break;
  }
  if (first === "") throw new ArrayProblem("it is empty");
  const counts = SEPARATORS.map((each) => first.split(each).length);
  const separator = SEPARATORS[counts.indexOf(Math.max(...counts))];
  const cells = first.split(separator).map(unquoted);
  const own = { separator, count: cells.length };
  const all = [...cells.keys()];
  const numeric = cells.filter((cell) => NUMBER.test(cell)).length;
  if (2 * numeric < cells.length) {
    const label = cells.findIndex((name) => LABEL.test(name));
    const pixels = all.filter((i) => i === label || !INDEX.test(cells[i]));
    return { ...own, hasHeader: true, labels: label < 0 ? [] : [label], pixels, names: cells };
  }
  const isUnlabelled = isImage(cells.length) && !isImage(cells.length - 1);
  const labels = isUnlabelled ? [] : [0, cells.length - 1];
  return { ...own, hasHeader: false, labels, pixels: all, names: [] };
}

function checkNumber(pixels: number, columns: number): void {
  if (isImage(pixels)) return;
  throw new ArrayProblem(
    `it has ${columns} columns, of which ${pixels} could be pixels: expected a column "label" and one for each pixel, such as 784 for 28 × 28`,
  );
}

function isImage(pixels: number): boolean {
  return Number.isInteger(Math.sqrt(pixels)) || Number.isInteger(Math.sqrt(pixels / 3));
}

/** @throws ArrayProblem if the names of the columns have numbers, and these are not in order: `pixel0`, or `1x1`. */
function checkOrder(names: readonly string[]): void {
  const numbers = names.map((name) => (name.match(/\d+/g) ?? []).map(Number));
  const length = numbers[0]?.length ?? 0;
  if (length === 0 || numbers.some((each) => each.length !== length)) return;
  const place = numbers.findIndex((own, i) => i > 0 && !isAfter(own, numbers[i - 1]));
  if (place < 0) return;
  throw new ArrayProblem(
    `its columns are not in the order of the pixels: ${shortened(names[place])} follows ${shortened(names[place - 1])}; sort them, row by row`,
  );
}

function isAfter(own: readonly number[], before: readonly number[]): boolean {
  const i = own.findIndex((number, place) => number !== before[place]);
  return i >= 0 && own[i] > before[i];
}
