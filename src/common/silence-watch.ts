// Whether something that should report now and then has fallen silent.

/** How often is looked at most, in milliseconds. */
const LOOK_INTERVAL = 5000;

/** Looks so many times, or more often, before a limit is reached. */
const LOOKS = 4;

/**
 * Calls `onSilent`, once, when `heard` has not been called for longer than the limit. The limit is asked for anew at each
 * look: it may change. Time in which this program itself stood still (the machine asleep, Ctrl-Z) does not count.
 */
export class SilenceWatch {
  readonly #limit: () => number;
  readonly #onSilent: (milliseconds: number) => void;
  #silence = 0;
  #last = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** @param limit in milliseconds. */
  constructor(limit: () => number, onSilent: (milliseconds: number) => void) {
    this.#limit = limit;
    this.#onSilent = onSilent;
    this.#schedule();
  }

  heard(): void {
    this.#silence = 0;
    this.#last = performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    const wait = Math.min(this.#limit() / LOOKS, LOOK_INTERVAL);
    this.#timer = setTimeout(() => {
      const now = performance.now();
      this.#silence += Math.min(now - this.#last, 2 * wait);
      this.#last = now;
      if (this.#silence > this.#limit()) this.#onSilent(this.#silence);
      else this.#schedule();
    }, wait);
  }
}
