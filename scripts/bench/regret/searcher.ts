// The methods that are compared, with one interface to ask for points and report rewards: ours in this process, others in
// Python.

import { fileURLToPath } from "node:url";
import { BayesianController } from "../../../src/controller/bayesian.ts";
import type { Controller, Dimension, Judged, Point } from "../../../src/controller/controller.ts";
import { predictedRewards } from "../../../src/controller/predicted.ts";
import { RandomController } from "../../../src/controller/random.ts";
import { PythonPeer } from "../python-peer.ts";
import { ForestController } from "./forest-controller.ts";

const INITIAL_POINTS = 10;

/** One method; a search begins with `start`. */
export interface Searcher {
  /** The name in the table. */
  readonly title: string;
  start(seed: number, dimensions: readonly Dimension[]): Promise<void>;
  ask(trial: number): Promise<Point>;
  tell(trial: number, judged: Judged): Promise<void>;
  /** The trial that it would recommend: an index in `judged`. */
  recommend(judged: readonly Judged[]): number;
  close(): void;
}

/** Those that need no Python. */
export const OURS = ["ours", "random", "forest"];
/** Those of peers.py. */
export const PEERS = ["scikit-optimize", "optuna-tpe", "optuna-tpe-univariate"];

/**
 * @param python the command of a Python for the peers.
 * @returns the name of the module that the Python lacks instead, if it lacks one.
 */
export async function openSearcher(method: string, python: string | undefined): Promise<Searcher | string> {
  if (method === "ours")
    return new Ours("ours", (...args) => new BayesianController(...args, INITIAL_POINTS));
  if (method === "forest")
    return new Ours("forest alone", (...args) => new ForestController(...args, INITIAL_POINTS));
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

  /** Ours hands over what is predicted to be best; random search and the forest what came out best. */
  recommend(judged: readonly Judged[]): number {
    const predicts = this.#controller instanceof BayesianController;
    return greatest(predicts ? predictedRewards(this.#dimensions, judged, this.#seed) : rewardsOf(judged));
  }

  close(): void {}
}

/** A method of peers.py, in a process of its own. */
class Peer implements Searcher {
  readonly title: string;
  readonly #python: PythonPeer;

  private constructor(title: string, python: PythonPeer) {
    this.title = title;
    this.#python = python;
  }

  static async start(method: string, command: string): Promise<Peer | string> {
    const script = fileURLToPath(new URL("peers.py", import.meta.url));
    const python = await PythonPeer.start(command, [script, method]);
    const { version, missing } = (await python.answer()) as { version?: string; missing?: string };
    if (version === undefined) return missing!;
    const title = method === "optuna-tpe-univariate" ? `${version} TPE, univariate` : `${version}`;
    return new Peer(method === "optuna-tpe" ? `${version} TPE` : title, python);
  }

  async start(seed: number, dimensions: readonly Dimension[]): Promise<void> {
    await this.#python.ask({ start: seed, dimensions });
  }

  async ask(): Promise<Point> {
    return ((await this.#python.ask({ ask: true })) as { point: Point }).point;
  }

  async tell(_trial: number, { point, reward }: Judged): Promise<void> {
    await this.#python.ask({ tell: reward, point });
  }

  recommend(judged: readonly Judged[]): number {
    return greatest(rewardsOf(judged));
  }

  close(): void {
    this.#python.close();
  }
}

function rewardsOf(judged: readonly Judged[]): number[] {
  return judged.map(({ reward }) => reward);
}

/** The index of the greatest value, or of the first of equal ones. */
function greatest(values: readonly number[]): number {
  return values.reduce((best, value, index) => (value > values[best] ? index : best), 0);
}
