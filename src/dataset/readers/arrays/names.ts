// What the name of an array says: whether it has images, labels or the names of classes, and of which split.

import type { SplitName } from "../../reader.ts";
import { splitOfWord, wordsOf } from "../split-names.ts";

type ArrayRole = "images" | "labels" | "names";

export interface ArrayName {
  readonly role: ArrayRole | undefined;
  readonly split: SplitName | undefined;
  /** Its other words: arrays that belong together have the same. */
  readonly rest: string;
}

const IMAGES = new Set(
  "x image images img imgs picture pictures pic pics photo photos pixel pixels data feature features input inputs".split(
    " ",
  ),
);
const LABELS = new Set(
  "y label labels lbl lbls target targets class classes cls category categories output outputs emotion digit digits".split(
    " ",
  ),
);
const NAMES =
  /^(class|label|target|category|categories|labels|classes)_?names?$|^(names|categories|classes|classnames)$/;

/** Short words for splits, in names such as `X_tr`. */
const SHORT: Readonly<Record<string, SplitName>> = { tr: "train", va: "validation", te: "test", ts: "test" };

/** `xtrain`, `trainx`, `ytest`. */
const GLUED = /^(?:(x|y)(train|tr|val|valid|test|te)|(train|tr|val|valid|test|te)(x|y))$/;

export function parseArrayName(name: string): ArrayName {
  if (NAMES.test(name.toLowerCase().replace(/[\s-]/g, "_")))
    return { role: "names", split: undefined, rest: "" };
  const words = wordsOf(name).flatMap((word) => {
    const glued = GLUED.exec(word);
    return glued ? glued.slice(1).filter(Boolean) : [word];
  });
  const rest: string[] = [];
  let [split, hasImages, hasLabels] = [undefined as SplitName | undefined, false, false];
  for (const word of words) {
    const own = splitOfWord(word) ?? SHORT[word];
    if (own && split === undefined) split = own;
    else if (LABELS.has(word)) hasLabels = true;
    else if (IMAGES.has(word)) hasImages = true;
    else if (!FILLERS.has(word)) rest.push(word);
  }
  // `image_labels` are labels.
  const role = hasLabels ? "labels" : hasImages ? "images" : undefined;
  return { role, split, rest: rest.join(" ") };
}

const FILLERS = new Set("the all set array arrays npy".split(" "));
