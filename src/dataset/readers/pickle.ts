// Reads the Python pickles of the CIFAR archives and nothing else: dictionaries, lists, strings, whole numbers and
// arrays of bytes. A pickle is a program for a stack machine that can call anything; this machine knows three functions
// of numpy and refuses all others. Reference: Python's Lib/pickletools.py, protocol 2.

/** An array of bytes as pickled by numpy, row-major. */
export class ByteArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;

  constructor(shape: readonly number[], data: Uint8Array) {
    this.shape = shape;
    this.data = data;
  }
}

export type PickleValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | PickleValue[]
  | PickleDict
  | ByteArray;

/** A dictionary with string keys. */
export type PickleDict = Map<string, PickleValue>;

/** A function on the machine's stack. */
class Global {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** The result of a call, from which BUILD makes a value. */
class Unbuilt {
  readonly kind: string;
  readonly dtype: string;
  value: PickleValue = null;

  constructor(kind: string, dtype: string) {
    this.kind = kind;
    this.dtype = dtype;
  }
}

const MARK: unique symbol = Symbol("mark");
type Item = PickleValue | Global | Unbuilt | typeof MARK;

const RECONSTRUCT = "numpy.core.multiarray _reconstruct";
const NDARRAY = "numpy ndarray";
const DTYPE = "numpy dtype";

/** The value in a pickle of protocol 2. @throws Error, in words, on anything that the CIFAR archives do not contain. */
export function unpickle(bytes: Uint8Array): PickleValue {
  return new Machine(bytes).run();
}

class Machine {
  readonly #bytes: Buffer;
  readonly #stack: Item[] = [];
  readonly #memo = new Map<number, Item>();
  #place = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): PickleValue {
    if (this.#byte() !== 0x80 || this.#byte() !== 2)
      throw new Error("it is not a Python pickle of protocol 2");
    for (;;) {
      const opcode = this.#byte();
      if (opcode === 0x2e) return this.#value(this.#pop());
      this.#do(opcode);
    }
  }

  #do(opcode: number): void {
    switch (String.fromCharCode(opcode)) {
      case "N":
        this.#push(null);
        break;
      case "\x88":
        this.#push(true);
        break;
      case "\x89":
        this.#push(false);
        break;
      case "K":
        this.#push(this.#byte());
        break;
      case "M":
        this.#push(this.#take(2).readUInt16LE());
        break;
      case "J":
        this.#push(this.#take(4).readInt32LE());
        break;
      case "U":
        this.#push(new Uint8Array(this.#take(this.#byte())));
        break;
      case "T":
        this.#push(new Uint8Array(this.#take(this.#take(4).readInt32LE())));
        break;
      case "]":
      case ")":
        this.#push([]);
        break;
      case "}":
        this.#push(new Map());
        break;
      case "(":
        this.#push(MARK);
        break;
      case "a":
        this.#append([this.#pop()]);
        break;
      case "e":
        this.#append(this.#popToMark());
        break;
      case "s":
        this.#setItems(this.#popLast(2));
        break;
      case "u":
        this.#setItems(this.#popToMark());
        break;
      case "t":
        this.#push(this.#popToMark() as PickleValue[]);
        break;
      case "\x85":
      case "\x86":
      case "\x87":
        this.#push(this.#popLast(opcode - 0x84) as PickleValue[]);
        break;
      case "q":
        this.#remember(this.#byte());
        break;
      case "r":
        this.#remember(this.#take(4).readUInt32LE());
        break;
      case "h":
        this.#recall(this.#byte());
        break;
      case "j":
        this.#recall(this.#take(4).readUInt32LE());
        break;
      case "c":
        this.#global();
        break;
      case "R":
        this.#reduce();
        break;
      case "b":
        this.#build();
        break;
      default:
        throw new Error(
          `it contains something that CIFAR's own files do not (opcode 0x${opcode.toString(16)})`,
        );
    }
  }

  #global(): void {
    const name = `${this.#line()} ${this.#line()}`;
    if (![RECONSTRUCT, NDARRAY, DTYPE].includes(name))
      throw new Error(`it asks for "${name}", which is refused`);
    this.#push(new Global(name));
  }

  /** Calls one of the known functions; the result waits for its content. */
  #reduce(): void {
    const given = this.#pop();
    const callee = this.#pop();
    if (!(callee instanceof Global) || !Array.isArray(given))
      throw new Error("it calls something that is not a function");
    const [first] = given as Item[];
    if (callee.name === RECONSTRUCT && first instanceof Global && first.name === NDARRAY) {
      this.#push(new Unbuilt(NDARRAY, ""));
    } else if (callee.name === DTYPE && first instanceof Uint8Array) {
      this.#push(new Unbuilt(DTYPE, textOf(first)));
    } else {
      throw new Error(`it calls "${callee.name}" differently from CIFAR's files`);
    }
  }

  #build(): void {
    const state = this.#pop();
    const target = this.#stack.at(-1);
    if (!(target instanceof Unbuilt) || !Array.isArray(state))
      throw new Error("it builds something that is not an array");
    if (target.kind === DTYPE) return;
    // numpy's state of an array: version, shape, type, whether it is column-major, and the bytes.
    const [, shape, dtype, columnsFirst, data] = state as Item[];
    const isShape = Array.isArray(shape) && shape.every((side) => typeof side === "number");
    if (!isShape || !(dtype instanceof Unbuilt) || dtype.dtype !== "u1" || !(data instanceof Uint8Array)) {
      throw new Error("it contains an array that is not of bytes");
    }
    const sides = shape as number[];
    if (sides.length > 2 || data.length !== sides.reduce((product, side) => product * side, 1)) {
      throw new Error(`it has ${data.length} bytes for an array of ${sides.join(" x ")}`);
    }
    target.value = new ByteArray(sides, columnsFirst === true ? transposed(data, sides) : data);
  }

  #append(items: Item[]): void {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw new Error("it appends to something that is not a list");
    for (const item of items) list.push(this.#value(item));
  }

  #setItems(items: Item[]): void {
    const dict = this.#stack.at(-1);
    if (!(dict instanceof Map) || items.length % 2 !== 0)
      throw new Error("it sets an item of something that is not a dictionary");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (!(key instanceof Uint8Array)) throw new Error("it has a key that is not a string");
      dict.set(textOf(key), this.#value(items[i + 1]));
    }
  }

  #value(item: Item): PickleValue {
    if (item instanceof Unbuilt) return item.value;
    if (item instanceof Global || typeof item === "symbol")
      throw new Error("it has a function where a value belongs");
    return item;
  }

  #remember(place: number): void {
    const top = this.#stack.at(-1);
    if (top === undefined) throw new Error("it stores a value from an empty stack");
    this.#memo.set(place, top);
  }

  #recall(place: number): void {
    const item = this.#memo.get(place);
    if (item === undefined) throw new Error("it recalls a value that was never stored");
    this.#push(item);
  }

  #push(item: Item): void {
    this.#stack.push(item);
  }

  #pop(): Item {
    return this.#popLast(1)[0];
  }

  #popLast(count: number): Item[] {
    if (count > this.#stack.length) throw new Error("it takes more values than the stack has");
    return this.#stack.splice(this.#stack.length - count);
  }

  #popToMark(): Item[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw new Error("it lacks a mark");
    return this.#stack.splice(mark).slice(1);
  }

  #byte(): number {
    return this.#take(1)[0];
  }

  #take(count: number): Buffer {
    const end = this.#place + count;
    if (count < 0 || end > this.#bytes.length) throw new Error("it is truncated");
    const bytes = this.#bytes.subarray(this.#place, end);
    this.#place = end;
    return bytes;
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#place);
    if (end < 0) throw new Error("it is truncated");
    const line = this.#bytes.toString("latin1", this.#place, end);
    this.#place = end + 1;
    return line;
  }
}

/** Python 2's strings are bytes; CIFAR's are ASCII. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function transposed(data: Uint8Array, [rows, columns = 1]: readonly number[]): Uint8Array {
  const result = new Uint8Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      result[row * columns + column] = data[column * rows + row];
  }
  return result;
}
