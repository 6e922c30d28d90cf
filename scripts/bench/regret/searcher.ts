// What is compared: whatever can be asked for points and told rewards, ours in this process and others' in Python.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { RunError, systemCode, UsageError } from "../../../src/common/errors.ts";
import { BayesianController } from "../../../src/controller/bayesian.ts";
import type { Controller, Dimension, Judged, Point } from "../../../src/controller/controller.ts";
import { predictedRewards } from "../../../src/controller/predicted.ts";
import { RandomController } from "../../../src/controller/random.ts";

const INITIAL_POINTS = 10;

/** One method; a search begins with `start`. */
export interface Searcher {
  /** What stands in the table. */
  readonly title: string;
  start(seed: number, dimensions: readonly Dimension[]): Promise<void>;
  ask(trial: number): Promise<Point>;
  tell(trial: number, judged: Judged): Promise<void>;
  /** Which of the trials it would hand over: the index in `judged`. */
  recommend(judged: readonly Judged[]): number;
  close(): void;
}

/** Those that need no Python. */
export const OURS = ["ours", "random"];
/** Those of peers.py. */
export const PEERS = ["scikit-optimize", "optuna-tpe", "optuna-tpe-univariate"];

/**
 * @param python the command of a Python for the peers.
 * @returns the name of the module that the Python lacks instead, if it lacks one.
 */
export async function openSearcher(method: string, python: string | undefined): Promise<Searcher | string> {
  if (method === "ours")
    return new Ours("ours", (...args) => new BayesianController(...args, INITIAL_POINTS));
  if (method === "random") return new Ours("random search", (...args) => new RandomController(...args));
  return Peer.start(method, python!);
}

class Ours implements Searcher {
  readonly title: string;
  readonly #create: (dimensions: readonly Dimension[], seed: number) => Controller;
  #controller: Controller | undefined;
  #dimensions: readonly Dimension[] = [];
  #seed = 0;

  constructor(title: string, create: (dimensions: readonly Dimension[], seed: number) => Controller) {
    this.title = title;
    this.#create = create;
  }

  async start(seed: number, dimensions: readonly Dimension[]): Promise<void> {
    this.#controller = this.#create(dimensions, seed);
    [this.#dimensions, this.#seed] = [dimensions, seed];
  }

  async ask(trial: number): Promise<Point> {
    return this.#controller!.ask(trial);
  }

  async tell(trial: number, { point, reward, standardError }: Judged): Promise<void> {
    this.#controller!.tell(trial, point, reward, standardError);
  }

  /** Random search hands over what came out best; ours what is predicted to be best. */
  recommend(judged: readonly Judged[]): number {
    const random = this.#controller instanceof RandomController;
    return greatest(random ? rewardsOf(judged) : predictedRewards(this.#dimensions, judged, this.#seed));
  }

  close(): void {}
}

/** A method of peers.py, in a process of its own. */
class Peer implements Searcher {
  readonly title: string;
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(
    title: string,
    process: ChildProcessByStdio<Writable, Readable, null>,
    lines: AsyncIterator<string>,
  ) {
    this.title = title;
    this.#process = process;
    this.#lines = lines;
  }

  static async start(method: string, python: string): Promise<Peer | string> {
    const script = fileURLToPath(new URL("peers.py", import.meta.url));
    const child = spawn(python, [script, method], { stdio: ["pipe", "pipe", "inherit"] });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (error) =>
        reject(
          systemCode(error) === "ENOENT" ? new UsageError(`--python: there is no program ${python}`) : error,
        ),
      );
    });
    child.stdin.on("error", () => {}); // it has ended: the answer that does not come tells so
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { version, missing } = (await answerOf(lines)) as { version?: string; missing?: string };
    if (version === undefined) return missing!;
    const title = method === "optuna-tpe-univariate" ? `${version} TPE, univariate` : `${version}`;
    return new Peer(method === "optuna-tpe" ? `${version} TPE` : title, child, lines);
  }

  async start(seed: number, dimensions: readonly Dimension[]): Promise<void> {
    await this.#request({ start: seed, dimensions });
  }

  async ask(): Promise<Point> {
    return ((await this.#request({ ask: true })) as { point: Point }).point;
  }

  async tell(_trial: number, { point, reward }: Judged): Promise<void> {
    await this.#request({ tell: reward, point });
  }

  recommend(judged: readonly Judged[]): number {
    return greatest(rewardsOf(judged));
  }

  close(): void {
    this.#process.stdin.end();
  }

  async #request(request: object): Promise<unknown> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    return answerOf(this.#lines);
  }
}

async function answerOf(lines: AsyncIterator<string>): Promise<unknown> {
  const answer = await lines.next();
  if (answer.done) throw new RunError("the peer's Python ended without an answer; what it said stands above");
  return JSON.parse(answer.value);
}

function rewardsOf(judged: readonly Judged[]): number[] {
  return judged.map(({ reward }) => reward);
}

/** Where the greatest value stands, the first of equal ones. */
function greatest(values: readonly number[]): number {
  return values.reduce((best, value, index) => (value > values[best] ? index : best), 0);
}
