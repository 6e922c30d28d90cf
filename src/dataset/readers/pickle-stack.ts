// The stack of the machine that runs a pickle.

import { type Item, MARK, PickleProblem } from "./pickle-values.ts";

export class PickleStack {
  readonly #items: Item[] = [];

  get top(): Item | undefined {
    return this.#items.at(-1);
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  pop(): Item {
    return this.popLast(1)[0];
  }

  popLast(count: number): Item[] {
    if (count > this.#items.length) throw new PickleProblem("it takes more values than the stack has");
    return this.#items.splice(this.#items.length - count);
  }

  popToMark(): Item[] {
    const mark = this.#items.lastIndexOf(MARK);
    if (mark < 0) throw new PickleProblem("it lacks a mark");
    return this.#items.splice(mark).slice(1);
  }
}
