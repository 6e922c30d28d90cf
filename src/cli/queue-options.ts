// The options by which commands find a queue.

import type { Command } from "commander";
import { UsageError } from "../common/errors.ts";
import { parseQueueUrl, QUEUE_PREFIX, QUEUE_PREFIX_FORM, QUEUE_URL } from "../config/queue.ts";

export interface QueueFlags {
  queue?: string;
  queuePrefix?: string;
}

/** Adds `--queue` and `--queue-prefix`. */
export function addQueueOptions(command: Command): void {
  command
    .option("--queue <url>", `the Redis server: ${QUEUE_URL} (default: $DEEPAUGMENT_QUEUE)`)
    .option(
      "--queue-prefix <name>",
      "what the names of all keys begin with (default: deepaugment)",
      parsePrefix,
    );
}

/** @throws UsageError if there is no queue, or it has another form. */
export function queueOf({ queue = process.env.DEEPAUGMENT_QUEUE, queuePrefix = "deepaugment" }: QueueFlags) {
  if (queue === undefined || queue === "") {
    throw new UsageError("no queue is given; add --queue redis://host:6379/0, or set DEEPAUGMENT_QUEUE");
  }
  return { url: queue, prefix: queuePrefix, shown: parseQueueUrl(queue).shown };
}

function parsePrefix(text: string): string {
  if (QUEUE_PREFIX.test(text)) return text;
  throw new UsageError(`--queue-prefix: expected ${QUEUE_PREFIX_FORM}`);
}
