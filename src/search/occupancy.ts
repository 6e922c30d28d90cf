// How busy the workers of a search were.

/** An end that is heard this soon after this program was deaf may have been earlier; in milliseconds. */
const JUST_AFTER = 50;

/**
 * Adds up trainings' times, between the first training's start and the last one's end. A training whose end is heard right
 * after this program was deaf counts as ended when that began: its worker may have waited since.
 */
export class Occupancy {
  readonly #workers: number;
  readonly #now: () => number;
  readonly #starts = new Map<string, number>();
  #first: number | undefined;
  #last: number | undefined;
  #busy = 0;
  #deafFrom = 0;
  #deafTo = Number.NEGATIVE_INFINITY;

  /** @param now the time in milliseconds, from any moment. */
  constructor(workers: number, now = () => performance.now()) {
    this.#workers = workers;
    this.#now = now;
  }

  /** A training has started; one that is run again has started before. */
  start(training: string): void {
    const now = this.#now();
    this.#first ??= now;
    if (!this.#starts.has(training)) this.#starts.set(training, now);
  }

  end(training: string): void {
    const start = this.#starts.get(training);
    if (start === undefined) return;
    this.#starts.delete(training);
    this.#last = this.#now();
    const isLate = this.#last - this.#deafTo < JUST_AFTER;
    this.#busy += Math.max(0, (isLate ? this.#deafFrom : this.#last) - start);
  }

  /** Runs something that blocks this program, during which it hears of no training. */
  whileDeaf<T>(act: () => T): T {
    const from = this.#now();
    try {
      return act();
    } finally {
      this.#deafFrom = from;
      this.#deafTo = this.#now();
    }
  }

  /** The share of all workers' time that was spent on trainings, in [0, 1]; null if none has ended. */
  get share(): number | null {
    if (this.#first === undefined || this.#last === undefined) return null;
    // A worker starts the next training a moment before the end of the last one is heard here.
    return Math.min(1, this.#busy / (this.#workers * (this.#last - this.#first)));
  }
}
