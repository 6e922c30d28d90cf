// What worker processes print themselves, such as a warning of Node's or a message of a native library. It goes to this
// program's stderr, unless a command shows it in another way: a display on a terminal would be torn by it.

import type { Readable } from "node:stream";

/** Takes a line without its end. */
export type LineTaker = (line: string) => void;

let taker: LineTaker | undefined;

/** Gives the lines of workers that start from now on to `take`; returns a function that undoes this. */
export function takeWorkerOutput(take: LineTaker): () => void {
  const before = taker;
  taker = take;
  return () => {
    taker = before;
  };
}

/** The function that takes the lines of a worker that starts now; undefined if they go to stderr. */
export function workerOutputTaker(): LineTaker | undefined {
  return taker;
}

/** Passes on each line of a stream, and in the end what follows the last line end. */
export function eachLine(stream: Readable, take: LineTaker): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
  stream.on("end", () => {
    if (rest !== "") take(rest);
  });
}
