// Hue and saturation.

import { hsvToRgb, rgbToHsv } from "./hsv.ts";
import type { Technique } from "./technique.ts";

type HueParameters = { added: number };

export const addToHueAndSaturation: Technique<HueParameters> = {
  name: "add-to-hue-and-saturation",
  family: "colour",
  meaning:
    "one whole number from -45 m to 45 m is added to the hue (in half degrees) and to the saturation (of 255)",
  usesMagnitude: true,
  draw(magnitude, _shape, random) {
    const largest = Math.floor(45 * magnitude);
    return { added: random.integer(-largest, largest) };
  },
  render(source, target, _shape, { added }) {
    for (let i = 0; i < source.length; i += 3) {
      const hsv = rgbToHsv(source[i], source[i + 1], source[i + 2]);
      const hue = ((hsv >> 16) + added + 180) % 180;
      const saturation = Math.min(255, Math.max(0, ((hsv >> 8) & 255) + added));
      const rgb = hsvToRgb(hue, saturation, hsv & 255);
      target[i] = rgb >> 16;
      target[i + 1] = (rgb >> 8) & 255;
      target[i + 2] = rgb & 255;
    }
  },
};
