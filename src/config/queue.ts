// The address of a queue: a Redis URL, whose user and password are kept from files, messages and process titles.

import { UsageError } from "../common/errors.ts";
import { withoutCredentials } from "../common/printable.ts";

/** A Redis server, and the database in it. */
export interface QueueAddress {
  readonly isEncrypted: boolean;
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly user?: string;
  readonly password?: string;
  /** The URL without user and password. */
  readonly shown: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 6379;

/** A worker is taken to have gone after this time without a sign of life, unless it is given another one; in seconds. */
export const LOST_AFTER_SECONDS = 30;

/** Most that a worker's copies of files may take, unless it is given another limit; in units of 10⁹ bytes. */
export const CACHE_GIGABYTES = 20;

/** Names of a team's keys in Redis begin with it. */
export const QUEUE_PREFIX = /^[\w-]{1,64}$/;
/** The same in words. */
export const QUEUE_PREFIX_FORM = "1 to 64 letters, digits, hyphens and underscores";

/** The URL of a queue: user, password and database may be missing. */
export const QUEUE_URL_FORM = /^rediss?:\/\/(?:[^\s/?#@]*@)?[^\s/?#@]+(?:\/\d{0,4})?$/;

/** The same in words, for messages. */
export const QUEUE_URL = "a URL such as redis://host:6379/0, or rediss://host:6379/0 with encryption";

/**
 * The parts of a queue's URL. User and password that it does not have are taken from `$DEEPAUGMENT_QUEUE_USER` and
 * `$DEEPAUGMENT_QUEUE_PASSWORD`.
 * @throws UsageError if it is not such a URL. The message does not contain it, because it may contain a password.
 */
export function parseQueueUrl(url: string, environment: Environment = process.env): QueueAddress {
  const parts = partsOf(url);
  if (!parts) throw new UsageError(`queue: expected ${QUEUE_URL}`);
  const user = decodeURIComponent(parts.username) || environment.DEEPAUGMENT_QUEUE_USER;
  const password = decodeURIComponent(parts.password) || environment.DEEPAUGMENT_QUEUE_PASSWORD;
  return {
    isEncrypted: parts.protocol === "rediss:",
    host: parts.hostname.replace(/^\[|\]$/g, ""),
    port: parts.port === "" ? DEFAULT_PORT : Number(parts.port),
    database: Number(parts.pathname.slice(1)),
    ...(user && { user }),
    ...(password && { password }),
    shown: withoutCredentials(url),
  };
}

function partsOf(url: string): URL | undefined {
  if (!QUEUE_URL_FORM.test(url) || !URL.canParse(url)) return undefined;
  const parts = new URL(url);
  if (parts.hostname === "") return undefined;
  return isEncoded(parts.username) && isEncoded(parts.password) ? parts : undefined;
}

function isEncoded(text: string): boolean {
  return /^(?:[^%]|%[\da-f]{2})*$/i.test(text);
}
