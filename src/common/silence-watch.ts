// Detects that something which should report regularly has fallen silent.

/** The longest time between two checks, in milliseconds. */
const CHECK_INTERVAL = 5000;

/** At least this many checks are made before a limit is reached. */
const CHECKS = 4;

/**
 * Calls `onSilent` once if `heard` has not been called for longer than the limit. The limit may change: it is read at each
 * check. Time in which this program itself was suspended (the machine asleep, Ctrl-Z) does not count.
 */
export class SilenceWatch {
  readonly #limit: () => number;
  readonly #onSilent: (milliseconds: number) => void;
  readonly #now: () => number;
  #silence = 0;
  #last: number;
  /** Until the next check, in milliseconds. */
  #wait = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param limit in milliseconds.
   * @param now the time in milliseconds since any fixed moment.
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
    const limit = this.#limit();
    // The last check comes when the limit is reached, not up to an interval later.
    this.#wait = Math.max(limit / 100, Math.min(limit / CHECKS, CHECK_INTERVAL, limit - this.#silence + 1));
    this.#timer = setTimeout(() => {
      this.#count();
      if (this.#silence > this.#limit()) this.#onSilent(this.#silence);
      else this.#schedule();
    }, this.#wait);
  }

  /** Adds the time since the last count, without the time in which the program was suspended. */
  #count(): void {
    const now = this.#now();
    this.#silence += Math.min(now - this.#last, 2 * this.#wait);
    this.#last = now;
  }
}
