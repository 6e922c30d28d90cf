// What a coordinator writes in Redis of its run besides trainings: that it is there, and how many trainings are not finished.

import { hostname } from "node:os";
import { VERSION } from "../../../common/version.ts";
import type { QueueConnection } from "./connection.ts";
import { backlogKey, cancelledKey, refusalsKey, runKey, wakeKey } from "./keys.ts";
import type { QueuedRun } from "./messages.ts";

/** How long a run stays whose coordinator has gone, and its results; in seconds. */
export const RUN_LIFETIME = 7 * 24 * 3600;
/** How long the backlog stays that nobody adds to, in seconds. */
const BACKLOG_LIFETIME = 24 * 3600;

interface AboutRun extends Pick<QueuedRun, "platform" | "isMixed"> {
  /** Its name. */
  readonly run: string;
}

export class RunRecord {
  readonly #connection: QueueConnection;
  readonly #kind: QueuedRun["kind"];
  readonly #about: AboutRun;

  constructor(connection: QueueConnection, kind: QueuedRun["kind"], about: AboutRun) {
    this.#connection = connection;
    this.#kind = kind;
    this.#about = about;
  }

  /** Why workers do not train for it, by their names. */
  refusals(): Promise<Readonly<Record<string, string>>> {
    return this.#connection.redis.hgetall(refusalsKey(this.#connection, this.#about.run));
  }

  /** Removes all of it. */
  async remove(): Promise<void> {
    const { run } = this.#about;
    await this.forgetBacklog();
    await this.#connection.redis
      .multi()
      .srem(this.#connection.key("runs"), run)
      .del(
        runKey(this.#connection, run),
        refusalsKey(this.#connection, run),
        wakeKey(this.#connection, run),
        cancelledKey(this.#connection, run),
      )
      .exec();
  }

  /** Writes, again, that this run is there. */
  async announce(): Promise<void> {
    const { run, platform, isMixed } = this.#about;
    const record: QueuedRun = {
      ...{ version: VERSION, kind: this.#kind, platform, isMixed, host: hostname() },
    };
    await this.#connection.redis
      .multi()
      .set(runKey(this.#connection, run), JSON.stringify(record), "EX", RUN_LIFETIME)
      .sadd(this.#connection.key("runs"), run)
      .exec();
  }

  /** Counts a training among those that are not finished: what decides how many machines are needed. */
  async joinBacklog(id: string): Promise<void> {
    const key = backlogKey(this.#connection);
    const name = `${this.#about.run}/${id}`;
    await this.#connection.redis
      .multi()
      .lrem(key, 0, name)
      .rpush(key, name)
      .expire(key, BACKLOG_LIFETIME)
      .exec();
  }

  async leaveBacklog(id: string): Promise<void> {
    await this.#connection.redis.lrem(backlogKey(this.#connection), 0, `${this.#about.run}/${id}`);
  }

  /** Removes what a coordinator of this run that was killed has left. */
  async forgetBacklog(): Promise<void> {
    const key = backlogKey(this.#connection);
    const left = await this.#connection.redis.lrange(key, 0, -1);
    for (const name of left.filter((each) => each.startsWith(`${this.#about.run}/`)))
      await this.#connection.redis.lrem(key, 0, name);
  }
}
