// How trainings of one kind, those of a search or those of an evaluation, travel between machines.

import type { z } from "zod";
import type { ContentRef } from "../../content.ts";
import { FILE, formatMessage, type KINDS, parseMessage } from "./messages.ts";

/** Trained weights are bytes; all else of a result is JSON. */
interface WithWeights {
  readonly weights?: Uint8Array;
}

export interface TaskKind<Task, Result extends WithWeights, Report> {
  readonly name: (typeof KINDS)[number];
  /** Keys of the task that may name a file. */
  readonly files: readonly (keyof Task & string)[];
  /** Keys that concern only the machine that made the task. */
  readonly local: readonly (keyof Task & string)[];
  /** Of a task whose files have digests only. */
  readonly task: z.ZodType;
  readonly report: z.ZodType<Report>;
  readonly result: z.ZodType<Omit<Result, "weights">>;
  /** Of a training, for messages: "trial 3, sample 0". */
  nameOf(task: Task): string;
  /** The file with its images. */
  imagesOf(task: Task): ContentRef;
  /** How many epochs have ended, and what part of the next one. */
  epochsIn(report: Report): number;
  /** Images that a training is given in an epoch. @param available in the file of images. */
  imagesPerEpoch(task: Task, available: number): number;
}

/** A task as another machine gets it, and where this one has its files, by digest. */
export interface PackedTask {
  readonly text: string;
  readonly files: ReadonlyMap<string, string>;
}

export function packTask<Task extends object, Result extends WithWeights, Report>(
  { files, local }: TaskKind<Task, Result, Report>,
  task: Task,
): PackedTask {
  const paths = new Map<string, string>();
  const entries = Object.entries(task).flatMap(([key, value]: [string, unknown]) => {
    if (local.some((each) => each === key)) return [];
    if (!files.some((each) => each === key) || !isContentRef(value)) return [[key, value]];
    paths.set(value.digest, value.path);
    return [[key, { digest: value.digest }]];
  });
  return { text: formatMessage(Object.fromEntries(entries)), files: paths };
}

/**
 * The task in a message.
 * @param locate gives the path of a file on this machine.
 * @throws MessageError if it is no such task; what `locate` throws.
 */
export async function unpackTask<Task extends object, Result extends WithWeights, Report>(
  kind: TaskKind<Task, Result, Report>,
  text: string,
  locate: (digest: string) => Promise<string>,
): Promise<Task> {
  const message = parseMessage(text, kind.task, "a training in the queue") as Record<string, unknown>;
  for (const key of kind.files) {
    const { data: file } = FILE.safeParse(message[key]);
    if (file) message[key] = { digest: file.digest, path: await locate(file.digest) } satisfies ContentRef;
  }
  return message as Task;
}

function isContentRef(value: unknown): value is ContentRef {
  return typeof value === "object" && value !== null && "digest" in value && "path" in value;
}
