// A progress bar for work in stages, such as fetching and then decoding. It is on stderr; without a terminal, one line
// is printed per stage.

import type { Progress } from "../dataset/reader.ts";
import { LastLine } from "./drawing.ts";
import { formatDuration } from "./format.ts";
import type { Look } from "./paint.ts";
import type { Terminal } from "./terminal.ts";
import { barOf, fit, widthOf } from "./text.ts";

const MOST_BAR = 24;
const LEAST_BAR = 5;

/** A bar on stderr that starts anew with each stage and disappears at its end. */
export class ProgressBar {
  readonly #terminal: Terminal;
  #line: LastLine | undefined;
  #progress: Progress = { stage: "", done: 0, unit: "images" };
  #start = 0;
  /** The count at the start of the stage: resumed work does not start at 0. */
  #doneBefore = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(progress: Progress): void {
    const isNew = progress.stage !== this.#progress.stage;
    if (isNew) this.stop();
    this.#progress = progress;
    if (isNew) this.#begin(progress);
    else this.#line?.update();
  }

  #begin({ stage, done }: Progress): void {
    this.#doneBefore = done;
    this.#start = performance.now();
    if (this.#terminal.isInteractive) {
      this.#line = new LastLine(this.#terminal, (look) => progressLine(this.#progress, this.#left, look));
    } else {
      this.#terminal.log(stage);
    }
  }

  stop(): void {
    this.#line?.stop();
    this.#line = undefined;
    this.#progress = { ...this.#progress, stage: "" };
  }

  /** The time left, or nothing if it is not known. */
  get #left(): string {
    const { done, total = 0 } = this.#progress;
    const since = done - this.#doneBefore;
    if (since <= 0 || total <= 0) return "";
    const seconds = (performance.now() - this.#start) / 1000;
    return `${formatDuration((seconds / since) * (total - done))} left`;
  }
}

/** The stage, its bar, how much is done and the time left, in one line. */
export function progressLine(
  { stage, done, total = 0, unit }: Progress,
  left: string,
  { columns, paint }: Look,
): string {
  const amount = (number: number) => (unit === "bytes" ? `${(number / 1e6).toFixed(0)} MB` : String(number));
  if (total <= 0) return fit(`${stage} ${amount(done)}`, columns);
  const end = `${amount(done)}/${amount(total)}${left && `  ${left}`}`;
  const width = Math.min(MOST_BAR, columns - widthOf(stage) - widthOf(end) - 2);
  if (width < LEAST_BAR) return fit(`${stage} ${end}`, columns);
  return `${stage} ${barOf(done / total, width, paint)} ${end}`;
}
