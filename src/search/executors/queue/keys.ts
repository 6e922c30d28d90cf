// What coordinators and workers agree on: the names of keys, and when a worker counts as gone.

import { messageOf } from "../../../common/errors.ts";
import { LOST_AFTER_SECONDS } from "../../../config/queue.ts";
import type { QueueConnection } from "./connection.ts";

/** How often a training may be begun again because its worker has gone, before it has failed. */
const MOST_LOSSES = 5;

/**
 * How BullMQ notices that a worker has gone.
 * @param lostAfter without a sign of life, in milliseconds.
 */
export function lockOptions(lostAfter = 1000 * LOST_AFTER_SECONDS) {
  return { lockDuration: lostAfter, stalledInterval: lostAfter / 2, maxStalledCount: MOST_LOSSES };
}

/** BullMQ's name of a run's queue. */
export function queueName(run: string): string {
  return `run-${run}`;
}

/** BullMQ's settings of a run's queue. */
export function metaKey(connection: QueueConnection, run: string): string {
  return connection.key(queueName(run), "meta");
}

export function runKey(connection: QueueConnection, run: string): string {
  return connection.key("run", run);
}

export function refusalsKey(connection: QueueConnection, run: string): string {
  return connection.key("run", run, "refusals");
}

/** Jobs that their workers should end. */
export function cancelledKey(connection: QueueConnection, run: string): string {
  return connection.key("run", run, "cancelled");
}

/** A list with an entry for each training of all runs that is not finished: autoscalers look at its length. */
export function backlogKey(connection: QueueConnection): string {
  return connection.key("backlog");
}

/** A list with a token for each training that has been put into the queue: of the workers that wait, one wakes for each. */
export function wakeKey(connection: QueueConnection, run: string): string {
  return connection.key("run", run, "wake");
}

/** Says that there is a training to take. */
export async function wakeWorker(connection: QueueConnection, run: string): Promise<void> {
  const key = wakeKey(connection, run);
  await connection.redis
    .multi()
    .rpush(key, "1")
    .ltrim(key, -MOST_TOKENS, -1)
    .expire(key, TOKEN_LIFETIME)
    .exec();
}

/** While all workers are busy, tokens are of no use. */
const MOST_TOKENS = 100;
/** In seconds. */
const TOKEN_LIFETIME = 3600;

/** On which worker programs hear of new runs and of trainings to end. */
export function noticeChannel(connection: QueueConnection): string {
  return connection.key("notices");
}

/** Whether an error says only that the connection was lost. */
export function isConnectionError(error: unknown): boolean {
  return /Connection is closed|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|Socket timeout/.test(
    messageOf(error),
  );
}
