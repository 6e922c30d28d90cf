// A program that is started again as a supervisor would do it: if it ends because it cannot reach the queue when it starts.

import { setTimeout as sleep } from "node:timers/promises";
import { signal } from "../../test/cli/processes.ts";
import type { Finished, Started } from "../../test/cli/run.ts";

const CANNOT_REACH = /^deepaugment: cannot reach the queue [^\n]*\n$/m;
/** Before it is started again, in milliseconds. */
const PAUSE = 500;

export class Supervised {
  readonly #begin: () => Started;
  #program: Started;
  #isLeft = false;
  #isRunning = true;
  #restarts = 0;
  /** How it has ended for good. */
  readonly finished: Promise<Finished>;

  constructor(begin: () => Started) {
    this.#begin = begin;
    this.#program = begin();
    this.finished = this.#supervise();
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** How often it was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  get pid(): number {
    return this.#program.process.pid!;
  }

  /** Sends a signal, and does not start it again. */
  leave(name: NodeJS.Signals): Promise<Finished> {
    this.#isLeft = true;
    signal(this.pid, name);
    return this.finished;
  }

  async #supervise(): Promise<Finished> {
    for (;;) {
      const ended = await this.#program.finished;
      if (this.#isLeft || ended.code !== 1 || !CANNOT_REACH.test(ended.stderr)) {
        this.#isRunning = false;
        return ended;
      }
      await sleep(PAUSE);
      this.#restarts++;
      this.#program = this.#begin();
      if (this.#isLeft) signal(this.pid, "SIGKILL");
    }
  }
}
