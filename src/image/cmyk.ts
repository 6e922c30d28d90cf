// CMYK to RGB by Pillow's formula.

/** [count, 4] (0: no ink) to [count, 3]. */
export function cmykToRgb(inks: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((inks.length / 4) * 3);
  for (let from = 0, to = 0; from < inks.length; from += 4, to += 3) {
    const light = 255 - inks[from + 3];
    for (let channel = 0; channel < 3; channel++) {
      const product = inks[from + channel] * light + 128;
      rgb[to + channel] = Math.max(0, light - (((product >> 8) + product) >> 8));
    }
  }
  return rgb;
}
