// Counts words in comments, messages and documentation that our prose avoids (scripts/prose/glossary.ts), for each part
// of the repository, and shows the first places. Exits with 1 if there are any.
//
//   npm run check:prose
//   npm run check:prose -- --all src/dataset native   # every place, in these folders or files only

import { globSync, readFileSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import { findHits, TERMS } from "./prose/glossary.ts";

const PARTS = [
  ...globSync("src/*"),
  ..."bin kernels native page scripts test examples configs docs .github".split(" "),
  ..."README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md CODE_OF_CONDUCT.md".split(" "),
].sort();
const EXTENSIONS = "{ts,mjs,h,cc,py,md,yaml,yml,txt}";
/** The glossary itself, and its test. */
const EXCLUDED = ["scripts/prose/glossary.ts", "test/scripts/prose.test.ts"];
const FIRST = 3;

const { values, positionals } = parseArgs({ options: { all: { type: "boolean" } }, allowPositionals: true });

const hits = (positionals.length > 0 ? positionals : PARTS).flatMap((part) =>
  filesOf(part).flatMap((file) =>
    findHits(readFileSync(file, "utf8")).map((hit) => ({ ...hit, file, part })),
  ),
);

for (const term of TERMS) {
  const found = hits.filter((hit) => hit.term === term);
  if (found.length === 0) continue;
  console.log(`${found.length} × "${term.name}"; use: ${term.use}`);
  for (const { file, line, excerpt } of values.all ? found : found.slice(0, FIRST)) {
    console.log(`  ${file}:${line}: ${excerpt}`);
  }
}
const parts = new Map<string, number>();
for (const { part } of hits) parts.set(part, (parts.get(part) ?? 0) + 1);
for (const [part, count] of parts) console.log(`${String(count).padStart(5)}  ${part}`);
console.log(`${String(hits.length).padStart(5)}  in all`);
if (hits.length > 0) process.exitCode = 1;

function filesOf(part: string): string[] {
  if (statSync(part).isFile()) return [part];
  return globSync(`${part}/**/*.${EXTENSIONS}`)
    .sort()
    .filter((file) => !EXCLUDED.includes(file));
}
