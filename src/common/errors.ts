// The errors that a user can mend. Everything else is a defect, and its stack trace is for us.

/**
 * A mistake in what the user gave: command line, configuration, data, policy file. Exit code 2.
 * The message is one line: what is wrong, where (file, line or key), and what would mend it.
 */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
  readonly exitCode: number = 2;
}

/** A failure while running that the user can do something about: no space, no network. Exit code 1. */
export class RunError extends Error {
  override readonly name: string = "RunError";
  readonly exitCode: number = 1;
}

/** The user interrupted the run. Exit code 130, as shells do for SIGINT. */
export class InterruptedError extends Error {
  override readonly name: string = "InterruptedError";
  readonly exitCode: number = 130;
}

/** The message of anything thrown, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, " ").trim();
}

/** The system's code of a failed call, such as `ENOENT`, or undefined. */
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
  ENAMETOOLONG: "the name is too long",
};

/** Why a system call failed, in words; falls back to the system's own message. */
export function systemReason(error: unknown): string {
  return SYSTEM_REASONS[systemCode(error) ?? ""] ?? messageOf(error);
}

/**
 * The candidate nearest to `text` by edit distance (Levenshtein), for "did you mean"; undefined where
 * nothing is near enough (more than 40% of the letters differ).
 */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
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
