// A worker: takes trainings from the queues of all runs that it can train for, runs them, and sends back what they report. Its
// trainings are those of its runners and no others; it writes only into its cache.

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { Job } from "bullmq";
import type { Redis } from "ioredis";
import { messageOf, StorageError } from "../../../common/errors.ts";
import { VERSION } from "../../../common/version.ts";
import { ExecutorError } from "../executor.ts";
import type { BlobCache } from "./blob-cache.ts";
import { BlobMissingError } from "./blobs.ts";
import type { QueueConnection } from "./connection.ts";
import { cancelledKey, isConnectionError, lockOptions, noticeChannel, wakeKey, wakeWorker } from "./keys.ts";
import { checkMessage, JOB, NOTICE, type Notice, parseMessage, type WorkerRecord } from "./messages.ts";
import { type ServedRun, ServedRuns, type ServingOptions } from "./served-runs.ts";
import { Tempo } from "./tempo.ts";

/** Between two looks for runs and trainings if nothing is heard, and between two signs of life; in milliseconds. */
const LOOK_INTERVAL = 5_000;
/** How long a sign of life stays, in seconds. */
const RECORD_LIFETIME = 30;
/** A training whose files are not there waits this long, in milliseconds. */
const MISSING_DELAY = 2_000;
/** How often a training may be begun whose files are missing. */
const MOST_STARTS = 20;
/** Trainings that cannot be read, after which a look ends. */
const MOST_UNREADABLE = 1000;

export interface QueueWorkerOptions extends ServingOptions {
  readonly cache: BlobCache;
  /** How many trainings run at the same time, at least 1. */
  readonly slots: number;
  /** Of each, on engine native. */
  readonly threads: number;
  /** What it has, in words. */
  readonly shownEngine: string;
  /** Called as trainings begin and end, one line each. */
  readonly onTraining?: (line: string) => void;
}

/** Why a training that runs here is to end. */
type Ending = "given back" | "cancelled" | "lost";

interface Running {
  readonly abort: AbortController;
  name: string;
  /** As far as it is known. */
  ending?: Ending;
  done: Promise<void>;
}

/** Numbers of a worker since its start. */
export interface WorkerCounts {
  finished: number;
  failed: number;
  images: number;
}

export class QueueWorker {
  /** The machine's name and a number of its own. */
  readonly name: string;
  readonly counts: WorkerCounts = { finished: 0, failed: 0, images: 0 };
  readonly tempo: Tempo;
  readonly #options: QueueWorkerOptions;
  readonly #connection: QueueConnection;
  /** Hears notices. */
  readonly #listener: Redis;
  /** Waits for trainings. */
  readonly #waiter: Redis;
  #waiting: Promise<void> | undefined;
  readonly #since = Date.now();
  readonly #runs: ServedRuns;
  readonly #running = new Map<string, Running>();
  /** Where the next look begins: each run has its turn. */
  #turn = 0;
  /** When it last looked which runs there are, in milliseconds. */
  #lastFound = Number.NEGATIVE_INFINITY;
  /** Trainings that could not be read in this look. */
  #unreadable = 0;
  #isStopping = false;
  #failure: Error | undefined;
  #wake: () => void = () => {};
  /** Something has been heard since the last look began. */
  #isAwake = false;

  constructor(options: QueueWorkerOptions) {
    this.#options = options;
    this.#connection = options.connection;
    this.name = `${hostname()}-${process.pid}-${randomBytes(2).toString("hex")}`;
    this.tempo = new Tempo(options.slots);
    this.#runs = new ServedRuns(options, this.name, (error) => this.#report(error));
    this.#listener = options.connection.redis.duplicate();
    this.#waiter = options.connection.redis.duplicate();
    // Said by the connection, which loses the same server.
    for (const redis of [this.#listener, this.#waiter]) redis.on("error", () => {});
  }

  /** How many trainings run now. */
  get taken(): number {
    return this.#running.size;
  }

  /**
   * Trains until a signal is aborted.
   * @param stop takes no more trainings, and waits for those that run.
   * @param giveBack gives back those that run, too.
   * @throws StorageError or ExecutorError if nothing can be trained here.
   */
  async serve(stop: AbortSignal, giveBack: AbortSignal): Promise<void> {
    const onStop = () => this.#stop();
    const onGiveBack = () => this.#giveBack();
    stop.addEventListener("abort", onStop);
    giveBack.addEventListener("abort", onGiveBack);
    if (stop.aborted || giveBack.aborted) this.#isStopping = true;
    this.#listener.on("message", (_, text: string) => this.#hear(text));
    const signs = setInterval(() => this.#attempt(this.#signOfLife()), LOOK_INTERVAL);
    try {
      await this.#listener.subscribe(noticeChannel(this.#connection));
      await this.#signOfLife();
      let looking: Promise<void> | undefined;
      while (!this.#isStopping) {
        looking ??= this.#look()
          .catch((error) => this.#report(error))
          .finally(() => {
            looking = undefined;
          });
        // A look takes as long as the server is away.
        await Promise.race([looking, this.#untilStopped()]);
        if (!this.#isStopping) await this.#untilWoken();
      }
      while (this.#running.size > 0) await Promise.race([...this.#running.values()].map(({ done }) => done));
    } finally {
      clearInterval(signs);
      stop.removeEventListener("abort", onStop);
      giveBack.removeEventListener("abort", onGiveBack);
      await this.#leave();
    }
    if (this.#failure) throw this.#failure;
  }

  #stop(): void {
    this.#isStopping = true;
    this.#stopped();
    this.#rouse();
  }

  #stopped: () => void = () => {};

  #untilStopped(): Promise<void> {
    return new Promise((resolve) => {
      this.#stopped = resolve;
    });
  }

  #giveBack(): void {
    for (const running of this.#running.values()) this.#end(running, "given back");
    this.#stop();
  }

  #end(running: Running, ending: Ending): void {
    running.ending ??= ending;
    running.abort.abort();
  }

  async #leave(): Promise<void> {
    const { redis } = this.#connection;
    const record = this.#connection.key("worker", this.name);
    const leave = redis.multi().del(record).srem(this.#connection.key("workers"), this.name).exec();
    await this.#connection.patiently(this.#attempt(leave));
    await this.#runs.leave();
    this.#listener.disconnect();
    this.#waiter.disconnect();
  }

  #rouse(): void {
    this.#isAwake = true;
    this.#wake();
  }

  /** Waits until a training is put into the queue of a run, and looks for it; of all workers that wait, only one does. */
  #waitForWork(): void {
    if (this.#waiting || this.#runs.all.length === 0 || this.#running.size >= this.#options.slots) return;
    const keys = this.#runs.all.map(({ id }) => wakeKey(this.#connection, id));
    const wait = async () => {
      const token = await this.#waiter.blpop(keys, LOOK_INTERVAL / 1000);
      if (!token) return;
      if (this.#running.size < this.#options.slots) this.#rouse();
      // Meanwhile this worker has found something else: another one is woken.
      else await this.#waiter.rpush(...token);
    };
    this.#waiting = this.#attempt(wait()).then(() => {
      this.#waiting = undefined;
    });
  }

  async #untilWoken(): Promise<void> {
    this.#waitForWork();
    if (!this.#isAwake) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, LOOK_INTERVAL);
      });
      clearTimeout(timer);
    }
    this.#isAwake = false;
  }

  #hear(text: string): void {
    let notice: Notice;
    try {
      notice = parseMessage(text, NOTICE, "a notice in the queue");
    } catch (error) {
      this.#report(error);
      return;
    }
    if (notice.type === "run") {
      if (this.#runs.knows(notice.run)) return;
      this.#lastFound = Number.NEGATIVE_INFINITY;
      this.#rouse();
      return;
    }
    for (const job of notice.jobs) {
      const running = this.#running.get(job);
      if (running) this.#end(running, "cancelled");
    }
  }

  /** Looks which runs there are, and takes as many trainings as there is room for. */
  async #look(): Promise<void> {
    const now = performance.now();
    if (now - this.#lastFound >= LOOK_INTERVAL) {
      this.#lastFound = now;
      await this.#runs.find();
    }
    let isEmpty = false;
    this.#unreadable = 0;
    while (!isEmpty && !this.#isStopping && this.#running.size < this.#options.slots) {
      isEmpty = true;
      const runs = this.#runs.all;
      for (let i = 0; i < runs.length && !this.#isStopping; i++) {
        const run = runs[(this.#turn + i) % runs.length];
        const token = randomBytes(16).toString("hex");
        const job = await this.#nextJob(run, token);
        if (job === "none") continue;
        this.#turn = (this.#turn + i + 1) % runs.length;
        if (job !== "unreadable") this.#begin(run, job, token);
        isEmpty = false;
        break;
      }
    }
  }

  /** One that cannot be read is no longer the next one: its lock runs out, until it has failed. */
  async #nextJob({ worker }: ServedRun, token: string): Promise<Job | "none" | "unreadable"> {
    try {
      return (await worker.getNextJob(token, { block: false })) ?? "none";
    } catch (error) {
      this.#report(error);
      return this.#unreadable++ < MOST_UNREADABLE ? "unreadable" : "none";
    }
  }

  #begin(run: ServedRun, job: Job, token: string): void {
    const id = String(job.id);
    const running: Running = { abort: new AbortController(), name: id, done: Promise.resolve() };
    this.#running.set(id, running);
    this.tempo.occupy(this.#running.size);
    running.done = this.#train(run, job, token, running)
      .catch((error) => this.#report(error))
      .finally(() => {
        this.#running.delete(id);
        this.tempo.occupy(this.#running.size);
        this.#rouse();
      });
  }

  async #train(run: ServedRun, job: Job, token: string, running: Running): Promise<void> {
    const { lockDuration } = lockOptions(this.#options.lostAfter);
    const renewal = setInterval(() => this.#attempt(this.#renew(run, job, token, running)), lockDuration / 3);
    try {
      const { task } = checkMessage(job.data, JOB, "a training in the queue");
      const result = await run.runner.run(task, {
        ...{ connection: this.#connection, cache: this.#options.cache, platform: run.platform },
        place: { ...run.platform, host: hostname() },
        ...{ threads: this.#options.threads, signal: running.abort.signal },
        onNamed: (name) => {
          running.name = `${run.id.slice(0, 8)}: ${name}`;
          this.#options.onTraining?.(`begins ${running.name}`);
        },
        onReport: (report, images) => {
          this.counts.images += images;
          this.tempo.train(images);
          this.#attempt(this.#sendReport(job, report, running));
        },
      });
      clearInterval(renewal);
      await this.#finish(job, token, result, running.name);
    } catch (error) {
      clearInterval(renewal);
      await this.#giveUp(run, job, token, running, error);
    }
  }

  async #finish(job: Job, token: string, result: string, name: string): Promise<void> {
    try {
      await job.moveToCompleted(result, token, false);
    } catch (error) {
      return this.#lateUnlessLost(error, name);
    }
    this.counts.finished++;
    this.#options.onTraining?.(`finished ${name}`);
  }

  async #sendReport(job: Job, report: string, running: Running): Promise<void> {
    try {
      await job.updateProgress(JSON.parse(report));
    } catch (error) {
      if (isConnectionError(error)) throw error;
      this.#end(running, "lost"); // the job has gone
    }
  }

  /** Says that the training still runs here, and asks whether it should. */
  async #renew({ id }: ServedRun, job: Job, token: string, running: Running): Promise<void> {
    const { lockDuration } = lockOptions(this.#options.lostAfter);
    const [isKept, isCancelled] = await Promise.all([
      // Throws if the job has gone.
      job.extendLock(token, lockDuration).catch((error) => {
        if (isConnectionError(error)) throw error;
        return 0;
      }),
      this.#connection.redis.sismember(cancelledKey(this.#connection, id), String(job.id)),
    ]);
    if (isCancelled === 1) this.#end(running, "cancelled");
    else if (isKept !== 1) this.#end(running, "lost");
  }

  /** A training has ended without a result. */
  async #giveUp(run: ServedRun, job: Job, token: string, running: Running, error: unknown): Promise<void> {
    const { name } = running;
    if (running.ending === "lost") return this.#late(name);
    const isOurs = error instanceof StorageError || error instanceof ExecutorError;
    const isMissing = error instanceof BlobMissingError && job.attemptsStarted < MOST_STARTS;
    if (isOurs) {
      this.#failure = error;
      this.#giveBack();
    }
    try {
      if (running.ending === "cancelled") {
        await job.moveToFailed(new Error("cancelled"), token, false);
        await job.remove();
      } else if (isMissing && running.ending === undefined) {
        // Others have their turn meanwhile.
        await job.moveToDelayed(Date.now() + MISSING_DELAY, token);
      } else if (running.ending === "given back" || isOurs) {
        const isBack = await this.#connection.patiently(job.moveToWait(token));
        const late = `cannot give back ${name}, since the server does not answer: it begins again when this worker is missed`;
        this.#options.onTraining?.(isBack ? `gave back ${name}` : late);
        this.#attempt(wakeWorker(this.#connection, run.id));
      } else {
        this.counts.failed++;
        this.#options.onTraining?.(`failed ${name}: ${messageOf(error)}`);
        await job.moveToFailed(new Error(`${messageOf(error)} (on ${hostname()})`), token, false);
      }
    } catch (failure) {
      this.#lateUnlessLost(failure, name);
    }
  }

  /** A job that has gone, or belongs to another worker by now, refuses what this one does with it. */
  #lateUnlessLost(error: unknown, name: string): void {
    if (isConnectionError(error)) throw error;
    this.#late(name);
  }

  #late(name: string): void {
    this.#connection.onNote(
      `dropped ${name}: another worker has it, as this one's sign of life was late, or its run has ended`,
    );
  }

  async #signOfLife(): Promise<void> {
    const record: WorkerRecord = {
      ...{ version: VERSION, host: hostname(), pid: process.pid, engine: this.#options.shownEngine },
      ...{ slots: this.#options.slots, onlyRun: this.#options.onlyRun },
      running: [...this.#running.values()].map(({ name }) => name),
      imagesPerSecond: this.tempo.imagesPerSecond,
      busy: this.tempo.busy,
      since: this.#since,
      ...{ finished: this.counts.finished, failed: this.counts.failed },
    };
    await this.#connection.redis
      .multi()
      .set(this.#connection.key("worker", this.name), JSON.stringify(record), "EX", RECORD_LIFETIME)
      .sadd(this.#connection.key("workers"), this.name)
      // Also the names of workers that were killed, once none is left.
      .expire(this.#connection.key("workers"), RECORD_LIFETIME)
      .exec();
  }

  /** Work whose failure is said, and ends nothing. */
  async #attempt(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    if (this.#connection.isLost || isConnectionError(error)) return;
    this.#connection.onNote(`queue ${this.#connection.shown}: ${messageOf(error)}`);
  }
}
