// Whether something that should report now and then has fallen silent.

/** The longest time between two looks, in milliseconds. */
const LOOK_INTERVAL = 5000;

/** There are at least this many looks before a limit is reached. */
const LOOKS = 4;

/**
 * Calls `onSilent`, once, when `heard` has not been called for longer than the limit. The limit may change: it is asked for
 * at each look. Time in which this program itself stood still (the machine asleep, Ctrl-Z) does not count.
 */
export class SilenceWatch {
  readonly #limit: () => number;
  readonly #onSilent: (milliseconds: number) => void;
  readonly #now: () => number;
  #silence = 0;
  #last: number;
  /** Until the next look, in milliseconds. */
  #wait = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param limit in milliseconds.
   * @param now the time in milliseconds, from any moment.
   */
  constructor(limit: () => number, onSilent: (milliseconds: number) => void, now = () => performance.now()) {
    this.#limit = limit;
    this.#onSilent = onSilent;
    this.#now = now;
    this.#last = now();
    this.#schedule();
  }

  /** Ends a silence; returns how long it was, in milliseconds. */
  heard(): number {
    this.#count();
    const silence = this.#silence;
    this.#silence = 0;
    return silence;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#wait = Math.min(this.#limit() / LOOKS, LOOK_INTERVAL);
    this.#timer = setTimeout(() => {
      this.#count();
      if (this.#silence > this.#limit()) this.#onSilent(this.#silence);
      else this.#schedule();
    }, this.#wait);
  }

  /** Adds the time since the last count, but not what a program that stood still would have missed. */
  #count(): void {
    const now = this.#now();
    this.#silence += Math.min(now - this.#last, 2 * this.#wait);
    this.#last = now;
  }
}
