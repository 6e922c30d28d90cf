// Markdown tables of regrets.

import type { Objective } from "./objective.ts";
import { type Mark, type SearchResult, type Summary, summarize } from "./results.ts";

/** The method that the others are compared with. */
export const REFERENCE = "ours";

/** A table per objective of which there are results, methods in the order of `methods`. */
export function formatResults(
  objectives: readonly Objective[],
  trials: readonly number[],
  results: readonly SearchResult[],
  methods: readonly string[],
): string[] {
  return objectives.flatMap(({ name, description }) => {
    const searches = results.filter(({ objective }) => objective === name);
    return searches.length === 0
      ? []
      : [`#### ${name}`, "", description, "", ...formatObjective(searches, trials, methods), ""];
  });
}

function formatObjective(
  searches: readonly SearchResult[],
  trials: readonly number[],
  methods: readonly string[],
): string[] {
  const bySeed = new Map(
    searches.filter(({ method }) => method === REFERENCE).map((search) => [search.seed, search]),
  );
  const rows = methods.flatMap((method) => {
    const own = searches.filter((search) => search.method === method);
    if (own.length === 0) return [];
    const pairs = own.flatMap((search) => {
      const reference = bySeed.get(search.seed);
      return reference && method !== REFERENCE ? [[search, reference]] : [];
    });
    const cells = trials.flatMap((mark) => {
      const at = (search: SearchResult) => search.marks.find((each) => each.trials === mark) as Mark;
      return (["simple", "recommended"] as const).flatMap((kind) => [
        format(own.map((search) => at(search)[kind])),
        format(pairs.map(([search, reference]) => at(search)[kind] - at(reference)[kind])),
      ]);
    });
    return [[own[0].title, String(own.length), ...cells]];
  });
  const head = [
    "method",
    "seeds",
    ...trials.flatMap((mark) => [`best of ${mark}`, "− ours", `chosen of ${mark}`, "− ours"]),
  ];
  const rule = head.map((_, index) => (index === 0 ? "---" : "---:"));
  return [head, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

/** In thousandths. */
function format(values: readonly number[]): string {
  if (values.length === 0) return "";
  const { count, mean, standardError }: Summary = summarize(values);
  return count === 1
    ? (1000 * mean).toFixed(1)
    : `${(1000 * mean).toFixed(1)} ± ${(1000 * standardError).toFixed(1)}`;
}
