// What machines tell each other through Redis. Everything that is read there is held against a schema and a limit on its size:
// anybody with access to the queue may have written it.

import { createHash } from "node:crypto";
import { z } from "zod";
import { RunError } from "../../../common/errors.ts";
import { parseJson } from "../../../common/json.ts";
import { problemIn } from "../../../common/schema.ts";
import { ENGINE_NAMES, PRECISIONS } from "../../../config/engines.ts";

/** Of a message as JSON, in characters: a result with the predictions of a million test images has half of it. */
const MOST_CHARACTERS = 2 ** 24;

/** A name or a line. */
const line = (most: number) => z.string().min(1).max(most);

/** SHA-256 in hexadecimal: what a file's content is. */
const DIGEST = z.string().regex(/^[\da-f]{64}$/);

/** A file, named by its content. Each machine keeps it at a path of its own. */
export const FILE = z.strictObject({ digest: DIGEST });

/** A number, with those that JSON does not have: the loss of a diverged training. */
export const NUMBER: z.ZodType<number> = z.union([
  z.number(),
  z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number),
]);

/** What decides the bits of a training's result, besides its task. */
const PLATFORM = z.strictObject({
  engine: z.enum(ENGINE_NAMES),
  precision: z.enum(PRECISIONS),
  /** The instruction set of engine native; null for others. */
  kernels: line(64).nullable(),
  /** The graphics card that computes; null if the processor does. */
  device: line(256).nullable(),
});
export type Platform = z.output<typeof PLATFORM>;

/** What a training ran on. */
const PLACE = z.strictObject({ ...PLATFORM.shape, host: line(256) });
export type Place = z.output<typeof PLACE>;

export const KINDS = ["train", "evaluate"] as const;

/** A run that has trainings: written by its coordinator, and again every few seconds. Other versions have other keys. */
export const RUN = z.looseObject({
  version: line(64),
  kind: z.enum(KINDS),
  platform: PLATFORM,
  /** Whether other platforms may train, too. */
  isMixed: z.boolean(),
  host: line(256),
});
export type QueuedRun = z.output<typeof RUN>;

/** What any version says of a run. */
export const ANY_RUN = z.looseObject({ version: line(64), host: line(256) });

/** A worker's sign of life. */
export const WORKER = z.looseObject({
  version: line(64),
  host: line(256),
  pid: z.int().positive(),
  engine: line(256),
  slots: z.int().positive().max(10_000),
  /** The only run that it trains for. */
  onlyRun: line(64).optional(),
  /** Names of the trainings that it runs, with the beginning of their run's id. */
  running: z.array(line(256)).max(10_000),
  /** Trained images per second, over the last minute. */
  imagesPerSecond: z.number().nonnegative(),
  /** Share of its slots' time that was spent on trainings, over the last minute. */
  busy: z.number().min(0).max(1),
  /** In milliseconds since 1970. */
  since: z.number().nonnegative(),
  finished: z.int().nonnegative(),
  failed: z.int().nonnegative(),
});
export type WorkerRecord = z.output<typeof WORKER>;

/** Of all that a worker program hears on its channel. */
export const NOTICE = z.discriminatedUnion("type", [
  /** There is a new run. */
  z.strictObject({ type: z.literal("run"), run: line(64) }),
  z.strictObject({ type: z.literal("cancel"), run: line(64), jobs: z.array(line(128)).max(10_000) }),
]);
export type Notice = z.output<typeof NOTICE>;

/** Why a worker does not train for a run. */
export const REFUSAL = line(1000);

/** A file in Redis. */
export const BLOB = z.strictObject({
  bytes: z.int().nonnegative(),
  chunks: z.int().nonnegative(),
});

/** What a worker sends back: a result, of which weights are in Redis as a file. */
export function resultMessage<Result>(result: z.ZodType<Result>) {
  return z.strictObject({ result, weights: FILE.optional(), place: PLACE });
}

/** A job's data. */
export const JOB = z.strictObject({ task: z.string().max(MOST_CHARACTERS) });

/** The text of a message: JSON with the numbers that JSON does not have, and with typed arrays as lists. */
export function formatMessage(message: unknown): string {
  return JSON.stringify(message, (_, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value)) return String(value);
    if (value instanceof Int32Array) return Array.from(value);
    return value;
  });
}

/**
 * The message in a text.
 * @param what it is, for the error.
 * @throws MessageError, one line, if it is too long, or not what the schema says.
 */
export function parseMessage<Message>(text: string, schema: z.ZodType<Message>, what: string): Message {
  if (text.length > MOST_CHARACTERS) throw new MessageError(`${what} has ${text.length} characters`);
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw new MessageError(`${what} is not JSON`);
  }
  return checkMessage(value, schema, what);
}

/** Like `parseMessage`, for what has been parsed already. */
export function checkMessage<Message>(value: unknown, schema: z.ZodType<Message>, what: string): Message {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new MessageError(`${what} is not what this program writes: ${problemIn(value, schema)}`);
}

/** Something in the queue was not written by this program, or is damaged. */
export class MessageError extends RunError {}

/** The id of a training's job: the same task in the same run is the same job. */
export function jobIdOf(run: string, message: string, isRerun: boolean): string {
  const hash = createHash("sha256").update(run).update("\0").update(message);
  return `${hash.digest("hex").slice(0, 32)}-${isRerun ? 2 : 1}`;
}
