// The arrays in numpy's files: `.npy`, one array, and `.npz`, a zip archive of such files.

import { UsageError } from "../../../common/errors.ts";
import { readablePath } from "../../../common/path-bytes.ts";
import { ByteReader, bytesOfFile, mostBytes } from "./bytes.ts";
import { type NpyHeader, readNpyHeader } from "./npy-header.ts";
import { ArrayProblem, DamagedProblem } from "./problem.ts";
import {
  type ArrayPlace,
  checkArrays,
  differentlyNamed,
  type FoundArray,
  type StoredArray,
  shownName,
} from "./stored-array.ts";
import { membersOfZip, type ZipMember } from "./zip.ts";

const EXTENSION = ".npy";

/** @throws UsageError if the file cannot be read, ArrayProblem if it is not such a file. */
export async function openNpy(path: string, place: ArrayPlace): Promise<FoundArray> {
  const header = await headerOf(bytesOfFile(path));
  return arrayOf(place, header, mostBytes(path), () => bytesOfFile(path));
}

/** All arrays of an archive. @throws ArrayProblem if it is not such an archive. */
export async function openNpz(path: string, place: Omit<ArrayPlace, "name">): Promise<readonly FoundArray[]> {
  const members = await openZip(path);
  const own = members.filter(({ name }) => name.endsWith(EXTENSION));
  checkArrays(own.length);
  const arrays: FoundArray[] = [];
  for (const member of own) {
    const name = member.name.slice(0, -EXTENSION.length);
    arrays.push(await openMember(member, { ...place, name }));
  }
  if (arrays.length === 0) throw new ArrayProblem(describeOther(members));
  return differentlyNamed(arrays);
}

async function openZip(path: string): Promise<ZipMember[]> {
  try {
    return await membersOfZip(path);
  } catch (error) {
    if (!(error instanceof DamagedProblem)) throw error;
    throw new UsageError(
      `${readablePath(path)} is truncated or not an npz file (${error.message}): save or fetch it again`,
    );
  }
}

async function openMember(member: ZipMember, place: ArrayPlace): Promise<FoundArray> {
  try {
    return arrayOf(place, await headerOf(member.read()), member, () => member.read());
  } catch (error) {
    // It matters only if the array is needed.
    if (!(error instanceof ArrayProblem)) throw error;
    return { ...place, problem: error.message };
  }
}

async function headerOf(bytes: AsyncIterable<Uint8Array>): Promise<NpyHeader> {
  const reader = new ByteReader(bytes);
  try {
    return await readNpyHeader(reader);
  } finally {
    await reader.close();
  }
}

function arrayOf(
  place: ArrayPlace,
  { type, shape, isColumnMajor, length }: NpyHeader,
  { available, limit }: Pick<StoredArray, "available" | "limit">,
  open: () => AsyncIterable<Uint8Array>,
): FoundArray {
  if ("problem" in type) return { ...place, problem: type.problem };
  return {
    ...place,
    ...{ type, shape, available: Math.max(0, available - length), ...(limit && { limit }) },
    isColumnMajor,
    read: async function* () {
      const reader = new ByteReader(open());
      await reader.take(length);
      yield* reader.rest();
    },
  };
}

/** What an archive without arrays is, and what to do. */
function describeOther(members: readonly ZipMember[]): string {
  const names = members.map(({ name }) => shownName(name));
  if (names.some((name) => /(^|\/)data\.pkl$/.test(name)))
    return "it is a PyTorch file, which is not read: save its arrays with numpy.savez(path, images=x.numpy(), labels=y.numpy())";
  if (names.length === 0) return "it is an empty archive (zip), without arrays";
  return `it is an archive (zip) without arrays, of ${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""}: unpack it, and give the folder`;
}
