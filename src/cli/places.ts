// The lines of a display in which running trainings are shown: each keeps its line until it ends.

/** As many places as there are workers. */
export class Places<Running> {
  readonly #places: ({ readonly key: string; readonly running: Running } | undefined)[];

  constructor(workers: number) {
    this.#places = Array.from({ length: workers }, () => undefined);
  }

  /** What is in each place. */
  get all(): (Running | undefined)[] {
    return this.#places.map((place) => place?.running);
  }

  /** Shows a training in the place of its key, or in a free one. */
  put(key: string, running: Running): void {
    const own = this.#find(key);
    const place = own >= 0 ? own : this.#places.indexOf(undefined);
    if (place >= 0) this.#places[place] = { key, running };
  }

  remove(key: string): void {
    const place = this.#find(key);
    if (place >= 0) this.#places[place] = undefined;
  }

  clear(): void {
    this.#places.fill(undefined);
  }

  #find(key: string): number {
    return this.#places.findIndex((place) => place?.key === key);
  }
}
