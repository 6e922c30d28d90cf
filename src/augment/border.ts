// What stands beyond an image's border: its mirror image, without the border pixel twice (OpenCV's BORDER_REFLECT_101).

/**
 * The index in [0, size) that stands at `index`, any whole number, after reflection: gfedcb|abcdefgh|gfedcba. It
 * holds at any distance, since the mirrored image repeats with the period 2 (size - 1).
 */
export function reflect101(index: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const phase = Math.abs(index) % period;
  return phase < size ? phase : period - phase;
}
