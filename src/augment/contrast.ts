// Gamma, brightness and inversion: each value is mapped by itself, whatever stands around it.

import { clamped, type Technique } from "./technique.ts";

type GammaParameters = { gamma: number };
/** What is added to red, green and blue. */
type BrightenParameters = { added: readonly [number, number, number] };

export const gammaContrast: Technique<GammaParameters> = {
  name: "gamma-contrast",
  family: "contrast",
  meaning:
    "255 (v / 255)^γ for every value v, with γ = 1.75 m: brighter below m = 0.57, darker above, white at 0",
  usesMagnitude: true,
  draw: (magnitude) => ({ gamma: 1.75 * magnitude }),
  render(source, target, _shape, { gamma }) {
    if (gamma !== tableGamma) fillGammaTable(gamma);
    for (let i = 0; i < source.length; i++) target[i] = gammaTable[source[i]];
  },
};

/** The table of the gamma used last: a policy's images all have the same. */
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
    "a whole number from -40 m to 40 m is added to every value, another for each channel in half of the images",
  usesMagnitude: true,
  draw(magnitude, _shape, random) {
    const draw = () => Math.floor(random.uniform(-40 * magnitude, 40 * magnitude) + 0.5);
    const perChannel = random.chance(0.5);
    const red = draw();
    return { added: perChannel ? [red, draw(), draw()] : [red, red, red] };
  },
  render(source, target, _shape, { added }) {
    const [red, green, blue] = added;
    const output = clamped(target);
    for (let i = 0; i < source.length; i += 3) {
      output[i] = source[i] + red;
      output[i + 1] = source[i + 1] + green;
      output[i + 2] = source[i + 2] + blue;
    }
  },
};

export const invert: Technique<Record<string, never>> = {
  name: "invert",
  family: "contrast",
  meaning: "255 - v for every value v; the magnitude is not used",
  usesMagnitude: false,
  draw: () => ({}),
  render(source, target) {
    for (let i = 0; i < source.length; i++) target[i] = 255 - source[i];
  },
};
