// Why an array, or the file with it, cannot be read: in words that follow the file's name.

import { InterruptedError, RunError, UsageError } from "../../../common/errors.ts";

/** The message is one line: `its values are from -1 to 1; images need …`. */
export class ArrayProblem extends Error {}

/** The file differs from what was written: it is truncated, or its bytes contradict each other. */
export class DamagedProblem extends ArrayProblem {}

/** @throws DamagedProblem if there are fewer bytes than an array needs. */
export function checkLength(expected: number, found: number): void {
  if (found < expected)
    throw new DamagedProblem(`it is truncated: ${expected} bytes expected, ${found} found`);
}

/** Runs `work`; its problems become errors about `subject`, such as a file and an array in it. */
export async function about<T>(subject: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain(subject, error);
  }
}

/** The error to throw for one that was caught: a problem becomes a UsageError that names `subject`. */
export function explain(subject: string, error: unknown): unknown {
  const isKnown =
    error instanceof UsageError || error instanceof RunError || error instanceof InterruptedError;
  if (isKnown || !(error instanceof ArrayProblem)) return error;
  return new UsageError(`${subject}: ${error.message}`);
}
