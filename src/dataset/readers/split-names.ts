// Which names of folders and tables mean a split of the data. docs/data-layouts.md lists them.

import { SPLITS, type SplitName } from "../reader.ts";

/** The words for each split. */
const WORDS: Record<SplitName, readonly string[]> = {
  train: ["train", "training", "trn", "trainval"],
  validation: ["val", "valid", "validation", "dev", "devel", "development"],
  test: ["test", "testing", "tst", "eval", "evaluation", "holdout"],
};

/** Words beside that of the split which say nothing: `seg_train`, `training_set`, `train_images`. */
const FILLERS =
  "all class classes cropped data dataset datasets dir files final folder full image images img imgs jpeg jpg my new " +
  "original pic pics picture pictures photo photos png resized sample samples seg set sets small split the";

/** The same in names of tables: `train_labels.csv`, `labels_train.csv`. */
const TABLE_FILLERS =
  "annotation annotations class classes csv df ground gt id ids index info key label labels list meta metadata table truth tsv";

const SPLIT_OF = new Map(SPLITS.flatMap((split) => WORDS[split].map((word) => [word, split] as const)));

/** `trainset`, `valdata`. */
const GLUED = new RegExp(
  `^(${[...SPLIT_OF.keys()].sort((a, b) => b.length - a.length).join("|")})(sets?|data|datasets?|images?|imgs?|folder|dir)$`,
);

const FILLER_SET = new Set(FILLERS.split(" "));
const TABLE_FILLER_SET = new Set([...FILLER_SET, ...TABLE_FILLERS.split(" ")]);

interface ParsedName {
  readonly split: SplitName;
  /** The other words of the name, if they are not fillers: the names of one dataset's splits have the same. */
  readonly rest: string;
}

/**
 * The names among these, of things in one folder, that mean a split. A name with words that could mean anything
 * (`bullet_train`) does so only if another split has the same words (`alphabet_train`, `alphabet_test`).
 */
export function splitsAmong(names: readonly string[]): Map<string, SplitName> {
  const parsed = new Map(names.map((name) => [name, parse(name, FILLER_SET)] as const));
  const found = new Map<string, SplitName>();
  for (const [name, own] of parsed) {
    if (!own) continue;
    const hasSibling = [...parsed.values()].some(
      (other) => other && other.rest === own.rest && other.split !== own.split,
    );
    if (own.rest === "" || hasSibling) found.set(name, own.split);
  }
  return found;
}

/** The split that one name means by itself, if any. */
export function splitOf(name: string): SplitName | undefined {
  return splitsAmong([name]).get(name);
}

/** The split that a single word means. */
export function splitOfWord(word: string): SplitName | undefined {
  return SPLIT_OF.get(word) ?? SPLIT_OF.get(GLUED.exec(word)?.[1] ?? "");
}

/** The split that a table's name means (without its extension), and undefined if it says nothing about splits. */
export function splitOfTable(name: string): SplitName | undefined {
  const parsed = parse(name, TABLE_FILLER_SET);
  return parsed?.split;
}

function parse(name: string, fillers: ReadonlySet<string>): ParsedName | undefined {
  const words = wordsOf(name);
  const splits: SplitName[] = [];
  const rest: string[] = [];
  for (const word of words) {
    const split = splitOfWord(word);
    if (split) splits.push(split);
    else if (!fillers.has(word) && !/^\d+$/.test(word)) rest.push(word);
  }
  // train_val is what is not tested on; train_test_split is no split.
  const isBoth = splits.length === 2 && splits.includes("train") && splits.includes("validation");
  if (splits.length === 1 || isBoth) return { split: isBoth ? "train" : splits[0], rest: rest.join(" ") };
  return undefined;
}

/** `TrainingSet-2` is training, set, 2. */
export function wordsOf(name: string): string[] {
  return name
    .replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2")
    .toLowerCase()
    .replace(/(\p{L})(\d)|(\d)(?=\p{L})/gu, "$1$3 $2")
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}
