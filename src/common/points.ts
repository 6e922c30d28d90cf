// Differences of accuracies in messages.

/** A difference of shares in percentage points, without its unit: `3.3`, `−0.9`. */
export function formatPoints(value: number): string {
  return `${value < 0 ? "−" : ""}${Math.abs(100 * value).toFixed(1)}`;
}

/** The same with its sign: `+3.3`, `−0.9`. */
export function formatSignedPoints(value: number): string {
  return `${value < 0 ? "" : "+"}${formatPoints(value)}`;
}
