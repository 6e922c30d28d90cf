// One idx file: its header, and its values as an array. All numbers in it are big-endian.

import { UsageError } from "../../common/errors.ts";
import { ByteReader, bytesOfFile, mostBytes } from "./arrays/bytes.ts";
import { ArrayProblem, DamagedProblem } from "./arrays/problem.ts";
import { piecesOf, type StoredArray } from "./arrays/stored-array.ts";
import { countOf, type ValueType } from "./arrays/values.ts";

/** A file, or bytes in memory with the name that they have in messages. */
export interface IdxSource {
  readonly path: string;
  readonly most: () => Pick<StoredArray, "available" | "limit">;
  readonly bytes: () => AsyncIterable<Uint8Array>;
}

export function idxFile(path: string): IdxSource {
  return { path, most: () => mostBytes(path), bytes: () => bytesOfFile(path) };
}

export function idxBytes(bytes: Uint8Array, path: string): IdxSource {
  return { path, most: () => ({ available: bytes.length }), bytes: () => piecesOf([bytes]) };
}

const TYPES: Readonly<Record<number, readonly [kind: ValueType["kind"], size: number]>> = {
  8: ["unsigned", 1],
  9: ["signed", 1],
  11: ["signed", 2],
  12: ["signed", 4],
  13: ["float", 4],
  14: ["float", 8],
};

/**
 * @param ranks numbers of axes that it may have.
 * @throws UsageError naming the file if it is not such an idx file, or too short for its header.
 */
export async function openIdx(
  { path, most, bytes }: IdxSource,
  ranks: readonly number[],
): Promise<StoredArray> {
  const reader = new ByteReader(bytes());
  const start = await reader.upTo(4);
  if (start.length < 4 || start[0] !== 0 || start[1] !== 0) {
    await reader.close();
    throw new UsageError(`${path} is not an idx file`);
  }
  const [, , code, rank] = start;
  const type = TYPES[code];
  const sides = await reader.upTo(4 * rank);
  await reader.close();
  if (!type || !ranks.includes(rank)) {
    const expected = `${ranks[0]} dimension${ranks[0] > 1 ? "s" : ""}`;
    throw new UsageError(`${path} is not the expected idx file of bytes in ${expected}`);
  }
  if (sides.length < 4 * rank) throw new UsageError(`${path} is truncated: fetch it again`);
  const header = 4 + 4 * rank;
  const shape = Array.from({ length: rank }, (_, i) => sides.readUInt32BE(4 * i));
  const [kind, size] = type;
  const { available, limit } = most();
  const found = available - header;
  if (countOf(shape) * size > found)
    throw new UsageError(
      `${path} is truncated (${shape.join(" x ")} values, ${found} bytes found): fetch it again`,
    );
  return {
    ...{ name: path, file: path, shape, isColumnMajor: false, available: found },
    ...(limit && { limit }),
    type: { kind, size, isLittle: false },
    read: async function* () {
      const again = new ByteReader(bytes());
      await again.take(header);
      yield* again.rest();
    },
  };
}

/** Runs `work`; its problems become errors about the file. */
export async function explainIdx<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DamagedProblem)
      throw new UsageError(`${path} ${error.message.replace(/^it /, "")}: fetch it again`);
    if (error instanceof ArrayProblem) throw new UsageError(`${path}: ${error.message}`);
    throw error;
  }
}
