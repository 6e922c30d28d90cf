// Detects grey pictures and converts pictures to grey.

/** Whether the three channels of `pixels` [height, width, 3] are equal everywhere. */
export function isGrey(pixels: Uint8Array): boolean {
  for (let i = 0; i < pixels.length; i += 3) {
    if (pixels[i] !== pixels[i + 1] || pixels[i] !== pixels[i + 2]) return false;
  }
  return true;
}

/**
 * The rounded luma (ITU-R BT.601) of `pixels` [height, width, 3]: [height, width, 1]. Three equal channels give exactly
 * their value.
 */
export function lumaOf(pixels: Uint8Array): Uint8Array {
  const luma = new Uint8Array(pixels.length / 3);
  for (let i = 0, j = 0; i < luma.length; i++, j += 3) {
    luma[i] = Math.floor((299 * pixels[j] + 587 * pixels[j + 1] + 114 * pixels[j + 2] + 500) / 1000);
  }
  return luma;
}
