// What a search is about to do: the lines at its start, and `deepaugment optimize --dry-run`.

import { withoutCredentials } from "../common/printable.ts";
import type { Config } from "../config/schema.ts";
import { dataSettings } from "../dataset/reader.ts";
import type { Plan } from "../measure/plan.ts";
import type { StageWork } from "../measure/work.ts";
import type { SizedImages } from "../search/settle/sizes.ts";
import { formatDuration, formatRate } from "./format.ts";
import type { Terminal } from "./terminal.ts";

/** Loads the images, at the size that is chosen for them, and plans the run. Nothing is written but the cache. */
export async function loadAndPlan(
  config: Config,
  resume: string | undefined,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<{ images: SizedImages; plan: Plan }> {
  const [{ loadWithProgress }, { loadSized }, { planRun }] = await Promise.all([
    import("./loading.ts"),
    import("../search/settle/sizes.ts"),
    import("../measure/plan.ts"),
  ]);
  const images = await loadSized(config, (size) =>
    loadWithProgress({ data: config.data, settings: dataSettings(config) }, size, signal, terminal),
  );
  return { images, plan: await planRun({ ...images, resume, signal }) };
}

/** Prints the plan of a run, and runs nothing. */
export async function printPlan(
  config: Config,
  resume: string | undefined,
  isJson: boolean,
  terminal: Terminal,
): Promise<void> {
  const { checkBeforeLoading } = await import("../search/run-experiment.ts");
  checkBeforeLoading(config, resume);
  const { plan } = await terminal.interruptible((signal) => loadAndPlan(config, resume, signal, terminal));
  if (isJson) return terminal.print(plan);
  const { describeEngine } = await import("../engine/choose.ts");
  const sizes = Object.entries(plan.sizes).map(([key, { value, reason }]) => {
    return `${key.padEnd("validation_set_size".length)}  ${reason ?? value ?? "null: not resized"}`;
  });
  terminal.logNotes(plan.notes);
  const { dataset, model, engine } = plan;
  terminal.printText([
    `Searching on ${dataset}: model ${model}, engine ${describeEngine(engine)}`,
    ...sizes,
    ...describePlan(plan),
  ]);
}

/** In seconds. A new search that takes longer is one that few have planned. */
const LONG = 6 * 3600;

/** How many trainings, how long they take, and which gains they can show. */
export function describePlan(plan: Plan): string[] {
  const { work, seconds, gainNote } = plan;
  const isDone = work.search.trainings + work.confirmation.trainings === 0;
  if (isDone) return ["Nothing is left to train"];
  const isLong = (seconds ?? 0) > LONG && work.search.hasBaseline;
  const notes = [
    ...(isLong ? ["if that is too long, --budget 1h plans a search that ends within about an hour"] : []),
    ...(gainNote === undefined ? [] : [gainNote]),
  ];
  return [...describeWork(plan), ...notes.map((note) => `note: ${note}`)];
}

function describeWork({ work, epochs, workers, rates, seconds, isQueued }: Plan): string[] {
  const { search, confirmation, firstEpochs } = work;
  const parts = [
    ...(firstEpochs > 0 ? [`one training of ${firstEpochs} epochs first`] : []),
    ...(search.trainings > 0
      ? [`${judgedBy(search)}: ${count(search.trainings, "trainings")} of ${count(epochs, "epochs")}`]
      : []),
    ...(confirmation.trainings > 0 ? [`up to ${confirmation.trainings} to confirm the best`] : []),
  ];
  return [parts.join(", then "), describeTime({ seconds, rates, workers, isQueued })];
}

/** How long all trainings take. */
export function describeTime({
  seconds,
  rates,
  workers,
  isQueued,
}: Pick<Plan, "seconds" | "rates" | "workers" | "isQueued">): string {
  if (isQueued) return "How long they take depends on the machines of the queue";
  if (seconds === null || rates === null) return "How long they take could not be measured";
  const rate = `measured: ${formatRate(rates.training)} images/s`;
  return `About ${formatDuration(seconds)} with ${count(workers, "workers")} (${rate})`;
}

/** Where trainings run: how many at the same time here, or on other machines. */
export function whereTrained({ queue }: Pick<Config, "queue">, workers: number): string {
  if (queue === null) return count(workers, "workers");
  return `machines of ${withoutCredentials(queue)}`;
}

/** What the trainings judge: `40 policies and the baseline`. */
function judgedBy({ policies, hasBaseline }: StageWork): string {
  const others = policies - Number(hasBaseline);
  if (!hasBaseline) return count(others, "policies");
  return others === 0 ? "the baseline" : `${count(others, "policies")} and the baseline`;
}

const SINGULAR = { policies: "policy", trainings: "training", epochs: "epoch", workers: "worker" } as const;

function count(number: number, what: keyof typeof SINGULAR): string {
  return `${number.toLocaleString("en")} ${number === 1 ? SINGULAR[what] : what}`;
}
