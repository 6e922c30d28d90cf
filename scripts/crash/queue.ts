// A search through a queue on one machine: a Redis server, a network that can be cut, two workers, and a coordinator. All of
// them are disturbed while it runs.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../../src/common/random.ts";
import { childrenOf, signal } from "../../test/cli/processes.ts";
import { type Finished, start } from "../../test/cli/run.ts";
import { RedisServer } from "../../test/search/executors/redis-server.ts";
import { TcpProxy } from "../bench/queue/tcp-proxy.ts";
import { check, hasTrace } from "./disturb.ts";
import { experimentIn } from "./optimize.ts";
import type { Subject } from "./subject.ts";
import { Supervised } from "./supervised.ts";

/** How often each kind comes in a round of 30. */
const ROUND = {
  "worker killed": 6,
  "worker stopped": 5,
  "worker terminated": 4,
  "Redis killed": 4,
  "Redis emptied": 3,
  "network cut": 2,
  "network cut for a minute": 1,
  "network silent": 1,
  "coordinator killed": 4,
} as const;
type Kind = keyof typeof ROUND;

/** Of the workers, in seconds: short, so that what they leave begins again soon. */
const LOST_AFTER = 5;
const WORKERS = 2;

export interface QueueDisturbance {
  readonly kind: Kind;
  /** What happened, with times in seconds. */
  readonly what: string;
  /** Since the start of the search, in seconds. */
  readonly at: number;
  /** Trainings that had ended. */
  readonly trainings: number;
}

/** The kinds of `count` disturbances, in random order. */
export function disturbanceKinds(count: number, random: Random): readonly Kind[] {
  const kinds: Kind[] = [];
  while (kinds.length < count) {
    const round = Object.entries(ROUND).flatMap(([kind, times]) => Array<Kind>(times).fill(kind as Kind));
    random.shuffle(round);
    kinds.push(...round);
  }
  return kinds.slice(0, count);
}

/** A key that is still in Redis, and after how many seconds it expires; undefined if it does not. */
export interface LeftKey {
  readonly key: string;
  readonly seconds: number | undefined;
}

export class DisturbedQueue {
  readonly #root: string;
  readonly #random: Random;
  readonly #server: RedisServer;
  readonly #network: TcpProxy;
  readonly #workers: Supervised[] = [];
  /** What all workers that have ended have printed. */
  #printed = "";
  #started = 0;
  #restarts = 0;

  private constructor(root: string, random: Random, server: RedisServer, network: TcpProxy) {
    this.#root = root;
    this.#random = random;
    this.#server = server;
    this.#network = network;
    for (let i = 0; i < WORKERS; i++) this.#workers.push(this.#startWorker());
  }

  /** @param root a folder for what the programs write. */
  static async start(root: string, random: Random): Promise<DisturbedQueue> {
    const server = await RedisServer.start("--appendonly", "yes");
    return new DisturbedQueue(root, random, server, await TcpProxy.start(server.port));
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#network.port}/0`;
  }

  /**
   * Runs a search to its end, with disturbances spread over its progress.
   * @param trainings about how many it has.
   * @param wait longest time before each, in milliseconds.
   * @returns those that came before its end.
   */
  async search(
    subject: Subject,
    out: string,
    kinds: readonly Kind[],
    { trainings, wait }: { readonly trainings: number; readonly wait: number },
  ): Promise<readonly QueueDisturbance[]> {
    const begun = performance.now();
    const environment = { DEEPAUGMENT_HOME: join(this.#root, "home") };
    const begin = () => new Supervised(() => start(subject.args(out), environment));
    let coordinator = begin();
    const done: QueueDisturbance[] = [];
    // A run that has not begun to write would begin again as another one.
    while (coordinator.isRunning && experimentIn(out) === undefined) await sleep(20);
    for (const [index, kind] of kinds.entries()) {
      // Over what is left, since others are trained while a disturbance lasts.
      const now = subject.progress(out);
      const goal = now + (this.#random.uniform() * (trainings - now)) / (kinds.length - index + 1);
      while (coordinator.isRunning && subject.progress(out) < Math.floor(goal)) await sleep(20);
      await sleep(this.#random.uniform(0, wait));
      if (!coordinator.isRunning) break;
      const at = (performance.now() - begun) / 1000;
      const before = subject.progress(out);
      let what: string;
      if (kind === "coordinator killed") {
        if ((await coordinator.leave("SIGKILL")).code === 0) break;
        const seconds = await this.#pause(0, 5);
        this.#restarts += coordinator.restarts;
        coordinator = begin();
        what = `resumed after ${seconds} s`;
      } else {
        what = await this.#disturb(kind);
      }
      done.push({ kind, what, at, trainings: before });
      console.error(`${done.length} at ${Math.round(at)} s, ${before} trainings: ${kind}, ${what}`);
    }
    check(await coordinator.finished);
    this.#restarts += coordinator.restarts;
    return done;
  }

  /** Trainings that workers have begun, and finished. */
  get counts(): { readonly begun: number; readonly finished: number } {
    const count = (word: string) =>
      this.#printed.match(new RegExp(`^.*${word} [\\da-f]{8}: `, "gm"))?.length ?? 0;
    return { begun: count("begins"), finished: count("finished") };
  }

  /** How often programs were started again because they could not reach the server when they started. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Ends the workers; what is then left in Redis. */
  async leave(): Promise<readonly LeftKey[]> {
    while (this.#workers.length > 0) await this.#terminate(this.#workers.pop()!);
    const { Redis } = await import("ioredis");
    const redis = new Redis(this.#server.port, "127.0.0.1");
    const keys = (await redis.keys("*")).sort();
    const times = await Promise.all(keys.map((key) => redis.ttl(key)));
    redis.disconnect();
    return keys.map((key, index) => ({ key, seconds: times[index] < 0 ? undefined : times[index] }));
  }

  async end(): Promise<void> {
    for (const worker of this.#workers) {
      for (const child of childrenOf(worker.pid)) signal(child, "SIGKILL");
      await worker.leave("SIGKILL");
    }
    this.#network.close();
    await this.#server.end();
  }

  #startWorker(): Supervised {
    const options = ["--workers", "1", "--lost-after", String(LOST_AFTER)];
    const home = join(this.#root, `worker-${this.#started++}`);
    return new Supervised(() =>
      start(["worker", "--queue", this.url, ...options], { DEEPAUGMENT_HOME: home }),
    );
  }

  /** Does it, waits until it is over, and says what it was. */
  async #disturb(kind: Exclude<Kind, "coordinator killed">): Promise<string> {
    switch (kind) {
      case "worker killed":
        return this.#killWorker();
      case "worker stopped":
        return this.#stopWorker();
      case "worker terminated":
        await this.#terminate(this.#replaced(this.#someWorker()));
        return "another started at once";
      case "Redis killed":
      case "Redis emptied": {
        await this.#server.kill();
        const seconds = await this.#pause(0, 5);
        if (kind === "Redis emptied") this.#server.forget();
        await this.#server.restart();
        return `started after ${seconds} s ${kind === "Redis emptied" ? "without" : "with"} its data`;
      }
      case "network cut":
        return this.#interrupt(() => this.#network.cut(), 2, 15);
      case "network cut for a minute":
        return this.#interrupt(() => this.#network.cut(), 60, 60);
      case "network silent":
        return this.#interrupt(() => this.#network.silence(), 20, 40);
    }
  }

  async #killWorker(): Promise<string> {
    const withProcesses = this.#random.chance(0.5);
    const worker = this.#someWorker();
    if (withProcesses) for (const child of childrenOf(worker.pid)) signal(child, "SIGKILL");
    await this.#end(worker, "SIGKILL");
    const seconds = await this.#pause(0, 5);
    this.#replaced(worker);
    return `${withProcesses ? "with its process" : "alone"}, another started after ${seconds} s`;
  }

  /** Sometimes alone: its processes continue to train. */
  async #stopWorker(): Promise<string> {
    const worker = this.#someWorker();
    const { pid } = worker;
    const withProcesses = this.#random.chance(0.5);
    const stopped = [pid, ...(withProcesses ? childrenOf(pid) : [])];
    for (const each of stopped) signal(each, "SIGSTOP");
    const seconds = await this.#pause(1.5 * LOST_AFTER, 5 * LOST_AFTER);
    for (const each of stopped) signal(each, "SIGCONT");
    return `${withProcesses ? "with its process" : "alone"}, continued after ${seconds} s`;
  }

  async #interrupt(act: () => void, least: number, most: number): Promise<string> {
    act();
    const seconds = await this.#pause(least, most);
    this.#network.restore();
    return `for ${seconds} s`;
  }

  /** @throws Error if it does not end as it should. */
  async #terminate(worker: Supervised): Promise<void> {
    const ended = await this.#end(worker, "SIGTERM");
    const { code, stderr } = ended;
    // Before it hears signals, it ends like any program.
    const isEarly = code !== 130 && !stderr.includes("Training for");
    if ((code !== 130 && !isEarly) || hasTrace(ended))
      throw new Error(`a worker ended with ${code ?? ended.signal}: ${stderr}`);
  }

  async #end(worker: Supervised, name: NodeJS.Signals): Promise<Finished> {
    const ended = await worker.leave(name);
    this.#printed += ended.stderr;
    this.#restarts += worker.restarts;
    return ended;
  }

  #someWorker(): Supervised {
    return this.#workers[this.#random.integer(0, this.#workers.length - 1)];
  }

  /** Starts another worker in its place. */
  #replaced(worker: Supervised): Supervised {
    this.#workers[this.#workers.indexOf(worker)] = this.#startWorker();
    return worker;
  }

  /** @returns how long it was, in seconds. */
  async #pause(least: number, most: number): Promise<string> {
    const seconds = this.#random.uniform(least, most);
    await sleep(1000 * seconds);
    return seconds.toFixed(1);
  }
}
