// Generates the documentation's page on the techniques from the registry.

import { REGISTRY } from "../../src/augment/registry.ts";
import { EXTENDED_TECHNIQUES } from "../../src/config/techniques.ts";

/** The page, in Markdown, with a final newline. */
export function techniquesPage(): string {
  const rows = EXTENDED_TECHNIQUES.map((name) => {
    const { family, meaning } = REGISTRY[name];
    return `| \`${name}\` | ${family} | ${meaning} |`;
  });
  return `${[
    "# Techniques",
    "",
    "The effect of each operation at magnitude m, from 0 to 1. Parameters are drawn anew for every image, uniformly from the",
    "given ranges. Images are uint8; results are rounded and clipped to 0-255; areas from outside the image are black.",
    "`deepaugment preview --techniques` shows all techniques on one of your images; [imgaug.md](imgaug.md) compares them with",
    "imgaug's. Configurations and policies use these names; hyphens, underscores and case do not matter. This page is",
    "generated from the code by `npm run docs`.",
    "",
    "| technique | family | at magnitude m |",
    "|---|---|---|",
    ...rows,
    "",
    "![A photograph of a cat under each of the techniques, at magnitudes 0.1, 0.3, 0.5, 0.7 and 1.0](pictures/techniques.png)",
    "",
    "Techniques that count in pixels (blur, grain, sharpen, emboss, dropout and the coarse grids, fog and clouds) scale with the",
    "image's side relative to the side at which a policy was judged: blur of 1 at 32 × 32 is blur of 15 at 480 × 480, and a",
    "grain is 15 pixels wide. So a policy looks the same on images of any size (`deepaugment preview --sizes 32,96,480`);",
    "`--scale off` applies it in pixels.",
    "",
    "![The same draws of three chains on an astronaut and a cup of coffee at 32, 96 and 480 pixels look alike](pictures/sizes.png)",
    "",
    "<sub>The cat is Chelsea, photographed by Stéfan van der Walt (CC0), the cup by Rachel Michetti (CC0), the",
    "astronaut by NASA (public domain); all from scikit-image. Text is set in IBM Plex Sans (SIL Open Font License).</sub>",
  ].join("\n")}\n`;
}
