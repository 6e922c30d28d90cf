// The machines that train through a queue, in one line.

import type { Machine } from "../search/executors/queue/machines.ts";
import { count, formatRate } from "./format.ts";
import { widthOf } from "./text.ts";

/** With as many names as fit, and the trainings of each once one has ended. @param columns of the terminal. */
export function machinesLine(machines: readonly Machine[], columns = Number.POSITIVE_INFINITY): string {
  if (machines.length === 0)
    return "no machine trains: start a worker with the same --queue and --queue-prefix";
  const rate = machines.reduce((sum, { imagesPerSecond }) => sum + imagesPerSecond, 0);
  const head = count(machines.length, "machine");
  const hasTrained = machines.some(({ trainings }) => trainings > 0);
  const end = rate > 0 ? `; ${formatRate(rate)} images/s` : "";
  const counted = (name: string, trainings: number) =>
    hasTrained ? `${name} ${trainings.toLocaleString("en")}` : name;
  for (let named = machines.length; named > 0; named--) {
    const names = machines.slice(0, named).map(({ host, trainings }) => counted(host, trainings));
    const others = machines.slice(named);
    const rest = others.reduce((sum, { trainings }) => sum + trainings, 0);
    if (others.length > 0) names.push(counted(count(others.length, "other"), rest));
    const isOne = machines.length === 1 && machines[0].trainings === 1;
    const unit = hasTrained ? (isOne ? " training" : " trainings") : "";
    const line = `${head}: ${names.join(", ")}${unit}${end}`;
    if (widthOf(line) <= columns) return line;
  }
  return `${head}${end}`;
}

/** At most one line in this time, in milliseconds. */
const LEAST_PAUSE = 60_000;

/** For a display that prints lines: says which machines there are when others have come or gone, and at once when the first have. */
export class MachinesLog {
  readonly #log: (line: string) => void;
  readonly #now: () => number;
  #hosts: string | undefined;
  #hadNone = false;
  #last = Number.NEGATIVE_INFINITY;

  /** @param now the time in milliseconds, for tests. */
  constructor(log: (line: string) => void, now = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  show(machines: readonly Machine[]): void {
    const hosts = JSON.stringify(machines.map(({ host }) => host).sort());
    const now = this.#now();
    if (hosts === this.#hosts || (now - this.#last < LEAST_PAUSE && !this.#hadNone)) return;
    [this.#hosts, this.#hadNone, this.#last] = [hosts, machines.length === 0, now];
    this.#log(machinesLine(machines));
  }
}
