// What is needed to repeat it.

import type { RepeatPart } from "../src/report/contents.ts";
import { details, element, paragraph } from "./element.ts";

export function repeatSection({ command, facts, config }: RepeatPart, madeAt: string): HTMLElement {
  return element(
    "section",
    { id: "repeat" },
    element("h2", {}, "Repeat it"),
    paragraph("The same seed on the same engine and machine gives the same numbers:"),
    element("pre", { tabindex: "0" }, command),
    element(
      "dl",
      { class: "facts" },
      ...facts.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))),
    ),
    details("All settings (config.yaml)", () => element("pre", { tabindex: "0" }, config)),
    paragraph(`This report was made at ${madeAt}.`, "note"),
  );
}
