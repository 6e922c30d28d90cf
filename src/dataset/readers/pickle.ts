// Reads Python pickles of data, of any protocol: dictionaries, lists, texts, numbers and numpy's arrays. A pickle is a
// program for a stack machine that can call anything; this machine knows the functions in pickle-calls.ts and refuses all
// others. Reference: Python's Lib/pickletools.py, protocols 0 to 5.

import { formatValue } from "../../common/errors.ts";
import { DamagedProblem } from "./arrays/problem.ts";
import { build, call, findGlobal } from "./pickle-calls.ts";
import {
  bytesOfLiteral,
  LONGEST_NUMBER,
  longOf,
  numberOf,
  textOfLine,
  unicodeOf,
} from "./pickle-literals.ts";
import { PickleStack } from "./pickle-stack.ts";
import {
  DICT_BYTES,
  Global,
  type Item,
  LIST_BYTES,
  MARK,
  MEMO_BYTES,
  type PickleDict,
  PickleMemory,
  PickleProblem,
  type PickleValue,
  TUPLE_BYTES,
  textOfKey,
  Unbuilt,
} from "./pickle-values.ts";

/** The highest protocol there is. */
const LATEST_PROTOCOL = 5;

/**
 * The value in a pickle.
 * @throws PickleProblem, in words, if it calls or contains anything but data; DamagedProblem if it ends too early.
 */
export function unpickle(bytes: Uint8Array): PickleValue {
  return new Machine(bytes).run();
}

class Machine {
  readonly #bytes: Buffer;
  readonly #stack = new PickleStack();
  readonly #memo = new Map<number, Item>();
  readonly #memory: PickleMemory;
  #place = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#memory = new PickleMemory(bytes.length);
  }

  run(): PickleValue {
    for (;;) {
      const opcode = this.#byte();
      if (opcode === 0x2e) return complete(builtValue(this.#stack.pop()));
      const letter = String.fromCharCode(opcode);
      if (!(this.#number(letter) || this.#text(letter) || this.#collect(letter) || this.#control(letter))) {
        throw new PickleProblem(
          `it contains something other than data (opcode 0x${opcode.toString(16)}), which is refused`,
        );
      }
    }
  }

  /** Numbers and constants. */
  #number(letter: string): boolean {
    switch (letter) {
      case "N":
        return this.#push(null);
      case "\x88":
        return this.#push(true);
      case "\x89":
        return this.#push(false);
      case "I": {
        const line = this.#line();
        if (line === "00" || line === "01") return this.#push(line === "01");
        return this.#push(numberOf(line));
      }
      case "L":
        return this.#push(numberOf(this.#line().replace(/L$/, "")));
      case "F":
        return this.#push(numberOf(this.#line()));
      case "K":
        return this.#push(this.#byte());
      case "M":
        return this.#push(this.#take(2).readUInt16LE());
      case "J":
        return this.#push(this.#take(4).readInt32LE());
      case "\x8a":
        return this.#push(longOf(this.#take(Math.min(this.#byte(), LONGEST_NUMBER + 1))));
      case "\x8b":
        return this.#push(longOf(this.#take(Math.min(this.#take(4).readUInt32LE(), LONGEST_NUMBER + 1))));
      case "G":
        return this.#push(this.#take(8).readDoubleBE());
      default:
        return false;
    }
  }

  /** Texts and bytes. Strings of Python 2 are bytes. */
  #text(letter: string): boolean {
    switch (letter) {
      case "S":
        return this.#push(bytesOfLiteral(this.#line()));
      case "U":
      case "C":
        return this.#push(this.#bytesOf(this.#byte()));
      case "T":
        return this.#push(this.#bytesOf(this.#take(4).readInt32LE()));
      case "B":
        return this.#push(this.#bytesOf(this.#take(4).readUInt32LE()));
      case "\x8e":
      case "\x96":
        return this.#push(this.#bytesOf(this.#length64()));
      case "V":
        return this.#push(textOfLine(this.#line()));
      case "\x8c":
        return this.#push(unicodeOf(this.#take(this.#byte())));
      case "X":
        return this.#push(unicodeOf(this.#take(this.#take(4).readUInt32LE())));
      case "\x8d":
        return this.#push(unicodeOf(this.#take(this.#length64())));
      default:
        return false;
    }
  }

  /** Lists, tuples, sets and dictionaries. */
  #collect(letter: string): boolean {
    const stack = this.#stack;
    switch (letter) {
      case "]":
      case "\x8f":
        return this.#make([], LIST_BYTES);
      case ")":
        return this.#make([], TUPLE_BYTES);
      case "}":
        return this.#make(new Map(), DICT_BYTES);
      case "(":
        return this.#push(MARK);
      case "l":
      case "t":
      case "\x91":
        return this.#make(stack.popToMark() as PickleValue[], TUPLE_BYTES);
      case "d": {
        const items = stack.popToMark();
        this.#make(new Map(), DICT_BYTES);
        return this.#setItems(items);
      }
      case "\x85":
      case "\x86":
      case "\x87":
        return this.#make(stack.popLast(letter.charCodeAt(0) - 0x84) as PickleValue[], TUPLE_BYTES);
      case "a":
        return this.#append([stack.pop()]);
      case "e":
      case "\x90":
        return this.#append(stack.popToMark());
      case "s":
        return this.#setItems(stack.popLast(2));
      case "u":
        return this.#setItems(stack.popToMark());
      default:
        return false;
    }
  }

  /** The memory, calls, and what has no meaning for the result. */
  #control(letter: string): boolean {
    const stack = this.#stack;
    switch (letter) {
      case "\x80": {
        const protocol = this.#byte();
        if (protocol > LATEST_PROTOCOL)
          throw new PickleProblem(`it is a Python pickle of protocol ${protocol}, which is not known`);
        return true;
      }
      case "\x95":
        this.#take(8);
        return true;
      case "p":
        return this.#remember(numberOf(this.#line()));
      case "q":
        return this.#remember(this.#byte());
      case "r":
        return this.#remember(this.#take(4).readUInt32LE());
      case "\x94":
        return this.#remember(this.#memo.size);
      case "g":
        return this.#recall(numberOf(this.#line()));
      case "h":
        return this.#recall(this.#byte());
      case "j":
        return this.#recall(this.#take(4).readUInt32LE());
      case "c":
        return this.#push(findGlobal(this.#line(), this.#line()));
      case "\x93": {
        const [module, name] = stack.popLast(2);
        return this.#push(findGlobal(textOfKey(module), textOfKey(name)));
      }
      case "R": {
        const given = stack.pop();
        return this.#push(call(stack.pop(), given, this.#memory));
      }
      case "b": {
        const state = stack.pop();
        return build(stack.top, state);
      }
      default:
        return false;
    }
  }

  #append(items: Item[]): boolean {
    const list = this.#stack.top;
    if (!Array.isArray(list)) throw new PickleProblem("it appends to something that is not a list");
    for (const item of items) list.push(builtValue(item));
    return true;
  }

  #setItems(items: Item[]): boolean {
    const dict = this.#stack.top;
    if (!(dict instanceof Map) || items.length % 2 !== 0)
      throw new PickleProblem("it sets an item of something that is not a dictionary");
    for (let i = 0; i < items.length; i += 2) {
      if (items[i] instanceof Uint8Array) this.#memory.take((items[i] as Uint8Array).length);
      const key = textOfKey(items[i]);
      if (dict.has(key))
        throw new PickleProblem(
          `a dictionary has two keys named ${formatValue(key)}, such as a text and bytes: save it again with one of them`,
        );
      dict.set(key, builtValue(items[i + 1]));
    }
    return true;
  }

  #remember(place: number): boolean {
    const { top } = this.#stack;
    if (top === undefined) throw new PickleProblem("it stores a value from an empty stack");
    this.#memory.take(MEMO_BYTES);
    this.#memo.set(place, top);
    return true;
  }

  #recall(place: number): boolean {
    const item = this.#memo.get(place);
    if (item === undefined) throw new PickleProblem("it recalls a value that was never stored");
    return this.#push(item);
  }

  /** A new list, tuple or dictionary. */
  #make(item: PickleValue[] | PickleDict, bytes: number): boolean {
    this.#memory.take(bytes);
    return this.#push(item);
  }

  #push(item: Item): boolean {
    this.#stack.push(item);
    return true;
  }

  #byte(): number {
    return this.#take(1)[0];
  }

  #length64(): number {
    return Number(this.#take(8).readBigUInt64LE());
  }

  #take(count: number): Buffer {
    const end = this.#place + count;
    if (count < 0 || end > this.#bytes.length) throw new DamagedProblem("it is truncated");
    const bytes = this.#bytes.subarray(this.#place, end);
    this.#place = end;
    return bytes;
  }

  /** A view: the pixels of a batch are most of the file. */
  #bytesOf(count: number): Uint8Array {
    const { buffer, byteOffset, length } = this.#take(count);
    return new Uint8Array(buffer, byteOffset, length);
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#place);
    if (end < 0) throw new DamagedProblem("it is truncated");
    const line = this.#bytes.toString("latin1", this.#place, end);
    this.#place = end + 1;
    return line;
  }
}

/** An array or a type is only complete after it has been built. */
function builtValue(item: Item): PickleValue {
  if (item instanceof Unbuilt) return item.value;
  if (item === MARK) throw new PickleProblem("it has a mark in place of a value");
  if (item instanceof Global) throw new PickleProblem("it has a function where a value belongs");
  return item;
}

/** The value with all that is in it: tuples were made before the arrays in them were built. */
function complete(value: PickleValue): PickleValue {
  const seen = new Set<PickleValue>();
  const waiting: PickleValue[] = [value];
  for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) {
    if (seen.has(item)) continue;
    if (typeof item === "object") seen.add(item);
    if (Array.isArray(item)) {
      for (const [i, inner] of item.entries()) item[i] = builtValue(inner);
      for (const inner of item) if (typeof inner === "object") waiting.push(inner);
    } else if (item instanceof Map) {
      for (const inner of item.values()) waiting.push(inner);
    }
  }
  return value;
}
