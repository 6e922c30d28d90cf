// The arrays in MATLAB's files of version 5 (`save` with -v6 or -v7). Reference: MathWorks, "MAT-File Format". An
// array is a header and its values, which may be stored as a smaller type; both may be compressed together.

import { statSync } from "node:fs";
import { systemPath } from "../../../common/path-bytes.ts";
import { ByteReader, bytesOfFile, firstBytes, mostDecompressed, unpackLimit } from "./bytes.ts";
import {
  CHAR,
  COMPRESSED,
  type Element,
  firstOf,
  MATRIX,
  openMatrix,
  readMatrixHeader,
  readValueTag,
  TAG,
  uint32,
} from "./matlab-elements.ts";
import { isOfTexts, linesOf, NOT_TEXTS, textsInCells } from "./matlab-texts.ts";
import { ArrayProblem, DamagedProblem } from "./problem.ts";
import {
  type ArrayPlace,
  checkArrays,
  differentlyNamed,
  type FoundArray,
  type StoredArray,
  textContent,
} from "./stored-array.ts";
import { countOf } from "./values.ts";

const FILE_HEADER = 128;
/** The types of arrays, by their numbers. */
const CELL = 1;
const FLOATS = [6, 7];
const NUMERIC_CLASSES = { first: 6, last: 15 };
const OTHER_CLASSES: Readonly<Record<number, string>> = {
  2: "a struct, which is not read: save its fields as variables, with save(file, '-struct', 'name')",
  3: "an object, which is not read: save it as an array",
  5: "a sparse array, which is not read: save full(x)",
};

const COMPLEX = 0x0800;
const LOGICAL = 0x0200;

export const MATLAB_5 = "MATLAB 5.0 MAT-file";
export const MATLAB_73 = "MATLAB 7.3 MAT-file";

/** All variables of a file. @throws ArrayProblem if it is not such a file, or damaged. */
export async function openMatlab(
  path: string,
  place: Omit<ArrayPlace, "name">,
): Promise<readonly FoundArray[]> {
  const bytes = firstBytes(path, 3);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b)
    throw new ArrayProblem("it is compressed once more (gzip): decompress it (gunzip)");
  const arrays: FoundArray[] = [];
  for await (const element of elementsOf(path)) {
    const array = await openElement(path, place, element);
    if (array) arrays.push(array);
    checkArrays(arrays.length);
  }
  return differentlyNamed(arrays);
}

async function* elementsOf(path: string): AsyncGenerator<Element> {
  const header = firstBytes(path, FILE_HEADER);
  if (!header.toString("latin1").startsWith(MATLAB_5))
    throw new ArrayProblem("it is not a MATLAB file of version 5: save it with save(file, '-v7')");
  if (header.length < FILE_HEADER) throw new DamagedProblem("it is truncated");
  const order = header.toString("latin1", 126, 128);
  if (order !== "IM" && order !== "MI") throw new DamagedProblem("its header is damaged");
  const isLittle = order === "IM";
  const { size } = statSync(systemPath(path));
  let start = FILE_HEADER;
  for (;;) {
    const reader = new ByteReader(bytesOfFile(path, { start, end: start + TAG, compression: "none" }));
    const tag = await reader.upTo(TAG);
    await reader.close();
    if (tag.length === 0) return;
    if (tag.length < TAG) throw new DamagedProblem("it is truncated");
    const [type, length] = [uint32(tag, 0, isLittle), uint32(tag, 4, isLittle)];
    if (type !== MATRIX && type !== COMPRESSED)
      throw new DamagedProblem(`it is damaged (an element has the type ${type})`);
    const end = start + TAG + length;
    if (end > size) throw new DamagedProblem("it is truncated");
    yield { type, start: start + TAG, end, isLittle };
    start = end;
  }
}

async function openElement(
  path: string,
  place: Omit<ArrayPlace, "name">,
  element: Element,
): Promise<FoundArray | undefined> {
  const { isLittle } = element;
  const reader = await openMatrix(path, element);
  try {
    const header = await readMatrixHeader(reader, isLittle);
    // Functions and other data of MATLAB itself have no name.
    if (header.name === "") return undefined;
    const own = { ...place, name: header.name };
    const { matrixClass, flags, shape } = header;
    if (matrixClass === CHAR) return linesOf(own, shape, path, element);
    if (matrixClass === CELL) {
      return (await isOfTexts(countOf(shape), reader, isLittle))
        ? { ...own, ...textContent(countOf(shape), () => textsInCells(path, element)) }
        : { ...own, problem: NOT_TEXTS };
    }
    if (matrixClass < NUMERIC_CLASSES.first || matrixClass > NUMERIC_CLASSES.last) {
      const what = OTHER_CLASSES[matrixClass] ?? `data of class ${matrixClass}, which are not read`;
      return { ...own, problem: `it is ${what}` };
    }
    if (flags & COMPLEX)
      return { ...own, problem: "it contains complex numbers, which are not read: save real(x)" };
    const { type, length } = await readValueTag(reader, isLittle);
    if (length !== countOf(shape) * type.size)
      return { ...own, problem: `it is damaged (${length} bytes for the shape [${shape.join(", ")}])` };
    const isBoolean = (flags & LOGICAL) !== 0;
    // Whole numbers are stored in the smallest type that has room for them, also if the array is of floats.
    return {
      ...own,
      ...{ type: isBoolean ? { ...type, kind: "boolean" } : type, shape, isColumnMajor: true },
      origin: "matlab",
      isFloats: FLOATS.includes(matrixClass) && !isBoolean,
      ...availableIn(element),
      read: async function* () {
        const again = await openMatrix(path, element);
        await readMatrixHeader(again, isLittle);
        await readValueTag(again, isLittle);
        yield* firstOf(again.rest(), length);
      },
    };
  } finally {
    await reader.close();
  }
}

function availableIn({ type, start, end }: Element): Pick<StoredArray, "available" | "limit"> {
  const compression = type === COMPRESSED ? "zlib" : "none";
  const limit = unpackLimit(end - start, compression);
  return { available: mostDecompressed(end - start, compression), ...(limit && { limit }) };
}
