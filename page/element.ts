// Makes elements. Text, which may come from the user's files, is only ever set as text: nothing here reads HTML.

type Attributes = Readonly<Record<string, string>>;
type Child = Node | string | null;

export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function paragraph(text: string, kind = ""): HTMLParagraphElement {
  return element("p", kind === "" ? {} : { class: kind }, text);
}

export interface TableContent {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns of words; the others are numbers, and right-aligned. */
  readonly words?: readonly number[];
}

/** In a frame that scrolls sideways, for narrow screens. @param name for readers of the page who do not see it. */
export function table({ head, rows, words = [0] }: TableContent, name: string): HTMLElement {
  const kindOf = (column: number): Attributes => ({ class: words.includes(column) ? "words" : "number" });
  return element(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": name },
    element(
      "table",
      {},
      element(
        "thead",
        {},
        element("tr", {}, ...head.map((title, i) => element("th", { scope: "col", ...kindOf(i) }, title))),
      ),
      element(
        "tbody",
        {},
        ...rows.map((row) => element("tr", {}, ...row.map((cell, i) => element("td", kindOf(i), cell)))),
      ),
    ),
  );
}

/** Its content is made when it is opened first: a table of 1,000 trials takes time. */
export function details(summary: string, content: () => Node): HTMLDetailsElement {
  const made = element("details", { "data-key": summary }, element("summary", {}, summary));
  made.addEventListener("toggle", () => {
    if (made.open && made.childElementCount === 1) made.append(content());
  });
  return made;
}
