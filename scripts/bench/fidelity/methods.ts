// The methods that are compared by regret per trained image, with one interface: what to train next, up to which stage, and
// what it then validated. Ours in this process, others in Python.

import { fileURLToPath } from "node:url";
import { meanOf, standardErrorOf } from "../../../src/common/mean.ts";
import { BayesianController } from "../../../src/controller/bayesian.ts";
import { type Judged, type Point, randomSearchPoint } from "../../../src/controller/controller.ts";
import { predictedRewards } from "../../../src/controller/predicted.ts";
import { completed, type RungResult } from "../../../src/controller/rungs.ts";
import { startingPoints } from "../../../src/policy/starts.ts";
import { type StopRule, stopsFrom } from "../../../src/search/stopping.ts";
import { PythonPeer } from "../python-peer.ts";
import type { Landscape } from "./landscape.ts";

/** What a method knows of the landscape. */
export type Searched = Pick<Landscape, "space" | "first" | "stages">;

/** A step of a training: from the stage that it has reached up to `stage`. */
export interface Step {
  readonly trial: number;
  readonly sample: number;
  readonly point: Point;
  /** An index of the landscape's stages. */
  readonly stage: number;
}

export interface Method {
  readonly title: string;
  start(seed: number, searched: Searched): Promise<void>;
  next(): Promise<Step>;
  tell(accuracy: number): Promise<void>;
  /** The policy that it would hand over. */
  recommend(): Point;
  close(): void;
}

const INITIAL_POINTS = 10;

/** A search of ours. */
export interface OurSettings {
  /** Trainings per trial. */
  readonly samples?: number;
  /** The last stage's epochs; unless given, all. */
  readonly epochs?: number;
  readonly stopRule?: StopRule;
  /** Whether its first trials are those of startingPoints. */
  readonly starts?: boolean;
}

/** Our search: full trainings, or with a rule that stops some early. */
export class Ours implements Method {
  readonly title: string;
  readonly #settings: OurSettings;
  #searched!: Searched;
  #stages: readonly number[] = [];
  #seed = 0;
  #controller!: BayesianController;
  #trial = 0;
  #step!: Step;
  /** Of the trial's present training, by rung. */
  #rungs: number[] = [];
  #samples: number[] = [];
  #trainings: { rungs: readonly number[] }[] = [];
  #judged: (Judged & RungResult & { isWhole: boolean })[] = [];

  constructor(title: string, settings: OurSettings) {
    this.title = title;
    this.#settings = settings;
  }

  async start(seed: number, searched: Searched): Promise<void> {
    const { space, first, stages } = searched;
    const { epochs = stages.at(-1)! } = this.#settings;
    [this.#searched, this.#seed, this.#trial] = [searched, seed, 0];
    this.#stages = stages.slice(0, stages.indexOf(epochs) + 1);
    const starts = this.#settings.starts ? startingPoints(space) : [];
    const from = first.length;
    this.#controller = new BayesianController(space.dimensions, seed, INITIAL_POINTS, {
      from,
      points: starts,
    });
    [this.#judged, this.#trainings] = [[], []];
    this.#begin(first[0]);
  }

  async next(): Promise<Step> {
    return this.#step;
  }

  async tell(accuracy: number): Promise<void> {
    const { samples = 1, stopRule } = this.#settings;
    const { first } = this.#searched;
    const { trial, sample, point, stage } = this.#step;
    this.#rungs.push(accuracy);
    const stops = stopRule && trial >= first.length ? stopsFrom(stopRule, this.#trainings) : [];
    const isStopped = stops.some(({ epoch, below }) => epoch === this.#stages[stage] && accuracy < below);
    const isWhole = stage === this.#stages.length - 1;
    if (!isWhole && !isStopped) {
      this.#step = { trial, sample, point, stage: this.#nextStage(stage) };
      return;
    }
    if (trial > 0) this.#trainings.push({ rungs: this.#rungs });
    this.#samples.push(accuracy);
    if (sample < samples - 1) {
      this.#train(point, sample + 1);
      return;
    }
    const reward = meanOf(this.#samples);
    const standardError = samples > 1 ? standardErrorOf(this.#samples, reward) : null;
    const rungs = stopRule ? this.#rungs : undefined;
    this.#controller.tell(trial, point, reward, standardError, rungs);
    this.#judged.push({ point, reward, standardError, rungs, isWhole });
    this.#trial++;
    this.#begin(first[this.#trial] ?? this.#controller.ask(this.#trial));
  }

  recommend(): Point {
    const judged = this.#judged;
    const predicted = predictedRewards(this.#searched.space.dimensions, completed(judged), this.#seed);
    let best = 0;
    for (let index = 1; index < judged.length; index++) {
      if (judged[index].isWhole && predicted[index] > predicted[best]) best = index;
    }
    return judged[best].point;
  }

  close(): void {}

  #begin(point: Point): void {
    this.#samples = [];
    this.#train(point, 0);
  }

  #train(point: Point, sample: number): void {
    this.#rungs = [];
    this.#step = { trial: this.#trial, sample, point, stage: this.#nextStage(-1) };
  }

  #nextStage(stage: number): number {
    const { stopRule } = this.#settings;
    const isJudged = (index: number) => stopRule?.epochs.includes(this.#stages[index]) ?? false;
    let next = stage + 1;
    while (next < this.#stages.length - 1 && !isJudged(next)) next++;
    return next;
  }
}

/**
 * Random search, with asynchronous successive halving if it has several stages (Li et al. 2020, "A system for massively parallel
 * hyperparameter tuning"): a third of the trials at each stage is trained further.
 */
export class RandomSearch implements Method {
  readonly title: string;
  /** Of all epochs, after each stage. */
  readonly #shares: readonly number[];
  #searched!: Searched;
  #seed = 0;
  #rungs: readonly number[] = [];
  #reached: { point: Point; accuracies: number[] }[] = [];
  #step!: Step;

  constructor(title: string, shares: readonly number[]) {
    this.title = title;
    this.#shares = shares;
  }

  async start(seed: number, searched: Searched): Promise<void> {
    [this.#searched, this.#seed, this.#reached] = [searched, seed, []];
    const { stages } = searched;
    this.#rungs = this.#shares.map((share) => nearest(stages, share * stages.at(-1)!));
    this.#step = this.#choose();
  }

  async next(): Promise<Step> {
    return this.#step;
  }

  async tell(accuracy: number): Promise<void> {
    this.#reached[this.#step.trial].accuracies.push(accuracy);
    this.#step = this.#choose();
  }

  recommend(): Point {
    return bestReached(this.#reached);
  }

  close(): void {}

  #choose(): Step {
    for (let rung = this.#rungs.length - 2; rung >= 0; rung--) {
      const there = [...this.#reached.entries()]
        .filter(([, { accuracies }]) => accuracies.length > rung)
        .sort(([, a], [, b]) => b.accuracies[rung] - a.accuracies[rung]);
      const promoted = there
        .slice(0, Math.floor(there.length / 3))
        .find(([, { accuracies }]) => accuracies.length === rung + 1);
      if (promoted) {
        const [trial, { point }] = promoted;
        return { trial, sample: 0, point, stage: this.#rungs[rung + 1] };
      }
    }
    const trial = this.#reached.length;
    const { space, first } = this.#searched;
    const point = first[trial] ?? randomSearchPoint(space.dimensions, this.#seed, trial + 1);
    this.#reached.push({ point, accuracies: [] });
    return { trial, sample: 0, point, stage: this.#rungs[0] };
  }
}

/** A method of peers.py, in a process of its own. */
export class Peer implements Method {
  readonly title: string;
  readonly #python: PythonPeer;
  #reached = new Map<number, { point: Point; accuracies: number[] }>();
  #step!: Step;

  private constructor(title: string, python: PythonPeer) {
    this.title = title;
    this.#python = python;
  }

  /** @returns the name of the module that the Python lacks instead, if it lacks one. */
  static async open(method: string, command: string): Promise<Peer | string> {
    const script = fileURLToPath(new URL("peers.py", import.meta.url));
    const python = await PythonPeer.start(command, [script, method]);
    const { version, missing } = (await python.answer()) as { version?: string; missing?: string };
    return version === undefined ? missing! : new Peer(version, python);
  }

  async start(seed: number, { space: { dimensions }, first, stages }: Searched): Promise<void> {
    this.#reached = new Map();
    // What ours does not propose, others need not try: strengths of less than a tenth.
    const lows = dimensions.map((each) => (each.kind === "real" ? (each.proposedFrom ?? each.low) : 0));
    const proposed = dimensions.map((each, index) =>
      each.kind === "real" ? { ...each, low: lows[index] } : each,
    );
    const raised = first.map((point) => point.map((value, index) => Math.max(value, lows[index])));
    await this.#python.ask({ start: seed, dimensions: proposed, first: raised, stages });
  }

  async next(): Promise<Step> {
    this.#step = { ...((await this.#python.ask({ next: true })) as Omit<Step, "sample">), sample: 0 };
    return this.#step;
  }

  async tell(accuracy: number): Promise<void> {
    const { trial, point, stage } = this.#step;
    const known = this.#reached.get(trial) ?? { point, accuracies: [] };
    this.#reached.set(trial, known);
    known.accuracies[stage] = accuracy;
    await this.#python.ask({ tell: accuracy });
  }

  recommend(): Point {
    return bestReached([...this.#reached.values()]);
  }

  close(): void {
    this.#python.close();
  }
}

/** The best of those that came furthest. */
function bestReached(trials: readonly { point: Point; accuracies: readonly number[] }[]): Point {
  const furthest = Math.max(...trials.map(({ accuracies }) => accuracies.length));
  return trials
    .filter(({ accuracies }) => accuracies.length === furthest)
    .reduce((a, b) => (b.accuracies[furthest - 1] > a.accuracies[furthest - 1] ? b : a)).point;
}

/** The index of the value nearest to another. */
function nearest(values: readonly number[], wanted: number): number {
  const distances = values.map((value) => Math.abs(value - wanted));
  return distances.indexOf(Math.min(...distances));
}
