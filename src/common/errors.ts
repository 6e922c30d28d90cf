// The errors that a user can fix. Every other error is a defect of the program and is shown with its stack trace. The messages
// of these errors are printable: on one line, with what they quote shortened.

import { printable, withoutCredentials } from "./printable.ts";

/**
 * A mistake in the user's input: command line, configuration, data or policy file. Exit code 2.
 * The message is one line: what is wrong, where (file, line or key), and how to fix it.
 */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
  readonly exitCode: number = 2;

  constructor(message: string) {
    super(printable(message));
  }
}

/** A failure at run time that the user can do something about, such as a full disk or no network. Exit code 1. */
export class RunError extends Error {
  override readonly name: string = "RunError";
  readonly exitCode: number = 1;

  constructor(message: string) {
    super(printable(message));
  }
}

/** What a task must keep cannot be written, such as on a full disk: no other task could either. Like any RunError for the user. */
export class StorageError extends RunError {
  override readonly name: string = "StorageError";
}

/** The user interrupted the run. Exit code 130, as shells do for SIGINT. */
export class InterruptedError extends Error {
  override readonly name: string = "InterruptedError";
  readonly exitCode: number = 130;

  constructor(message: string) {
    super(printable(message));
  }
}

/** Longest text of a value in a message. */
const LONGEST_VALUE = 60;

/** Characters of a value in which passwords are looked for. */
const LONGEST_URL = 2000;

/** A value for a message: on one line, not too long, as its reader would write it. */
export function formatValue(value: unknown): string {
  const text = beginningOf(value, false, LONGEST_VALUE + 1);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE - 3)}...`;
}

/**
 * The text of a value, at least its first `most` characters. Nothing that is cut off is written: a value may have many levels, or
 * contain itself.
 * @param isJson whether it is inside an object, which is written as JSON.
 */
function beginningOf(value: unknown, isJson: boolean, most: number): string {
  if (value === undefined) return isJson ? "null" : "nothing";
  if (ArrayBuffer.isView(value)) return `a ${value.constructor.name}`;
  if (typeof value === "string") {
    // Before anything is cut off, since what is cut off says which part is a password.
    return JSON.stringify(withoutCredentials(value.slice(0, LONGEST_URL)).slice(0, most));
  }
  if (typeof value === "number" && !isJson) return String(value);
  if (typeof value !== "object" || value === null) return plainText(value);
  const list = Array.isArray(value);
  const parts = list ? value.keys() : Object.keys(value);
  let text = list ? "[" : "{";
  for (const key of parts) {
    if (text.length >= most) return text;
    if (text.length > 1) text += list && !isJson ? ", " : ",";
    if (!list) text += `${JSON.stringify(String(key).slice(0, most))}:`;
    const part: unknown = value[key as keyof typeof value];
    text += beginningOf(part, isJson || !list, most - text.length);
  }
  return text + (list ? "]" : "}");
}

function plainText(value: unknown): string {
  return typeof value === "bigint" ? String(value) : (JSON.stringify(value) ?? String(value));
}

/**
 * The message for a value that is not what it should be: `--batch: expected a whole number from 1 to 64, received "x"`.
 * @param name of the parameter, option or key.
 */
export function mismatch(name: string, expected: string, received: unknown): string {
  return `${name}: expected ${expected}, received ${formatValue(received)}`;
}

/** The message of any thrown value, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, " ").trim();
}

/** The error code of a failed system call, such as `ENOENT`; undefined for other errors. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const SYSTEM_REASONS: Record<string, string> = {
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of the path is not a folder",
  EISDIR: "it is a folder, not a file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device; free some and run again",
  EDQUOT: "the disk quota is used up; free some and run again",
  EFBIG: "the file may not grow any further (a limit on the size of files)",
  EMFILE: "too many open files",
  ENXIO: "it is a named pipe that nothing reads, or a socket",
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "the name is too long",
};

/** The reason why a system call failed, in words; the system's own message if the code is unknown. */
export function systemReason(error: unknown): string {
  return SYSTEM_REASONS[systemCode(error) ?? ""] ?? messageOf(error);
}

/** Longer texts are no spelling of each other that anybody would mean, and comparing them takes long. */
const LONGEST_NAME = 100;
/** Candidates that are compared. */
const MOST_CANDIDATES = 1000;

/**
 * The candidate nearest to `text` by edit distance (Levenshtein), for "did you mean"; undefined if even that one is too
 * far away (a distance over 2 and over 40% of the longer one's length). Texts of more than 100 characters are not compared.
 */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  if (text.length > LONGEST_NAME) return undefined;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates.slice(0, MOST_CANDIDATES)) {
    if (candidate.length > LONGEST_NAME) continue;
    const distance = editDistance(text.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  const limit = Math.max(2, 0.4 * Math.max(text.length, best?.length ?? 0));
  return bestDistance <= limit ? best : undefined;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, previous[j] + 1, current[j - 1] + 1));
    }
    previous = current;
  }
  return previous[b.length];
}
