// How good the policy is that a search hands over, by the images that it has trained on: ours with and without trainings that
// are stopped early, random search with successive halving, Optuna and SMAC, on a landscape that is smoothed from recorded
// learning curves, and from searches of the same child and number of images (of measurements/).
//
//   npm run bench:fidelity -- --python python3 --results fidelity.jsonl
//   npm run bench:fidelity -- --curves test/fixtures/curves-mnist.jsonl.gz --searches 1h-mnist-0
//
// Python needs optuna and smac (pip install optuna smac); without `--python` these are left out. With `--results` each search
// becomes a line of that file, and what it has already is not searched again.

import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { UsageError } from "../../src/common/errors.ts";
import { meanOf, standardErrorOf } from "../../src/common/mean.ts";
import { BASES, isSimple, USUAL_BASES } from "../../src/config/recipes.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";
import { formOfFamilies, type PolicyForm } from "../../src/policy/form.ts";
import { createSpace, pointToPolicy } from "../../src/policy/space.ts";
import { CURVE_FAMILIES } from "../curves/policies.ts";
import { readCurves } from "../curves/table.ts";
import { runScript } from "../run-script.ts";
import { judgedIn } from "./fidelity/judged.ts";
import { type Landscape, landscapeOf } from "./fidelity/landscape.ts";
import { type Method, type OurSettings, Ours, Peer, RandomSearch } from "./fidelity/methods.ts";
import { readSeeds } from "./whole-numbers.ts";

/** The costs at which regrets are read, in images of full trainings. */
const MARKS = [5, 7.5, 10, 15, 20, 30, 40, 60, 80, 120, 160];
const SHOWN = [10, 20, 40, 80, 160];
const SEARCHES = "1h-cifar10-0,1h-cifar10-1,1h-cifar10-2,random-1h-cifar10-2";

const OURS: Readonly<Record<string, () => Method>> = {
  ours: () => new Ours("ours, as by default", { starts: true }),
  "ours-25": () => new Ours("ours, stopped after 25 epochs", { starts: true, ...stopped(25) }),
  "ours-12-25": () => new Ours("ours, stopped after 12 or 25 epochs", { starts: true, ...stopped(12, 25) }),
  "ours-short": () => new Ours("ours, trainings of 25 epochs", { starts: true, epochs: 25 }),
  "ours-3": () => new Ours("ours, three trainings per trial", { starts: true, samples: 3 }),
  "ours-plain": () => new Ours("ours without starting points", {}),
  "ours-plain-3": () => new Ours("the same, three trainings per trial", { samples: 3 }),
  random: () => new RandomSearch("random search", [1]),
  "random-halving": () => new RandomSearch("random search with successive halving", [1 / 9, 1 / 3, 1]),
};
const PEERS = ["optuna-hyperband", "smac"];

/** At these epochs the worse half is stopped. */
function stopped(...epochs: number[]): Pick<OurSettings, "stopRule"> {
  return { stopRule: { epochs, share: 0.5 } };
}

interface Result {
  readonly curves: string;
  readonly form: string;
  readonly method: string;
  readonly title: string;
  readonly seed: number;
  /** At MARKS, in accuracy. */
  readonly regrets: readonly number[];
}

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      curves: { type: "string", default: "test/fixtures/curves-cifar10.jsonl.gz" },
      form: { type: "string", default: "families" },
      methods: { type: "string", default: [...Object.keys(OURS), ...PEERS].join(",") },
      seeds: { type: "string", default: "0-49" },
      python: { type: "string" },
      results: { type: "string" },
      searches: { type: "string", default: SEARCHES },
    },
  });
  const { curves, results } = values;
  const form = formNamed(values.form);
  const pairs = readCurves(curves).filter(({ equalSteps }) => equalSteps);
  const judged = values.searches
    .split(",")
    .filter(Boolean)
    .flatMap((name) => judgedIn(`measurements/${name}.tar.xz`, pairs));
  const landscape = landscapeOf(pairs, createSpace({ ...form, operations: EXTENDED_TECHNIQUES }), judged);
  const all: Result[] =
    results && existsSync(results)
      ? readFileSync(results, "utf8")
          .split("\n")
          .filter(Boolean)
          .map((line) => JSON.parse(line))
      : [];
  const isHere = (result: Result) => result.curves === curves && result.form === values.form;
  const names = values.methods.split(",");
  for (const name of names) {
    const method = await openMethod(name, values.python);
    if (!method) continue;
    for (const seed of readSeeds(values.seeds)) {
      if (all.some((each) => isHere(each) && each.method === name && each.seed === seed)) continue;
      const regrets = await search(method, landscape, seed);
      const result = { curves, form: values.form, method: name, title: method.title, seed, regrets };
      all.push(result);
      if (results) appendFileSync(results, `${JSON.stringify(result)}\n`);
    }
    method.close();
  }
  console.log(`${landscape.description} Form of the policies: ${values.form}.\n`);
  console.log(tableOf(names, all.filter(isHere)).join("\n"));
});

/**
 * `families`, as a search proposes by default but without upside down, or chains of any techniques such as `2x1`: two chains of one
 * operation each.
 */
function formNamed(name: string): PolicyForm {
  if (name === "families") return formOfFamilies(CURVE_FAMILIES, BASES.filter(isSimple));
  const [chains, operationsPerChain] = name.split("x").map(Number);
  if (!(chains > 0 && operationsPerChain > 0))
    throw new UsageError(`form: expected families or 2x1, received ${name}`);
  const extension = { bases: USUAL_BASES, mixture: true, magnitudes: "drawn", redraw: "epoch" } as const;
  return { chains, operationsPerChain, extension };
}

async function openMethod(name: string, python: string | undefined): Promise<Method | undefined> {
  const own = OURS[name];
  if (own) return own();
  if (!PEERS.includes(name)) throw new Error(`unknown method ${name}`);
  if (python === undefined) return undefined;
  const peer = await Peer.open(name, python);
  if (typeof peer !== "string") return peer;
  console.error(`${name} is left out: ${python} has no module ${peer}`);
  return undefined;
}

/** The regrets at MARKS. */
async function search(method: Method, landscape: Landscape, seed: number): Promise<number[]> {
  const { space, stages, greatest, truthOf, train } = landscape;
  const full = stages.at(-1)!;
  const trained = new Map<string, { accuracies: number[]; epochs: number }>();
  const regrets: number[] = [];
  let cost = 0;
  await method.start(seed, landscape);
  while (regrets.length < MARKS.length) {
    const { trial, sample, point, stage } = await method.next();
    const key = `${trial} ${sample}`;
    const policy = pointToPolicy(space, point);
    const known = trained.get(key) ?? { accuracies: train(policy, seed, trial, sample), epochs: 0 };
    trained.set(key, known);
    cost += Math.max(0, stages[stage] - known.epochs) / full;
    known.epochs = Math.max(known.epochs, stages[stage]);
    await method.tell(known.accuracies[stage]);
    while (regrets.length < MARKS.length && cost >= MARKS[regrets.length]) {
      regrets.push(greatest - truthOf(pointToPolicy(space, method.recommend())));
    }
  }
  return regrets;
}

function tableOf(names: readonly string[], results: readonly Result[]): string[] {
  const rows = names.flatMap((name) => {
    const own = results.filter(({ method }) => method === name);
    if (own.length === 0) return [];
    const cells = SHOWN.map((mark) => {
      const regrets = own.map((result) => 100 * result.regrets[MARKS.indexOf(mark)]);
      const mean = meanOf(regrets);
      return own.length > 1
        ? `${mean.toFixed(2)} ± ${standardErrorOf(regrets, mean).toFixed(2)}`
        : mean.toFixed(2);
    });
    return [`| ${[own[0].title, own.length, ...cells].join(" | ")} |`];
  });
  const head = ["method", "seeds", ...SHOWN.map((mark) => `${mark} full trainings`)];
  return [`| ${head.join(" | ")} |`, `|---|${"---:|".repeat(head.length - 1)}`, ...rows];
}
