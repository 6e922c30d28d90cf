// What is in a queue now: the machines that train, and the runs that have trainings.

import { type ConnectOptions, QueueConnection } from "./connection.ts";
import { queueName, runKey } from "./keys.ts";
import { MessageError, parseMessage, RUN, WORKER, type WorkerRecord } from "./messages.ts";

export type NamedWorker = WorkerRecord & { readonly name: string };

export interface QueueState {
  /** By name. */
  readonly workers: readonly NamedWorker[];
  readonly runs: readonly RunState[];
}

interface RunState {
  readonly id: string;
  /** Of its coordinator. */
  readonly host: string;
  readonly kind: string;
  /** Trainings that wait. */
  readonly waiting: number;
  /** Trainings that run. */
  readonly active: number;
}

/** At most this many are looked at. */
const MOST = 20_000;

/** @throws what `QueueConnection.open` throws. */
export async function readState(options: ConnectOptions): Promise<QueueState> {
  const connection = await QueueConnection.open(options);
  try {
    const runs = await readRuns(connection);
    return { workers: await readWorkers(connection, connection.onNote), runs };
  } finally {
    connection.close();
  }
}

/** @param onNote takes what is wrong with what is not as this program writes it, and is left out. */
export async function readWorkers(
  connection: QueueConnection,
  onNote: (line: string) => void,
): Promise<readonly NamedWorker[]> {
  const { redis } = connection;
  const set = connection.key("workers");
  const names = (await redis.smembers(set)).sort().slice(0, MOST);
  if (names.length === 0) return [];
  const texts = await redis.mget(names.map((name) => connection.key("worker", name)));
  const gone = names.filter((_, index) => texts[index] === null);
  if (gone.length > 0) await redis.srem(set, gone);
  return names.flatMap((name, index) => {
    const text = texts[index];
    const record =
      text === null ? undefined : readOrNote(onNote, () => parseMessage(text, WORKER, `worker ${name}`));
    return record ? [{ ...record, name }] : [];
  });
}

async function readRuns(connection: QueueConnection): Promise<readonly RunState[]> {
  const ids = (await connection.redis.smembers(connection.key("runs"))).sort().slice(0, MOST);
  const runs: RunState[] = [];
  for (const id of ids.filter((each) => !each.includes(":"))) {
    const text = await connection.redis.get(runKey(connection, id));
    const run =
      text === null ? undefined : readOrNote(connection.onNote, () => parseMessage(text, RUN, `run ${id}`));
    if (!run) continue;
    const queue = new connection.bullmq.Queue(queueName(id), {
      ...connection.options,
      // The run may end meanwhile: nothing of it is written again.
      skipMetasUpdate: true,
    });
    const counts = await queue.getJobCounts("waiting", "active");
    await queue.close();
    runs.push({ id, host: run.host, kind: run.kind, waiting: counts.waiting, active: counts.active });
  }
  return runs;
}

function readOrNote<Value>(onNote: (line: string) => void, read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof MessageError)) throw error;
    onNote(error.message);
    return undefined;
  }
}
