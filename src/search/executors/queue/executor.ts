// Trainings on other machines, through a queue of BullMQ on a Redis server. Each training is one job, named by its run and its
// task: a coordinator that is resumed elsewhere finds what has ended meanwhile, and the same training is never there twice.
// Events say what happens; every few seconds the jobs themselves are looked at, so nothing depends on an event. What a server has
// lost is put there again.

import type { Queue, QueueEvents, Worker } from "bullmq";
import { InterruptedError, messageOf, RunError, UsageError } from "../../../common/errors.ts";
import { type Executor, ExecutorError, type TrainOptions } from "../executor.ts";
import { missingBlobs, putFile, readBlob, renewBlobs } from "./blobs.ts";
import { QueueConnection, type QueuePlace } from "./connection.ts";
import {
  cancelledKey,
  isConnectionError,
  lockOptions,
  noticeChannel,
  queueName,
  wakeWorker,
} from "./keys.ts";
import { packTask, type TaskKind } from "./kind.ts";
import {
  checkMessage,
  jobIdOf,
  type Notice,
  type Place,
  type Platform,
  parseMessage,
  REFUSAL,
  resultMessage,
} from "./messages.ts";
import { RUN_LIFETIME, RunRecord } from "./run-record.ts";
import { type NamedWorker, readWorkers } from "./state.ts";

/** Between two looks at all jobs, in milliseconds. */
const CHECK_INTERVAL = 5_000;
/** Before the first look, which says soon which machines there are; in milliseconds. */
const FIRST_CHECK = 500;
/** Between two renewals of the files, in milliseconds. */
const RENEWAL_INTERVAL = 3_600_000;
/** Events that are kept of a run. */
const MOST_EVENTS = 10_000;
/** Of weights that come back: several times those of the largest model that this program has. */
const MOST_WEIGHT_BYTES = 2 ** 32;
/** Refusals that are said. */
const MOST_REFUSALS = 100;

export interface QueueExecutorOptions extends QueuePlace {
  /** Names the run: the same whenever it is resumed, and no other run's. */
  readonly run: string;
  /** What the results of its trainings are the results of. */
  readonly platform: Platform;
  /** Whether other platforms may train, too. */
  readonly isMixed: boolean;
  /** How many trainings may be under way. */
  readonly inFlight: number;
  /** Takes what the user should know, a line each. */
  readonly onNote: (line: string) => void;
  /** Called with what each training ran on, before its result is given. */
  readonly onPlace?: (training: string, place: Place) => void;
  /** Takes the workers that may train for this run, at each look at all jobs. */
  readonly onWorkers?: (workers: readonly NamedWorker[]) => void;
  /** For how long a worker may give no sign of life before its trainings begin again elsewhere, in milliseconds. */
  readonly lostAfter?: number;
  /** Between two looks at all jobs, in milliseconds; for tests. */
  readonly checkInterval?: number;
}

interface Pending<Result, Report> {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly files: ReadonlyMap<string, string>;
  readonly isRerun: boolean;
  readonly options: TrainOptions<Report>;
  /** It has been put into the queue. */
  isAdded: boolean;
  /** A machine has begun it. */
  isStarted: boolean;
  resolve(result: Result): void;
  reject(error: Error): void;
}

/** At most `inFlight` trainings on other machines. An abort takes a training from the queue, or ends it on its machine. */
export class QueueExecutor<Task extends object, Result extends { readonly weights?: Uint8Array }, Report>
  implements Executor<Task, Result, Report>
{
  readonly workers: number;
  readonly #kind: TaskKind<Task, Result, Report>;
  readonly #options: QueueExecutorOptions;
  readonly #connection: QueueConnection;
  readonly #record: RunRecord;
  readonly #queue: Queue;
  /** Only gives back the trainings of workers that have gone, which other workers do as well, if there are any. */
  readonly #checker: Worker;
  #events: QueueEvents | undefined;
  /** By the ids of their jobs, in the order of the calls. */
  readonly #pending = new Map<string, Pending<Result, Report>>();
  /** Files that the server has had, with their paths here, by digest. */
  readonly #files = new Map<string, string>();
  /** Trainings are put into the queue one after another, since their order is that of the calls. */
  #last: Promise<void> = Promise.resolve();
  #checking: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #renewed = performance.now();
  readonly #refusals = new Set<string>();
  #isClosed = false;

  private constructor(
    kind: TaskKind<Task, Result, Report>,
    connection: QueueConnection,
    options: QueueExecutorOptions,
  ) {
    this.workers = options.inFlight;
    this.#kind = kind;
    this.#options = options;
    this.#connection = connection;
    this.#record = new RunRecord(connection, kind.name, options);
    this.#queue = new connection.bullmq.Queue(queueName(options.run), {
      ...connection.options,
      streams: { events: { maxLen: MOST_EVENTS } },
    });
    this.#queue.on("error", (error) => this.#report(error));
    this.#checker = new connection.bullmq.Worker(queueName(options.run), null, {
      ...connection.options,
      ...lockOptions(options.lostAfter),
      autorun: false,
    });
    this.#checker.on("error", (error) => this.#report(error));
    connection.onReconnected(() => void this.#check());
  }

  /** @throws UsageError or RunError as `QueueConnection.open`. */
  static async open<Task extends object, Result extends { readonly weights?: Uint8Array }, Report>(
    kind: TaskKind<Task, Result, Report>,
    options: QueueExecutorOptions,
  ): Promise<QueueExecutor<Task, Result, Report>> {
    const connection = await QueueConnection.open(options);
    const executor = new QueueExecutor(kind, connection, options);
    executor.#listen();
    try {
      await executor.#record.forgetBacklog();
      await executor.#record.announce();
      await executor.#checker.startStalledCheckTimer();
    } catch (error) {
      await executor.close();
      throw error;
    }
    executor.#notify({ type: "run", run: options.run });
    executor.#schedule(FIRST_CHECK);
    return executor;
  }

  train(task: Task, options: TrainOptions<Report>): Promise<Result> {
    const { isRerun = false, signal } = options;
    const { text, files } = packTask(this.#kind, task);
    const id = jobIdOf(this.#options.run, text, isRerun);
    return new Promise<Result>((resolve, reject) => {
      const abort = () => this.#abort(pending);
      const end = () => {
        signal?.removeEventListener("abort", abort);
        this.#pending.delete(id);
        if (pending.isAdded && !this.#isClosed)
          this.#record.leaveBacklog(id).catch((error) => this.#report(error));
      };
      const pending: Pending<Result, Report> = {
        ...{ id, text, files, isRerun, options, isAdded: false, isStarted: false },
        name: this.#kind.nameOf(task),
        resolve: (result) => {
          end();
          resolve(result);
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      if (this.#isClosed) return reject(new InterruptedError("the queue has been left"));
      if (signal?.aborted) return reject(new InterruptedError("interrupted"));
      signal?.addEventListener("abort", abort);
      this.#pending.set(id, pending);
      this.#last = this.#last
        .then(() => this.#add(pending))
        .catch((error) => pending.reject(asExecutorError(error)));
    });
  }

  /** Takes the run and all its trainings from the queue. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const pending of [...this.#pending.values()]) this.#abort(pending);
    const leave = async () => {
      await this.#record.remove();
      await this.#queue.obliterate({ force: true });
    };
    await this.#connection.patiently(this.#checker.close().catch((error) => this.#report(error)));
    await this.#connection.patiently(leave().catch((error) => this.#report(error)));
    await this.#connection.patiently(this.#closeEvents());
    await this.#connection.patiently(this.#queue.close().catch((error) => this.#report(error)));
    this.#connection.close();
  }

  async #add(pending: Pending<Result, Report>): Promise<void> {
    for (const [digest, path] of pending.files) {
      if (!this.#files.has(digest)) await putFile(this.#connection, digest, path);
      this.#files.set(digest, path);
    }
    if (!this.#pending.has(pending.id)) return; // aborted before
    await this.#queue.add(
      this.#kind.name,
      { task: pending.text },
      {
        jobId: pending.id,
        // A second run starts before all others.
        lifo: pending.isRerun,
        stackTraceLimit: 0,
        keepLogs: 0,
      },
    );
    if (!this.#pending.has(pending.id)) return this.#cancel(pending.id); // aborted meanwhile
    pending.isAdded = true;
    await this.#record.joinBacklog(pending.id);
    await wakeWorker(this.#connection, this.#options.run);
    // A job that was there already has perhaps ended: its event has been missed.
    await this.#settle(pending);
  }

  /** Takes the result of a training that has ended, or notes how far it is. */
  async #settle(pending: Pending<Result, Report>): Promise<"missing" | "waiting" | "active" | "ended"> {
    const job = await this.#connection.bullmq.Job.fromId(this.#queue, pending.id);
    if (!job) return "missing";
    if (job.finishedOn === undefined) {
      return (await job.getState()) === "active" ? "active" : "waiting";
    }
    if (this.#pending.get(pending.id) !== pending) return "ended"; // its result has arrived twice
    if (job.failedReason) {
      pending.reject(new RunError(String(job.failedReason).slice(0, 1000)));
    } else {
      await this.#succeed(pending, job.returnvalue);
    }
    // Once the result is on disk, which happens before this program does anything else.
    setImmediate(() => {
      if (!this.#isClosed) job.remove().catch((error) => this.#report(error));
    });
    return "ended";
  }

  async #succeed(pending: Pending<Result, Report>, value: unknown): Promise<void> {
    try {
      const what = `the result of ${pending.name}`;
      const schema = resultMessage(this.#kind.result);
      const { result, weights, place } =
        typeof value === "string" ? parseMessage(value, schema, what) : checkMessage(value, schema, what);
      const bytes = weights && (await this.#bytesOf(weights.digest));
      if (this.#pending.get(pending.id) !== pending) return;
      this.#options.onPlace?.(pending.name, place);
      pending.resolve({ ...result, ...(bytes && { weights: bytes }) } as Result);
    } catch (error) {
      pending.reject(error instanceof Error ? error : new RunError(messageOf(error)));
    }
  }

  async #bytesOf(digest: string): Promise<Uint8Array> {
    const parts: Buffer[] = [];
    for await (const part of readBlob(this.#connection, digest, MOST_WEIGHT_BYTES)) parts.push(part);
    return new Uint8Array(Buffer.concat(parts));
  }

  #abort(pending: Pending<Result, Report>): void {
    pending.reject(new InterruptedError("interrupted"));
    if (this.#isClosed || !pending.isAdded) return;
    this.#cancel(pending.id).catch((error) => this.#report(error));
  }

  /** Takes a job from the queue, or has its worker end it. */
  async #cancel(id: string): Promise<void> {
    const job = await this.#connection.bullmq.Job.fromId(this.#queue, id);
    if (!job) return;
    if ((await job.getState()) !== "active") return job.remove();
    // Its worker notices, at the latest when it renews its lock, and removes it.
    const key = cancelledKey(this.#connection, this.#options.run);
    await this.#connection.redis.multi().sadd(key, id).expire(key, RUN_LIFETIME).exec();
    this.#notify({ type: "cancel", run: this.#options.run, jobs: [id] });
  }

  #listen(): void {
    const { QueueEvents } = this.#connection.bullmq;
    const events = new QueueEvents(queueName(this.#options.run), {
      ...this.#connection.options,
      // Of a run that is resumed also what happened meanwhile.
      lastEventId: "0-0",
      blockingTimeout: CHECK_INTERVAL,
    });
    this.#events = events;
    const withPending = (act: (pending: Pending<Result, Report>) => void) => {
      return ({ jobId }: { readonly jobId: string }) => {
        const pending = this.#pending.get(jobId);
        if (pending) act(pending);
      };
    };
    const settle = withPending((pending) => this.#settle(pending).catch((error) => this.#report(error)));
    events.on(
      "active",
      withPending((pending) => this.#start(pending)),
    );
    events.on("completed", settle);
    events.on("failed", settle);
    events.on("stalled", ({ jobId }) => {
      const pending = this.#pending.get(jobId);
      if (!pending) return;
      pending.isStarted = false;
      this.#options.onNote(`the worker of ${pending.name} has gone; the training begins again elsewhere`);
    });
    events.on("progress", ({ jobId, data }) => {
      const pending = this.#pending.get(jobId);
      if (pending) this.#hear(pending, data);
    });
    // Among them an event that is not one of BullMQ's, after which it reads no more: the looks at all jobs notice the rest.
    events.on("error", (error) => this.#report(error));
  }

  #start(pending: Pending<Result, Report>): void {
    pending.isStarted = true;
    pending.options.onStart?.();
  }

  #hear(pending: Pending<Result, Report>, data: unknown): void {
    let report: Report;
    try {
      report = checkMessage(data, this.#kind.report, `a report of ${pending.name}`);
    } catch (error) {
      this.#report(error);
      return;
    }
    if (!pending.isStarted) this.#start(pending);
    pending.options.onEpoch?.(report);
  }

  #schedule(interval = this.#options.checkInterval ?? CHECK_INTERVAL): void {
    this.#timer = setTimeout(async () => {
      // While the server is away, nothing is heard of any training.
      if (this.#connection.isLost) for (const { options } of this.#pending.values()) options.onUnheard?.();
      else await this.#check();
      if (!this.#isClosed) this.#schedule();
    }, interval);
  }

  /** Looks at all jobs, one look at a time. */
  #check(): Promise<void> {
    this.#checking ??= this.#checkAll()
      .catch((error) => this.#report(error))
      .finally(() => {
        this.#checking = undefined;
      });
    return this.#checking;
  }

  async #checkAll(): Promise<void> {
    if (this.#isClosed) return;
    await this.#record.announce();
    await this.#keepFiles();
    await this.#readWorkers(await this.#readRefusals());
    const pending = [...this.#pending.values()].filter(({ isAdded }) => isAdded);
    const states = await Promise.all(pending.map((each) => this.#settle(each)));
    let isNew = false;
    for (const [index, state] of states.entries()) {
      const each = pending[index];
      if (state === "missing" && this.#pending.get(each.id) === each) {
        each.isStarted = false;
        isNew = true;
        this.#last = this.#last
          .then(() => this.#add(each))
          .catch((error) => each.reject(asExecutorError(error)));
      }
      // It waits, perhaps again: its silence is not its own.
      if (state === "active" && !each.isStarted) this.#start(each);
      if (state === "waiting" || state === "missing") each.options.onUnheard?.();
    }
    if (isNew) this.#options.onNote(`trainings that ${this.#connection.shown} has lost are put there again`);
    await this.#last;
  }

  /** Renews the files, and puts those there again that the server has lost. */
  async #keepFiles(): Promise<void> {
    const digests = [...this.#files.keys()];
    if (digests.length === 0) return;
    const isDue = performance.now() - this.#renewed > RENEWAL_INTERVAL;
    if (isDue) this.#renewed = performance.now();
    const missing = await (isDue ? renewBlobs : missingBlobs)(this.#connection, digests);
    for (const digest of missing) await putFile(this.#connection, digest, this.#files.get(digest)!);
  }

  /** Says which workers do not train for this run, each once. Returns their names. */
  async #readRefusals(): Promise<ReadonlySet<string>> {
    const refusals = await this.#record.refusals();
    for (const [worker, reason] of Object.entries(refusals)) {
      if (this.#refusals.size >= MOST_REFUSALS || this.#refusals.has(worker)) continue;
      this.#refusals.add(worker);
      const { data } = REFUSAL.safeParse(reason);
      this.#options.onNote(
        `worker ${worker.slice(0, 256)} does not train here: ${data ?? "it gives no reason"}`,
      );
    }
    return new Set(Object.keys(refusals));
  }

  async #readWorkers(refused: ReadonlySet<string>): Promise<void> {
    const { onWorkers, run } = this.#options;
    if (!onWorkers) return;
    // What is wrong with a sign of life is of no use to a search.
    const workers = await readWorkers(this.#connection, () => {});
    onWorkers(
      workers.filter(
        ({ name, onlyRun = run }) => onlyRun === run && !refused.has(name) && !this.#refusals.has(name),
      ),
    );
  }

  #notify(notice: Notice): void {
    this.#connection.redis
      .publish(noticeChannel(this.#connection), JSON.stringify(notice))
      .catch((error) => this.#report(error));
  }

  async #closeEvents(): Promise<void> {
    await this.#events?.close().catch((error) => this.#report(error));
  }

  /** What the server or a message did that it should not: one line, unless the connection is lost, which is said already. */
  #report(error: unknown): void {
    if (this.#isClosed || this.#connection.isLost || isConnectionError(error)) return;
    this.#options.onNote(`queue ${this.#connection.shown}: ${messageOf(error)}`);
  }
}

/** Why nothing can be put into the queue; other trainings could not either. */
function asExecutorError(error: unknown): Error {
  if (error instanceof UsageError || error instanceof RunError) return error;
  const reason = messageOf(error).replace(
    /^OOM .*/,
    "its memory is full (maxmemory); raise it, or remove what it has",
  );
  return new ExecutorError(`cannot put a training into the queue: ${reason}`);
}
