// How busy the workers of a search were.

/** Adds up trainings' times, between the first training's start and the last one's end. */
export class Occupancy {
  readonly #workers: number;
  readonly #starts = new Map<string, number>();
  #first: number | undefined;
  #last = 0;
  #busy = 0;

  constructor(workers: number) {
    this.#workers = workers;
  }

  /** A training has started; one that is run again has started before. */
  start(training: string): void {
    const now = performance.now();
    this.#first ??= now;
    if (!this.#starts.has(training)) this.#starts.set(training, now);
  }

  end(training: string): void {
    const start = this.#starts.get(training);
    if (start === undefined) return;
    this.#starts.delete(training);
    this.#last = performance.now();
    this.#busy += this.#last - start;
  }

  /** The share of all workers' time that was spent on trainings, in [0, 1]; null where none has ended. */
  get share(): number | null {
    if (this.#first === undefined || this.#busy === 0) return null;
    // A worker takes up the next training a moment before the end of the last one is heard of here.
    return Math.min(1, this.#busy / (this.#workers * (this.#last - this.#first)));
  }
}
