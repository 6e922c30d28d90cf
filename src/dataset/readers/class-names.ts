// The names of classes that labels give, in their order, and examples of them.

/** Examples that `data info` shows. */
const EXAMPLES = 5;

/** By number if all are numbers, else by code unit, as in Python. */
export function sortClasses(names: ReadonlySet<string>): string[] {
  const all = [...names];
  const areNumbers = all.every((name) => /^-?\d+$/.test(name));
  return areNumbers ? all.sort((a, b) => Number(a) - Number(b)) : all.sort((a, b) => (a < b ? -1 : 1));
}

/** A note for classes whose names differ in case alone: they may be one. */
export function notesOnCase(classNames: readonly string[]): string[] {
  const first = new Map<string, string>();
  return classNames.flatMap((name) => {
    const folded = name.normalize().toLowerCase();
    const other = first.get(folded);
    if (other === undefined) first.set(folded, name);
    return other === undefined
      ? []
      : [`"${other}" and "${name}" are two classes; write them alike if they are one`];
  });
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
