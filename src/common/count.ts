// A number with its noun, in messages.

/** `1 training`, `2 trainings`; `plural` if the noun needs another ending. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
