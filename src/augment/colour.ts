// Hue and saturation.

import type { Technique, TechniqueSet } from "./technique.ts";

type HueParameters = { added: number };

export const addToHueAndSaturation: Technique<HueParameters> = {
  name: "add-to-hue-and-saturation",
  family: "colour",
  meaning:
    "the same whole number from -45 m to 45 m is added to the hue (in half degrees) and to the saturation (0-255)",
  draw(magnitude, _shape, random) {
    const largest = Math.floor(45 * magnitude);
    return { added: random.integer(-largest, largest) };
  },
  render({ kernels, source, target, height, width }, { added }) {
    kernels.addToHueAndSaturation(source, target, height * width, added);
  },
};

export const colourTechniques = {
  "add-to-hue-and-saturation": addToHueAndSaturation,
} satisfies TechniqueSet;
