// A program of your own that decides where trainings run: here in this process, one after another, and what was trained once
// is not trained again, in this search or a later one.
//
//   node examples/own-executor.mjs cifar10 30 histories/
//   node examples/own-executor.mjs photos/ 100 histories/ '{"image_size": 64, "child_epochs": 60}'
//
// The arguments: a dataset's name or a path, how many policies to judge, a folder for the histories of trainings, and keys of
// the configuration, as JSON. Run it twice: the second search trains nothing.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DeepAugment, formatPolicy, InterruptedError, runTraining } from "deepaugment";

/**
 * An executor has three members: `workers`, `train` and `close`. It runs each training once. What it throws, or leaves
 * without a report for too long, the search runs a second time.
 */
class KeepingExecutor {
  /** How many trainings run at the same time. */
  workers = 1;
  trained = 0;
  kept = 0;
  #folder;
  #last = Promise.resolve();

  constructor(folder) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
  }

  /** The search calls this as soon as it has something to train: what there is no room for has to wait. */
  train(task, options) {
    const result = this.#last.then(() => this.#trainOrRead(task, options));
    this.#last = result.catch(() => {}); // the search sees the error; the next training runs all the same
    return result;
  }

  async close() {
    await this.#last;
  }

  async #trainOrRead(task, { onStart, onEpoch, signal }) {
    const stopIfAborted = () => {
      if (signal?.aborted) throw new InterruptedError("interrupted");
    };
    stopIfAborted();
    onStart?.();
    const name = `trial ${task.trial}, sample ${task.sample}`;
    const path = join(this.#folder, `${keyOf(task)}.json`);
    if (existsSync(path)) {
      const history = JSON.parse(readFileSync(path, "utf8"));
      for (const epoch of history) onEpoch?.(epoch);
      this.kept++;
      console.log(`${name}: trained before`);
      return { history };
    }
    // An executor could send the task to another machine here: it is plain data, and names files by their digests. There
    // the third argument of runTraining finds them.
    const result = await runTraining(task, (epoch) => {
      stopIfAborted();
      onEpoch?.(epoch);
    });
    this.trained++;
    console.log(`${name}: validation accuracy ${result.history.at(-1).validationAccuracy.toFixed(3)}`);
    if (!task.returnsWeights) {
      // Under another name first, so that an interruption leaves no half of a file.
      writeFileSync(`${path}.new`, JSON.stringify(result.history));
      renameSync(`${path}.new`, path);
    }
    return result;
  }
}

/** What decides a training: all of its task but the trial's number, and the places where this machine has its files. */
function keyOf({ trial, ...task }) {
  const text = JSON.stringify(task, (key, value) => (key === "path" ? undefined : value));
  return createHash("sha256").update(text).digest("hex");
}

const [data = "cifar10", iterations = "30", folder = "histories", settings = "{}"] = process.argv.slice(2);
const deepAugment = new DeepAugment(data, JSON.parse(settings));
const executor = new KeepingExecutor(folder);

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());
try {
  await deepAugment.optimize(Number(iterations), { executor, signal: stop.signal });
} catch (error) {
  if (!(error instanceof InterruptedError)) throw error;
  console.log("interrupted");
}
await executor.close();

console.log(`experiment: ${deepAugment.folder}`);
console.log(`${executor.trained} trained, ${executor.kept} trained before`);
const [best] = deepAugment.topPolicies;
console.log(best ? `best: ${formatPolicy(best)}` : "no policy did better than the baseline");
