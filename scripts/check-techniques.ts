// Checks the properties of the techniques (test/augment/properties.ts) in millions of random cases: any technique,
// sides from 1 to 48 pixels, any magnitude including 0 and 1, half of them scaled. A quarter of the cases are chains of two
// or three operations.
//
//   node scripts/check-techniques.ts --cases 10000000     # some minutes on two cores
//   node scripts/check-techniques.ts --case 4711          # only that case, with its stack trace
//   node scripts/check-techniques.ts --large              # each technique once on 4096 x 4096 pixels instead
//
// A case depends only on its number and on --seed (default 1). Progress goes to stderr, a JSON line to stdout; the
// first failure ends the run with exit code 1 and prints the case's number.

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { DrawShape, Shape } from "../src/augment/technique.ts";
import { messageOf } from "../src/common/errors.ts";
import { Random } from "../src/common/random.ts";
import { EXTENDED_TECHNIQUES } from "../src/config/techniques.ts";
import type { Chain } from "../src/policy/policy.ts";
import { checkComposition, checkOperation } from "../test/augment/properties.ts";

/** Number of cases that a worker takes at a time. */
const BLOCK = 5000;
const PROGRESS_SECONDS = 10;
const LARGE: Shape = { height: 4096, width: 4096 };

interface Case {
  /** One operation, or a chain of two or three. */
  readonly operations: Chain;
  readonly shape: DrawShape;
  readonly seed: number;
}

interface Block {
  readonly from: number;
  readonly to: number;
}

interface Failure {
  readonly number: number;
  readonly reason: string;
}

function caseOf(number: number, seed: number): Case {
  const random = new Random(seed, "technique case", number);
  const count = random.chance(0.25) ? random.integer(2, 3) : 1;
  const operations = Array.from({ length: count }, () => ({
    type: EXTENDED_TECHNIQUES[random.integer(0, EXTENDED_TECHNIQUES.length - 1)],
    magnitude: drawMagnitude(random),
  }));
  return {
    operations,
    shape: { height: drawSide(random), width: drawSide(random), scale: drawScale(random) },
    seed: random.uint32(),
  };
}

/** Half of the cases are not scaled; the others from 1/16 to 16. */
function drawScale(random: Random): number {
  return random.chance(0.5) ? 1 : 2 ** random.uniform(-4, 4);
}

function drawMagnitude(random: Random): number {
  const kind = random.integer(0, 7);
  return kind === 0 ? 0 : kind === 1 ? 1 : random.uniform();
}

/** Mostly small: at most 4, at most 16 or at most 48, in the ratio 2 : 2 : 1. */
function drawSide(random: Random): number {
  return random.integer(1, [4, 4, 16, 16, 48][random.integer(0, 4)]);
}

function check({ operations, shape, seed }: Case): void {
  if (operations.length === 1) checkOperation(operations[0], shape, seed);
  else checkComposition(operations, shape, seed);
}

function describe({ operations, shape, seed }: Case): string {
  const chain = operations.map(({ type, magnitude }) => `${type} at ${magnitude}`).join(", then ");
  return `${chain}, on ${shape.height} x ${shape.width}, scale ${shape.scale}, seed ${seed}`;
}

/** Runs in a worker: checks blocks and answers each with its first failure, if any. */
function checkBlocks(seed: number): void {
  parentPort?.on("message", ({ from, to }: Block) => {
    parentPort?.postMessage(firstFailure(from, to, seed));
  });
}

function firstFailure(from: number, to: number, seed: number): Failure | undefined {
  for (let number = from; number < to; number++) {
    try {
      check(caseOf(number, seed));
    } catch (error) {
      return { number, reason: messageOf(error) };
    }
  }
  return undefined;
}

/** Distributes the cases among `workers` threads; stops soon after the first failure. */
async function checkAll(cases: number, seed: number, workers: number): Promise<Failure | undefined> {
  const start = performance.now();
  let next = 0;
  let checked = 0;
  let told = start;
  let failure: Failure | undefined;
  const work = (thread: Worker) =>
    new Promise<void>((resolve, reject) => {
      let block: Block;
      const give = () => {
        if (failure || next >= cases) return resolve();
        block = { from: next, to: Math.min(cases, next + BLOCK) };
        next = block.to;
        thread.postMessage(block);
      };
      thread.on("error", reject);
      thread.on("message", (found: Failure | undefined) => {
        failure ??= found;
        checked += block.to - block.from;
        const now = performance.now();
        if (now - told > 1000 * PROGRESS_SECONDS) {
          told = now;
          const rate = Math.round((1000 * checked) / (now - start));
          process.stderr.write(`${checked} of ${cases} cases, ${rate} per second\n`);
        }
        give();
      });
      give();
    });
  const threads = Array.from(
    { length: workers },
    () => new Worker(new URL(import.meta.url), { workerData: seed }),
  );
  try {
    await Promise.all(threads.map(work));
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
  return failure;
}

/** Parses an integer of at least `least` from the command line. */
function whole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  process.stderr.write(`--${name}: expected a whole number of at least ${least}, received ${text}\n`);
  process.exit(2);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cases: { type: "string", default: "200000" },
      case: { type: "string" },
      seed: { type: "string", default: "1" },
      workers: { type: "string", default: String(availableParallelism()) },
      large: { type: "boolean", default: false },
    },
  });
  const seed = whole("seed", values.seed, 0);
  if (values.case !== undefined) {
    const one = caseOf(whole("case", values.case, 0), seed);
    process.stderr.write(`${describe(one)}\n`);
    check(one);
    return;
  }
  const start = performance.now();
  if (values.large) {
    for (const type of EXTENDED_TECHNIQUES) {
      checkOperation({ type, magnitude: 0.7 }, LARGE, seed);
      process.stderr.write(`${type}\n`);
    }
    const seconds = (performance.now() - start) / 1000;
    console.log(
      JSON.stringify({ check: "techniques", ...LARGE, techniques: EXTENDED_TECHNIQUES.length, seconds }),
    );
    return;
  }
  const cases = whole("cases", values.cases, 1);
  const failure = await checkAll(cases, seed, whole("workers", values.workers, 1));
  if (failure) {
    const { number, reason } = failure;
    process.stderr.write(`case ${number} fails: ${reason} (${describe(caseOf(number, seed))})\n`);
    process.stderr.write(`to repeat it: node scripts/check-techniques.ts --seed ${seed} --case ${number}\n`);
    process.exitCode = 1;
    return;
  }
  const seconds = (performance.now() - start) / 1000;
  console.log(JSON.stringify({ check: "techniques", cases, seed, failures: 0, seconds }));
}

if (isMainThread) await main();
else checkBlocks(workerData);
