// What a reader made of an input: it was read, or refused with one clear line; everything else is a failure.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunError, UsageError } from "../../src/common/errors.ts";
import { writeFiles } from "../dataset/fixtures/files.ts";
import type { FuzzClass, FuzzInput } from "./input.ts";

export interface Outcome {
  readonly kind: "read" | "refused" | "failed";
  /** What was read, the line, or what is wrong. */
  readonly text: string;
}

/** Longer messages are no line that anyone reads. */
const LONGEST_MESSAGE = 1000;

/** What a message has if an error of JavaScript or of a library was passed on instead of a reason. */
const RAW =
  /Cannot read prop|(?<!that )is not a function\b|is not iterable|(of|properties of|not) undefined|Maximum call stack|Invalid (typed )?array|Array buffer|out of bounds|outside the bounds|ERR_|\[object|unreachable|memory access|is not defined|Cannot (convert|set|create)|of null|zlib|Offset is|must be (of type|an instance)|Invalid string length|Invalid count/;

/** Reads an input in a folder of its own. */
export async function outcomeOf(fuzzClass: FuzzClass, input: FuzzInput): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
  try {
    writeFiles(input.files, folder);
    return { kind: "read", text: await fuzzClass.read(join(folder, input.path), folder) };
  } catch (error) {
    return ofError(error, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function ofError(error: unknown, folder: string): Outcome {
  if (!(error instanceof UsageError || error instanceof RunError)) {
    return { kind: "failed", text: `an error that is not for the user: ${(error as Error)?.stack ?? error}` };
  }
  const text = error.message.replaceAll(folder, "data");
  const problem = problemOf(text);
  return problem ? { kind: "failed", text: `${problem}: ${text}` } : { kind: "refused", text };
}

/** What is wrong with a message. */
function problemOf(text: string): string | undefined {
  if (text.length > LONGEST_MESSAGE) return `a message of ${text.length} characters`;
  if (/[\p{Cc}\p{Bidi_Control}]/u.test(text)) return "a message with control characters";
  if (RAW.test(text)) return "a message of JavaScript or of a library";
  return undefined;
}
