// Damages Parquet files and WebDataset shards in many ways and reads them: each must be read, or refused with one line, within a
// minute and 500 MB of memory.
//
//   npm run check:packed                        # 300 of each kind
//   npm run check:packed -- --count 2000        # more
//   npm run check:packed -- --lines             # prints what was refused, too
//
// Cases run in processes of their own, so that one that never ends is noticed. A JSON line with the verdict goes to stdout; the
// exit code is 1 if a case failed.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resourceUsage } from "node:process";
import { parseArgs } from "node:util";
import { KINDS, type Kind, type Outcome, readDamaged } from "../test/dataset/fixtures/damaged-packed.ts";
import { unpackSet } from "../test/dataset/fixtures/packed-set.ts";

const AT_ONCE = 50;
const MOST_MEMORY = 500e6;
const LONGEST = 60_000;

interface Report {
  readonly outcomes: readonly Outcome[];
  /** Largest memory of the process, in bytes. */
  readonly memory: number;
}

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "300" },
    lines: { type: "boolean", default: false },
    /** Internal: the cases of one process. */
    kind: { type: "string" },
    first: { type: "string" },
    last: { type: "string" },
  },
});
if (values.kind) console.log(JSON.stringify(await readSome(values.kind as Kind)));
else checkAll();

async function readSome(kind: Kind): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "deepaugment-check-packed-"));
  try {
    const set = await unpackSet(folder);
    const outcomes: Outcome[] = [];
    for (let number = Number(values.first); number < Number(values.last); number++)
      outcomes.push(await readDamaged(set, kind, number));
    return { outcomes, memory: 1024 * resourceUsage().maxRSS };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function checkAll(): void {
  let failed = 0;
  for (const kind of KINDS) {
    const outcomes: Outcome[] = [];
    let memory = 0;
    for (let first = 0; first < Number(values.count); first += AT_ONCE) {
      const report = runPart(kind, first, Math.min(Number(values.count), first + AT_ONCE));
      if (!report) failed++;
      outcomes.push(...(report?.outcomes ?? []));
      memory = Math.max(memory, report?.memory ?? 0);
    }
    const problems = outcomes.filter(({ problem }) => problem !== undefined);
    for (const { name, problem } of problems) console.error(`${name}: ${problem}`);
    if (values.lines)
      for (const { name, refused } of outcomes) if (refused) console.error(`${name}: ${refused}`);
    failed += problems.length + (memory > MOST_MEMORY ? 1 : 0);
    const refused = outcomes.filter((outcome) => outcome.refused !== undefined).length;
    const counts = { read: outcomes.length - refused, refused, problems: problems.length };
    console.log(JSON.stringify({ check: "packed", kind, ...counts, megabytes: Math.round(memory / 1e6) }));
  }
  process.exitCode = failed > 0 ? 1 : 0;
}

/** What a process reports; undefined if it does not end in time, or crashes. */
function runPart(kind: Kind, first: number, last: number): Report | undefined {
  const args = [import.meta.filename, "--kind", kind, "--first", String(first), "--last", String(last)];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    timeout: LONGEST * (last - first),
    maxBuffer: 2 ** 28,
  });
  if (status === 0) return JSON.parse(stdout);
  console.error(`${kind}, cases ${first} to ${last - 1}: ${status === null ? "it did not end" : stderr}`);
  return undefined;
}
