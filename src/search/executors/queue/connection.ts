// A connection to the Redis server of a queue. BullMQ and ioredis are loaded here only, with the first connection. A connection
// that is lost is made again, for as long as that takes; both are said in one line.

import { isIP } from "node:net";
import type * as BullMQ from "bullmq";
import type { Redis } from "ioredis";
import { messageOf, RunError, systemCode, UsageError } from "../../../common/errors.ts";
import { parseQueueUrl, type QueueAddress } from "../../../config/queue.ts";
import { backlogKey, noticeChannel } from "./keys.ts";

/** A queue's server, and what the names of its keys begin with. */
export interface QueuePlace {
  /** With user and password, perhaps. */
  readonly url: string;
  readonly prefix: string;
}

export interface ConnectOptions extends QueuePlace {
  /** Takes what the user should know, a line each. */
  readonly onNote: (line: string) => void;
}

/** Without an answer for this long, a connection counts as lost, in milliseconds: more than any command blocks. */
const SOCKET_TIMEOUT = 30_000;
const CONNECT_TIMEOUT = 10_000;
/** Between two attempts to connect again, at most; in milliseconds. */
const RETRY_INTERVAL = 2_000;
/** For how long a command that ends something is waited for. */
const CLOSE_GRACE = 2_000;
/** BullMQ needs its commands. */
const LEAST_VERSION = 6;

export class QueueConnection {
  readonly redis: Redis;
  readonly bullmq: typeof BullMQ;
  readonly prefix: string;
  /** The server, without user and password. */
  readonly shown: string;
  readonly onNote: (line: string) => void;
  #isLost = false;
  #isClosing = false;
  readonly #reconnected = new Set<() => void>();

  private constructor(redis: Redis, bullmq: typeof BullMQ, shown: string, options: ConnectOptions) {
    this.redis = redis;
    this.bullmq = bullmq;
    this.shown = shown;
    this.prefix = options.prefix;
    this.onNote = options.onNote;
    redis.on("close", () => this.#lose());
    redis.on("ready", () => this.#find());
  }

  /**
   * Connects, once: a server that is not there is an error now, and waited for later.
   * @throws UsageError if it is no queue's URL, the server has no such database, or refuses the user, the password or the prefix; RunError
   *   if it cannot be reached, or is too old.
   */
  static async open(options: ConnectOptions): Promise<QueueConnection> {
    const address = parseQueueUrl(options.url);
    const [bullmq, { Redis }] = await Promise.all([import("bullmq"), import("ioredis")]);
    let isOpen = false;
    const redis = new Redis({
      ...{ host: address.host, port: address.port, db: address.database },
      ...{ username: address.user, password: address.password },
      ...(address.isEncrypted && { tls: isIP(address.host) ? {} : { servername: address.host } }),
      ...{ lazyConnect: true, maxRetriesPerRequest: null, keepAlive: 10_000 },
      ...{ connectTimeout: CONNECT_TIMEOUT, socketTimeout: SOCKET_TIMEOUT },
      retryStrategy: (attempt) => (isOpen ? Math.min(100 * attempt, RETRY_INTERVAL) : null),
    });
    let reason: unknown;
    // Without a listener, ioredis prints; what it reports later is that the connection is lost, which `close` says too.
    redis.on("error", (error) => {
      reason ??= error;
    });
    let connection: QueueConnection | undefined;
    try {
      await redis.connect();
      await checkServer(redis);
      connection = new QueueConnection(redis, bullmq, address.shown, options);
      await checkPlace(connection, address);
    } catch (error) {
      connection?.close();
      redis.disconnect();
      const isOurs = error instanceof UsageError || error instanceof RunError;
      throw cannotConnect(address, isOurs ? error : (reason ?? error));
    }
    isOpen = true;
    return connection;
  }

  /** Whether the server cannot be reached now. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** The name of a key. */
  key(...parts: readonly string[]): string {
    return [this.prefix, ...parts].join(":");
  }

  /** Calls `act` each time that a lost connection has been made again. */
  onReconnected(act: () => void): void {
    this.#reconnected.add(act);
  }

  /** How BullMQ uses this connection. */
  get options(): { connection: Redis; prefix: string; skipVersionCheck: boolean } {
    return { connection: this.redis, prefix: this.prefix, skipVersionCheck: true };
  }

  /** Waits for what ends something on the server, but not for a server that has gone. @returns whether it has ended. */
  async patiently(work: Promise<unknown>): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, CLOSE_GRACE, false);
    });
    try {
      return await Promise.race([work.then(() => true), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#isClosing = true;
    this.redis.disconnect();
  }

  #lose(): void {
    if (this.#isLost || this.#isClosing) return;
    this.#isLost = true;
    this.onNote(`the connection to ${this.shown} is lost; it is made again as soon as the server answers`);
  }

  #find(): void {
    if (!this.#isLost) return;
    this.#isLost = false;
    this.onNote(`connected to ${this.shown} again`);
    for (const act of this.#reconnected) act();
  }
}

/** @throws RunError if the server is too old, or may drop what is stored in it. */
async function checkServer(redis: Redis): Promise<void> {
  const info = await redis.info();
  const version = /^redis_version:(\d+)/m.exec(info)?.[1];
  if (version !== undefined && Number(version) < LEAST_VERSION)
    throw new RunError(`it is Redis ${version}; ${LEAST_VERSION} or newer is needed`);
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (policy !== undefined && policy !== "noeviction")
    throw new RunError(
      `it drops keys if memory runs out (maxmemory-policy ${policy}); set maxmemory-policy to noeviction`,
    );
}

/** @throws UsageError if the server has no such database, or its user may not use these keys and channels. */
async function checkPlace(connection: QueueConnection, { database }: QueueAddress): Promise<void> {
  const { redis, prefix, shown } = connection;
  // The client has done so when it connected, but ignores that it failed, and would use database 0.
  if (database > 0) {
    await redis.select(database).catch((error) => {
      throw new UsageError(
        `${shown} has no database ${database}: ${messageOf(error)}; by default there are 0 to 15`,
      );
    });
  }
  try {
    await redis.exists(backlogKey(connection));
    await redis.subscribe(noticeChannel(connection));
    await redis.unsubscribe(noticeChannel(connection));
  } catch (error) {
    if (!/NOPERM/.test(messageOf(error))) throw error;
    throw new UsageError(
      `${shown} does not let this user use keys and channels that begin with "${prefix}:"; give --queue-prefix, or change the user's rights (ACL SETUSER)`,
    );
  }
}

function cannotConnect({ shown, isEncrypted }: QueueAddress, reason: unknown): Error {
  if (reason instanceof UsageError) return reason;
  if (reason instanceof RunError) return new RunError(`${shown} cannot be used: ${reason.message}`);
  const text = messageOf(reason);
  if (/NOAUTH|WRONGPASS|NOPERM|AUTH/.test(text)) {
    return new UsageError(
      `${shown} refuses the user or password; set DEEPAUGMENT_QUEUE_USER and DEEPAUGMENT_QUEUE_PASSWORD, or give them in the URL`,
    );
  }
  const code = codeOf(reason);
  if (UNKNOWN_AUTHORITY.has(code)) {
    return new RunError(
      `${shown} cannot be trusted: this machine does not know the authority of its certificate (${code}); set NODE_EXTRA_CA_CERTS to a file with the authority's certificate (PEM)`,
    );
  }
  const [why, fix = "start a Redis server there, or give another --queue"] = REASONS[code] ?? [text];
  const other = isEncrypted && code === "ETIMEDOUT" ? ", or expects redis:// without encryption" : "";
  return new RunError(`cannot reach the queue ${shown}: ${why}${other}; ${fix}`);
}

/** Also of errors that ioredis gives none. */
function codeOf(reason: unknown): string {
  const text = messageOf(reason);
  if (/^Socket timeout\./.test(text)) return "ETIMEDOUT";
  if (/^DENIED|^Connection is closed/.test(text)) return "EPIPE";
  if (/RESP type|Protocol error/.test(text)) return "EPROTO";
  return systemCode(reason) ?? "";
}

/** Codes of OpenSSL. */
const UNKNOWN_AUTHORITY: ReadonlySet<string> = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

const ANOTHER = "give another --queue";

/** Why, and how to fix it if that is not to start a server. */
const REASONS: Readonly<Record<string, readonly [why: string, fix?: string]>> = {
  ECONNREFUSED: ["nothing listens there"],
  ENOTFOUND: ["the host is unknown"],
  EAI_AGAIN: ["the host's name cannot be looked up"],
  ETIMEDOUT: ["it does not answer"],
  ECONNRESET: [
    "it ended the connection",
    `use rediss:// if it expects encryption, redis:// if it does not, or ${ANOTHER}`,
  ],
  EPIPE: [
    "it ended the connection, as a Redis server without a password does to other machines",
    `start it with --requirepass, or ${ANOTHER}`,
  ],
  EPROTO: ["what listens there is not a Redis server", ANOTHER],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    "its certificate is for another host",
    `give the name or address that the certificate has, or ${ANOTHER}`,
  ],
};
