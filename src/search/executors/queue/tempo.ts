// How busy a worker is, and how fast: over the last minute.

/** In milliseconds. */
const SPAN = 60_000;

export class Tempo {
  readonly #slots: number;
  readonly #now: () => number;
  readonly #start: number;
  #images: { readonly at: number; readonly count: number }[] = [];
  /** How many slots were taken, from each moment on. */
  #levels: { readonly at: number; readonly taken: number }[];

  /** @param now the time in milliseconds, from any moment. */
  constructor(slots: number, now = () => performance.now()) {
    this.#slots = slots;
    this.#now = now;
    this.#start = now();
    this.#levels = [{ at: this.#start, taken: 0 }];
  }

  /** Images have been trained on. */
  train(count: number): void {
    this.#images.push({ at: this.#now(), count });
    this.#forget();
  }

  /** This many slots are taken from now on. */
  occupy(taken: number): void {
    this.#levels.push({ at: this.#now(), taken });
    this.#forget();
  }

  get imagesPerSecond(): number {
    this.#forget();
    const images = this.#images.reduce((sum, { count }) => sum + count, 0);
    return images / (Math.max(1, this.#now() - this.#since) / 1000);
  }

  /** Share of the slots' time, in [0, 1]. */
  get busy(): number {
    this.#forget();
    const [now, since] = [this.#now(), this.#since];
    if (now <= since) return 0;
    const taken = this.#levels.reduce((sum, { at, taken }, index) => {
      const end = this.#levels[index + 1]?.at ?? now;
      return sum + taken * (end - Math.max(at, since));
    }, 0);
    return Math.min(1, taken / (this.#slots * (now - since)));
  }

  /** Where the last minute begins; the start, if that is later. */
  get #since(): number {
    return Math.max(this.#start, this.#now() - SPAN);
  }

  #forget(): void {
    const since = this.#since;
    const current = this.#levels.findLastIndex(({ at }) => at <= since);
    this.#levels = this.#levels.slice(Math.max(0, current));
    this.#images = this.#images.filter(({ at }) => at > since);
  }
}
