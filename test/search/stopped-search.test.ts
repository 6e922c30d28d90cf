// Whole searches that stop trainings early, with real trainings on a few tiny images.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { InterruptedError } from "../../src/common/errors.ts";
import { loadConfig, resolveConfig } from "../../src/config/load.ts";
import { completed } from "../../src/controller/rungs.ts";
import type { Dataset } from "../../src/dataset/dataset.ts";
import { loadDataset } from "../../src/dataset/load.ts";
import { readResults } from "../../src/experiment/results.ts";
import type { Executor } from "../../src/search/executors/executor.ts";
import { InProcessExecutor } from "../../src/search/executors/in-process.ts";
import {
  type ExperimentObserver,
  type ExperimentOutcome,
  runExperiment,
} from "../../src/search/run-experiment.ts";
import { spaceOf } from "../../src/search/settle/controller.ts";
import { settleWarmStart } from "../../src/search/settle/warm-start.ts";
import type { TrainingTask } from "../../src/search/training.ts";
import { ORIGINAL } from "../config/original.ts";
import { SAMPLE_ARCHIVE } from "../fixtures/sample.ts";

const root = mkdtempSync(join(tmpdir(), "deepaugment-stopped-"));
process.env.DEEPAUGMENT_HOME = join(root, "home");
after(() => rmSync(root, { recursive: true }));

const SETTINGS = {
  ...ORIGINAL,
  data: SAMPLE_ARCHIVE,
  ...{ image_size: 12, train_set_size: 40, validation_set_size: 60, child_batch_size: 10, engine: "wasm" },
  ...{ iterations: 16, opt_samples: 1, opt_initial_points: 12, confirm_top: 1, confirm_samples: 1, seed: 5 },
  ...{ redraw: "epoch", bases: ["none", "flip"], reward: "averaged" },
  ...{ child_epochs: 3, stop_epochs: [1, 2] },
};

/** The trainings that it was given are kept. */
class KeepingExecutor implements Executor {
  readonly workers = 1;
  readonly tasks: TrainingTask[] = [];
  readonly #executor = new InProcessExecutor();

  train(...[task, options]: Parameters<Executor["train"]>): ReturnType<Executor["train"]> {
    this.tasks.push(task);
    return this.#executor.train(task, options);
  }

  async close(): Promise<void> {}
}

describe("a search that stops trainings", () => {
  let dataset: Dataset;
  let whole: ExperimentOutcome;
  const executor = new KeepingExecutor();
  const run = (settings: Record<string, unknown>, executor?: Executor) =>
    runExperiment({ config: resolveConfig({ ...SETTINGS, ...settings }), dataset, executor });
  const resume = (folder: string) =>
    runExperiment({
      ...{ config: loadConfig({ file: join(folder, "config.yaml") }), dataset, resume: folder },
      executor: new InProcessExecutor(),
    });
  /** All but the times. */
  const textOf = (folder: string, file = "notebook.csv") =>
    readFileSync(join(folder, file), "utf8").replace(/,[^,\n]*$/gm, "");
  before(async () => {
    dataset = await loadDataset(SAMPLE_ARCHIVE, { imageSize: 12 });
    whole = await run({ out: join(root, "whole") }, executor);
  });

  it("trains each until it is worse than the others before it, and writes how far it came", () => {
    const [header, ...rows] = textOf(whole.folder)
      .trimEnd()
      .split("\n")
      .map((line) => line.split(","));
    assert.deepEqual(header.slice(8, 11), ["reward", "last_epoch", "chain_1_op_1_type"]);
    const ends = new Map<number, number>();
    for (const [trial, , epoch, , , , accuracy, , reward, last] of rows) {
      const ended = ends.get(Number(trial)) ?? 0;
      assert.equal(Number(epoch), ended + 1);
      ends.set(Number(trial), Number(epoch));
      if (epoch === last) assert.equal(accuracy, reward);
    }
    for (const { trial, stoppedAt } of whole.trials) assert.equal(ends.get(trial), stoppedAt ?? 3);
    const stopped = whole.trials.filter(({ stoppedAt }) => stoppedAt !== undefined);
    assert.ok(stopped.length >= 2 && stopped.length <= 8, `${stopped.length}`);
    // Six others before, told two trials ago.
    assert.ok(stopped.every(({ trial }) => trial >= 2 + 6 + 2));
  });

  it("gives each task thresholds from the results that its policy was chosen by", () => {
    const accuracies = new Map(whole.trials.map(({ trial, rungs = [] }) => [trial, rungs]));
    const searched = executor.tasks.filter(({ sample }) => sample === 0);
    assert.equal(searched.length, 17);
    for (const { trial, stops = [], validatedAt } of searched) {
      assert.deepEqual(validatedAt, [1, 2, 3]);
      // A lag of 3 trials, and the baseline and the recipe do not count.
      const told = [...accuracies].filter(([other]) => other >= 2 && other <= trial - 3);
      const expected = [0, 1].flatMap((rung) => {
        const values = told.flatMap(([, rungs]) => rungs[rung] ?? []).sort((a, b) => a - b);
        return values.length < 6 ? [] : [{ epoch: rung + 1, below: values[Math.floor(values.length / 2)] }];
      });
      assert.deepEqual(stops, expected, `trial ${trial}`);
      const { rungs = [], stoppedAt } = whole.trials.find((record) => record.trial === trial)!;
      const stop = stops.find(({ epoch, below }) => rungs[epoch - 1] < below);
      assert.equal(stoppedAt, stop?.epoch);
    }
    assert.ok(executor.tasks.every(({ sample, stops }) => sample === 0 || stops === undefined));
  });

  it("reports and confirms none of them, and says how many there were", () => {
    const stopped = new Set(
      whole.trials.filter(({ stoppedAt }) => stoppedAt !== undefined).map(({ trial }) => trial),
    );
    assert.ok(whole.policies.every(({ trial }) => !stopped.has(trial)));
    const results = readResults(whole.folder);
    assert.equal(results.stopped, stopped.size);
    assert.deepEqual(results.policies, whole.policies);
    assert.match(
      readFileSync(join(whole.folder, "experiment.log"), "utf8"),
      /trial \d+: stopped after epoch [12] with 0\.\d+, /,
    );
  });

  it("gives the same notebook with 1 worker and with 2, each in processes of their own", async () => {
    for (const workers of [1, 2]) {
      const { folder } = await run({ out: join(root, `${workers}`), workers });
      for (const file of ["notebook.csv", "policies.json", "confirmations.csv"])
        assert.equal(textOf(folder, file), textOf(whole.folder, file), `${workers}`);
    }
  });

  it("gives the same notebook after interruptions", async () => {
    for (const trainings of [5, 13]) {
      const stop = new AbortController();
      let ended = 0;
      let folder = "";
      const config = resolveConfig({ ...SETTINGS, out: join(root, `interrupted-${trainings}`) });
      const onStart = (start: { readonly folder: string }): ExperimentObserver => {
        folder = start.folder;
        return {
          onTrainingFinished: () => {
            if (++ended === trainings) stop.abort();
          },
        };
      };
      const request = { config, dataset, signal: stop.signal, executor: new InProcessExecutor(), onStart };
      await assert.rejects(runExperiment(request), InterruptedError);
      const { trials } = await resume(folder);
      assert.equal(textOf(folder), textOf(whole.folder));
      assert.deepEqual(
        trials.map(({ stoppedAt }) => stoppedAt),
        whole.trials.map(({ stoppedAt }) => stoppedAt),
      );
    }
  });

  it("teaches a later search what its stopped trials are", () => {
    const config = resolveConfig({ ...SETTINGS, warm_start: whole.folder });
    const warm = settleWarmStart(config, spaceOf(config));
    const [baseline, ...others] = completed(whole.trials);
    assert.deepEqual(
      warm?.gains.map(({ reward, noise }) => [reward, noise]),
      others.map(({ reward, noise }) => [reward - baseline.reward, noise]),
    );
    for (const [index, { stoppedAt, reward }] of whole.trials.slice(1).entries()) {
      const { noise } = others[index];
      if (stoppedAt === undefined) assert.deepEqual([others[index].reward, noise], [reward, undefined]);
      else assert.ok(noise !== undefined && noise >= 1 && noise <= 4, `${noise}`);
    }
  });
});
