// The documentation's page on the techniques, made from the registry.

import { REGISTRY } from "../../src/augment/registry.ts";
import { TECHNIQUES } from "../../src/config/techniques.ts";

/** The page, in Markdown, with a final newline. */
export function techniquesPage(): string {
  const rows = TECHNIQUES.map((name) => {
    const { family, meaning } = REGISTRY[name];
    return `| \`${name}\` | ${family} | ${meaning} |`;
  });
  return `${[
    "# Techniques",
    "",
    "What an operation does at the magnitude m, from 0 to 1. Parameters are drawn anew for every image, uniformly from the",
    "ranges given. Images are uint8; results are rounded and clipped to 0-255; what comes in from outside of an image is",
    "black. `deepaugment preview --techniques` shows all on one of your pictures; [imgaug.md](imgaug.md) holds them against",
    "imgaug's. Configurations and policies call them by these names (hyphens, underscores and case do not matter). This page",
    "is made from the code by `npm run docs`.",
    "",
    "| technique | family | at magnitude m |",
    "|---|---|---|",
    ...rows,
  ].join("\n")}\n`;
}
