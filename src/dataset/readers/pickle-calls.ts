// The functions that a pickle of data calls: those by which numpy pickles arrays and numbers, and Python 3 bytes for older
// protocols. All others are refused.

import { formatValue } from "../../common/errors.ts";
import { MOST_AXES, typeOf } from "./arrays/npy-header.ts";
import { checkLength } from "./arrays/problem.ts";
import { countOf, isText, numbersIn, shapeText, textsIn, type ValueType } from "./arrays/values.ts";
import {
  DICT_BYTES,
  Global,
  type Item,
  PickledArray,
  type PickleMemory,
  PickleProblem,
  type PickleValue,
  textOf,
  Unbuilt,
} from "./pickle-values.ts";

const RECONSTRUCT = "numpy.core.multiarray _reconstruct";
const SCALAR = "numpy.core.multiarray scalar";
const FROM_BUFFER = "numpy.core.numeric _frombuffer";
const NDARRAY = "numpy ndarray";
const DTYPE = "numpy dtype";
const ENCODE = "_codecs encode";
const BYTES = "builtins bytes";
const BYTEARRAY = "builtins bytearray";
const ORDERED = "collections OrderedDict";

const KNOWN = [RECONSTRUCT, SCALAR, FROM_BUFFER, NDARRAY, DTYPE, ENCODE, BYTES, BYTEARRAY, ORDERED];

/** @throws PickleProblem if a pickle may not use it. */
export function findGlobal(module: string, name: string): Global {
  // The name of modules in numpy 2, and in Python 2.
  const usual = module.replace(/^numpy\._core\b/, "numpy.core").replace(/^__builtin__$/, "builtins");
  const known = `${usual} ${name}`;
  if (!KNOWN.includes(known))
    throw new PickleProblem(`it asks for ${formatValue(`${module} ${name}`)}, which is refused`);
  return new Global(known);
}

/** Calls one of the functions. @param memory is charged with what the call makes. */
export function call(callee: Item, given: Item, memory: PickleMemory): Item {
  if (!(callee instanceof Global) || !Array.isArray(given))
    throw new PickleProblem("it calls something that is not a function");
  const values = given as Item[];
  const [first, second, third, fourth] = values;
  switch (callee.name) {
    case RECONSTRUCT:
      if (first instanceof Global && first.name === NDARRAY) return new Unbuilt("array");
      break;
    case DTYPE:
      if (typeof first === "string" || first instanceof Uint8Array) return new Unbuilt("type", textOf(first));
      break;
    case SCALAR:
      if (first instanceof Unbuilt && second instanceof Uint8Array) return scalarOf(first, second, memory);
      break;
    case FROM_BUFFER:
      if (first instanceof Uint8Array && second instanceof Unbuilt)
        return arrayOf(third, second, fourth === "F", first);
      break;
    case ENCODE:
      if (typeof first === "string" && second === "latin1") {
        memory.take(first.length);
        return new Uint8Array(Buffer.from(first, "latin1"));
      }
      break;
    case BYTES:
    case BYTEARRAY:
      if (values.length === 0) return new Uint8Array(0);
      if (first instanceof Uint8Array) return first;
      break;
    case ORDERED:
      if (values.length === 0) {
        memory.take(DICT_BYTES);
        return new Map();
      }
      break;
  }
  throw new PickleProblem(`it calls "${callee.name}" differently from numpy`);
}

/** Completes an array or a type. */
export function build(target: Item | undefined, state: Item): boolean {
  if (!(target instanceof Unbuilt) || !Array.isArray(state))
    throw new PickleProblem("it builds something that is not an array");
  const values = state as Item[];
  if (target.kind === "type") {
    // The version, the order of bytes, and a structured type's parts.
    const [, order, subarray] = values;
    if (typeof order === "string" || order instanceof Uint8Array) target.order = textOf(order);
    if (subarray !== null && subarray !== undefined) target.order = "structured";
    return true;
  }
  // numpy's state of an array: version, shape, type, whether it is column-major, and the bytes.
  const [, shape, type, isColumnMajor, data] = values;
  if (!(type instanceof Unbuilt) || type.kind !== "type")
    throw new PickleProblem("it contains an array without a type");
  target.value = Array.isArray(data)
    ? listOf(shape, type, data)
    : arrayOf(shape, type, isColumnMajor === true, data);
  return true;
}

function arrayOf(shape: Item, type: Unbuilt, isColumnMajor: boolean, data: Item): PickledArray {
  const sides = shapeOf(shape);
  const valueType = valueTypeOf(type);
  if (!(data instanceof Uint8Array)) throw new PickleProblem("it contains an array without values");
  const expected = countOf(sides) * valueType.size;
  if (data.length !== expected) {
    checkLength(expected, data.length);
    throw new PickleProblem(`it has ${data.length} bytes for an array of ${shapeText(sides)}`);
  }
  return new PickledArray(sides, valueType, isColumnMajor, data);
}

/** An array of Python's objects, such as texts, is a list if it has one axis. */
function listOf(shape: Item, type: Unbuilt, data: PickleValue[]): PickleValue {
  if (!/^O/.test(type.typeName) || shapeOf(shape).length !== 1)
    throw new PickleProblem("it contains an array of Python objects, which is not read");
  return data;
}

function shapeOf(shape: Item): number[] {
  const isShape =
    Array.isArray(shape) &&
    shape.length <= MOST_AXES &&
    shape.every((side) => Number.isSafeInteger(side) && Number(side) >= 0);
  if (!isShape) throw new PickleProblem("it contains an array without a shape");
  return shape as number[];
}

function valueTypeOf({ typeName, order }: Unbuilt): ValueType {
  const type =
    order === "structured" ? { problem: "structured" } : typeOf(order.replace(/[^<>]/g, "") + typeName);
  if ("problem" in type)
    throw new PickleProblem(`it contains an array of numpy's type ${typeName || "?"}, which is not read`);
  return type;
}

function scalarOf(type: Unbuilt, bytes: Uint8Array, memory: PickleMemory): PickleValue {
  const valueType = valueTypeOf(type);
  if (bytes.length !== valueType.size)
    throw new PickleProblem("it has a number of another length than its type");
  if (valueType.kind === "bytes") return bytes;
  memory.take(bytes.length);
  return isText(valueType) ? (textsIn(bytes, valueType, "utf8")[0] ?? "") : numbersIn(bytes, valueType)[0];
}
