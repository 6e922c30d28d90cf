// Gamma, brightness and inversion: each value is mapped independently of its neighbours.

import type { Technique, TechniqueSet } from "./technique.ts";

type GammaParameters = { gamma: number };
/** The amounts added to red, green and blue. */
type BrightenParameters = { added: readonly [number, number, number] };

export const gammaContrast: Technique<GammaParameters> = {
  name: "gamma-contrast",
  family: "contrast",
  meaning:
    "255 (v / 255)^γ for every value v, with γ = 1.75 m: brighter below m = 0.57, darker above, white at 0",
  draw: (magnitude) => ({ gamma: 1.75 * magnitude }),
  workBytes: () => 256,
  render({ kernels, source, target, work, height, width, bytes }, { gamma }) {
    if (gamma !== tableGamma) fillGammaTable(gamma);
    bytes.set(gammaTable, work);
    kernels.lookUp(source, target, height * width * 3, work);
  },
};

/** The table of the last gamma: all images of a policy have the same one. */
const gammaTable = new Uint8ClampedArray(256);
let tableGamma = Number.NaN;

function fillGammaTable(gamma: number): void {
  for (let value = 0; value < 256; value++) gammaTable[value] = 255 * (value / 255) ** gamma;
  tableGamma = gamma;
}

export const brighten: Technique<BrightenParameters> = {
  name: "brighten",
  family: "contrast",
  meaning:
    "a whole number from -40 m to 40 m is added to every value; in half of the images each channel has its own",
  draw(magnitude, _shape, random) {
    const draw = () => Math.floor(random.uniform(-40 * magnitude, 40 * magnitude) + 0.5);
    const perChannel = random.chance(0.5);
    const red = draw();
    return { added: perChannel ? [red, draw(), draw()] : [red, red, red] };
  },
  isIdentity: ({ added }) => added.every((value) => value === 0),
  render({ kernels, source, target, height, width }, { added }) {
    const [red, green, blue] = added;
    kernels.add(source, target, height * width * 3, red, green, blue);
  },
};

const invert: Technique<Record<string, never>> = {
  name: "invert",
  family: "contrast",
  meaning: "255 - v for every value v; the magnitude is not used",
  draw: () => ({}),
  render({ kernels, source, target, height, width }) {
    kernels.invert(source, target, height * width * 3);
  },
};

export const contrastTechniques = {
  brighten,
  "gamma-contrast": gammaContrast,
  invert,
} satisfies TechniqueSet;
