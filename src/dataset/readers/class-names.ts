// The names of classes that labels give, in their order, and examples of them.

/** Examples that `data info` shows. */
const EXAMPLES = 5;

/** By number if all are numbers, else by code unit, as in Python. */
export function sortClasses(names: ReadonlySet<string>): string[] {
  const all = [...names];
  const areNumbers = all.every((name) => /^-?\d+$/.test(name));
  return all.sort((a, b) => (areNumbers && Number(a) - Number(b)) || (a < b ? -1 : 1));
}

/** A note for classes whose names are nearly alike, in case, spaces or the form of a number: they may be one. */
export function notesOnAlike(classNames: readonly string[]): string[] {
  const first = new Map<string, string>();
  return classNames.flatMap((name) => {
    const folded = foldedName(name);
    const other = first.get(folded);
    if (other === undefined) first.set(folded, name);
    return other === undefined
      ? []
      : [`"${other}" and "${name}" are two classes; write them alike if they are one`];
  });
}

/** A name without what can hardly be seen; numbers in their shortest form. */
function foldedName(name: string): string {
  const plain = name
    .normalize("NFKC")
    .replace(/\p{Cf}/gu, "")
    .trim()
    .replace(/\s+/g, " ")
    .toLowerCase();
  return /^-?\d+(\.\d*)?(e\d+)?$/.test(plain) && Math.abs(Number(plain)) < 2 ** 53
    ? String(Number(plain))
    : plain;
}

/** A few of the labels, of as many classes as possible. */
export function examplesOf<Label extends { readonly className: string }>(labels: Iterable<Label>): Label[] {
  const ofClasses = new Map<string, Label[]>();
  for (const label of labels) {
    const own = ofClasses.get(label.className);
    if (!own) ofClasses.set(label.className, [label]);
    else if (own.length < EXAMPLES) own.push(label);
  }
  const examples: Label[] = [];
  for (let round = 0; examples.length < EXAMPLES && round < EXAMPLES; round++) {
    for (const own of ofClasses.values())
      if (own[round] && examples.length < EXAMPLES) examples.push(own[round]);
  }
  return examples;
}
