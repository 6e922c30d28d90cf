// A search by halves.

/** The largest whole number in [low, high] that fits; `low` does, and numbers below one that fits do, too. */
export function largest(low: number, high: number, fits: (value: number) => boolean): number {
  let [known, above] = [low, Math.max(low, high) + 1];
  while (above - known > 1) {
    const middle = Math.floor((known + above) / 2);
    if (fits(middle)) known = middle;
    else above = middle;
  }
  return known;
}
