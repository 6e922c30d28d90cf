// A progress bar for work in stages, such as fetching and then decoding. It is on stderr; without a terminal, one line
// is printed per stage.

import { Presets, SingleBar } from "cli-progress";
import type { Progress } from "../dataset/reader.ts";
import { formatDuration } from "./format.ts";
import type { Terminal } from "./terminal.ts";

/** A bar on stderr that starts anew with each stage and disappears at its end. */
export class ProgressBar {
  readonly #terminal: Terminal;
  #bar: SingleBar | undefined;
  #stage = "";
  #start = 0;
  /** The count at the start of the stage: resumed work does not start at 0. */
  #doneBefore = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(progress: Progress): void {
    const { stage, done, total = 0, unit } = progress;
    if (stage !== this.#stage) this.#begin(progress);
    const seconds = (performance.now() - this.#start) / 1000;
    const since = done - this.#doneBefore;
    const left = since > 0 && total > 0 ? `${formatDuration((seconds / since) * (total - done))} left` : "";
    const amount = (count: number) => (unit === "bytes" ? `${(count / 1e6).toFixed(0)} MB` : String(count));
    this.#bar?.update(done, {
      stage,
      amount: total > 0 ? `${amount(done)}/${amount(total)}` : amount(done),
      left,
    });
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#stage = "";
  }

  #begin({ stage, done, total = 0 }: Progress): void {
    this.stop();
    this.#stage = stage;
    this.#doneBefore = done;
    this.#start = performance.now();
    if (!this.#terminal.isInteractive) {
      this.#terminal.log(stage);
      return;
    }
    this.#bar = new SingleBar(
      {
        stream: this.#terminal.stderr,
        format: total > 0 ? "{stage} {bar} {amount}  {left}" : "{stage} {amount}",
        hideCursor: true,
        gracefulExit: false,
        barsize: 24,
        linewrap: false,
        clearOnComplete: true,
      },
      Presets.shades_classic,
    );
    this.#bar.start(total, 0, { stage, amount: "", left: "" });
  }
}
