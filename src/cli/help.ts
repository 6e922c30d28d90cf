// What a command's --help says below its options, as wide as the terminal, and at most 80 columns.

import type { AddHelpTextContext } from "commander";
import { programName } from "../common/program-name.ts";
import { brokenLines } from "./break-lines.ts";

const WIDEST = 80;
/** How an example begins in a help text. */
const EXAMPLE = "  deepaugment ";

/** The width of a help text. */
export function helpWidth({ command }: AddHelpTextContext): number {
  return Math.min(WIDEST, command.configureOutput().getOutHelpWidth?.() ?? WIDEST);
}

/**
 * For commander: a text whose paragraphs are broken again. Lines with spaces before them stay as they are, except examples:
 * they begin as this program is called, and long ones continue on the next line.
 */
export function helpText(text: string): (context: AddHelpTextContext) => string {
  return (context) => {
    const width = helpWidth(context);
    const lines: string[] = [];
    let paragraph: string[] = [];
    const endParagraph = () => {
      if (paragraph.length > 0) lines.push(...brokenLines(paragraph.join(" "), width));
      paragraph = [];
    };
    for (const line of text.split("\n")) {
      if (line !== "" && !line.startsWith(" ")) {
        paragraph.push(line);
        continue;
      }
      endParagraph();
      lines.push(...(line.startsWith(EXAMPLE) ? exampleLines(line.slice(EXAMPLE.length), width) : [line]));
    }
    endParagraph();
    return lines.join("\n");
  };
}

/** A command that can be pasted: broken before an option, with what a shell needs to read on. */
function exampleLines(args: string, width: number): string[] {
  const lines: string[] = [];
  const [first, ...options] = args.split(/ (?=--)/);
  let line = `  ${programName()} ${first}`;
  for (const option of options) {
    if (line.length + option.length + " ".length + " \\".length <= width) {
      line += ` ${option}`;
      continue;
    }
    lines.push(`${line} \\`);
    line = `      ${option}`;
  }
  return [...lines, line];
}
