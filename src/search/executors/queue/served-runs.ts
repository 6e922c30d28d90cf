// The runs whose trainings a worker takes: which there are, which it refuses and why, and what is left of those that have ended.

import type { Worker } from "bullmq";
import { messageOf } from "../../../common/errors.ts";
import { VERSION } from "../../../common/version.ts";
import type { EngineChoice } from "../../../config/engines.ts";
import type { QueueConnection } from "./connection.ts";
import { lockOptions, metaKey, queueName, refusalsKey, runKey } from "./keys.ts";
import { ANY_RUN, type Platform, parseMessage, RUN } from "./messages.ts";
import { platformFor } from "./platform.ts";
import type { TrainingRunner } from "./runner.ts";

/** How long a refusal stays, in seconds. */
const REFUSAL_LIFETIME = 3600;
/** Runs that a worker looks at. */
const MOST_RUNS = 1000;
const RUN_ID = /^[\w-]{1,64}$/;

export interface ServedRun {
  readonly id: string;
  readonly worker: Worker;
  readonly runner: TrainingRunner;
  readonly platform: Platform;
}

export interface ServingOptions {
  readonly connection: QueueConnection;
  /** What it can train. */
  readonly runners: readonly TrainingRunner[];
  /** The engines that it may use. */
  readonly engine: EngineChoice;
  /** Serves one run only. */
  readonly onlyRun?: string;
  /** Without a sign of life for this long, it is taken to have gone; in milliseconds. */
  readonly lostAfter?: number;
}

export class ServedRuns {
  readonly #options: ServingOptions;
  readonly #connection: QueueConnection;
  /** The worker's name. */
  readonly #name: string;
  readonly #report: (error: unknown) => void;
  readonly #runs = new Map<string, ServedRun>();
  /** Runs that it does not train for, and what they said of themselves. */
  readonly #refused = new Map<string, string>();

  /** @param report takes errors that end nothing. */
  constructor(options: ServingOptions, name: string, report: (error: unknown) => void) {
    this.#options = options;
    this.#connection = options.connection;
    this.#name = name;
    this.#report = report;
  }

  get all(): readonly ServedRun[] {
    return [...this.#runs.values()];
  }

  /** Whether it has seen this run, and serves or refuses it. */
  knows(id: string): boolean {
    return this.#runs.has(id) || this.#refused.has(id);
  }

  /** Serves none any longer. */
  async leave(): Promise<void> {
    for (const run of this.#runs.values())
      await this.#connection.patiently(this.#drop(run).catch(this.#report));
  }

  /** Looks which runs there are now. */
  async find(): Promise<void> {
    const { onlyRun } = this.#options;
    const ids =
      onlyRun === undefined ? await this.#connection.redis.smembers(this.#connection.key("runs")) : [onlyRun];
    const known = ids.filter((id) => RUN_ID.test(id)).slice(0, MOST_RUNS);
    const texts =
      known.length > 0
        ? await this.#connection.redis.mget(known.map((id) => runKey(this.#connection, id)))
        : [];
    for (const [index, id] of known.entries()) {
      const text = texts[index];
      if (text === null) await this.#forget(id);
      else if (!this.#runs.has(id) && this.#refused.get(id) !== text) await this.#consider(id, text);
    }
    for (const [id, run] of this.#runs) {
      if (known.includes(id)) continue;
      this.#runs.delete(id);
      await this.#drop(run).catch(this.#report);
    }
    for (const id of this.#refused.keys()) if (!known.includes(id)) this.#refused.delete(id);
  }

  /** Serves a run no longer. */
  async #drop({ id, worker }: ServedRun): Promise<void> {
    const { redis } = this.#connection;
    await worker.close(true);
    // Of a run that has ended, BullMQ's look for lost trainings has perhaps written this again, and for good.
    if ((await redis.exists(runKey(this.#connection, id))) === 0)
      await redis.del(metaKey(this.#connection, id));
  }

  /** Removes what is left of a run whose coordinator has been gone for days. */
  async #forget(id: string): Promise<void> {
    const { bullmq, options, redis } = this.#connection;
    await redis.srem(this.#connection.key("runs"), id);
    const queue = new bullmq.Queue(queueName(id), { ...options, skipMetasUpdate: true });
    queue.on("error", this.#report);
    await queue.obliterate({ force: true });
    await queue.close();
  }

  async #consider(id: string, text: string): Promise<void> {
    const served = await this.#serving(id, text);
    if (typeof served !== "string") {
      this.#refused.delete(id);
      this.#runs.set(id, served);
      return;
    }
    this.#refused.set(id, text);
    this.#connection.onNote(`this worker does not train for run ${id.slice(0, 8)}: ${served}`);
    const key = refusalsKey(this.#connection, id);
    await this.#connection.redis
      .multi()
      .hset(key, this.#name, served.slice(0, 1000))
      .expire(key, REFUSAL_LIFETIME)
      .exec();
  }

  /** How it trains for a run; or the reason why it does not. */
  async #serving(id: string, text: string): Promise<ServedRun | string> {
    try {
      const { version, host } = parseMessage(text, ANY_RUN, "the run");
      if (version !== VERSION)
        return `this worker is deepaugment ${VERSION}, the run on ${host} is ${version}; install the same version on both`;
      const run = parseMessage(text, RUN, "the run");
      const runner = this.#options.runners.find(({ kind }) => kind === run.kind);
      if (!runner) return `this worker runs no trainings of the kind ${run.kind}`;
      const platform = await platformFor(run, this.#options.engine);
      if (typeof platform === "string") return platform;
      const worker = new this.#connection.bullmq.Worker(queueName(id), null, {
        ...this.#connection.options,
        ...lockOptions(this.#options.lostAfter),
        ...{ autorun: false, name: this.#name },
      });
      worker.on("error", this.#report);
      await worker.startStalledCheckTimer();
      return { id, worker, runner, platform };
    } catch (error) {
      return messageOf(error);
    }
  }
}
