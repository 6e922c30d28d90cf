// Times in words, in options and in messages.

/** `30m`, `1h30m` or `90s` in seconds; undefined if the text is no such time, or is no time at all. */
export function parseDuration(text: string): number | undefined {
  const match = /^(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?$/.exec(text.trim());
  if (!match) return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  const all = 3600 * hours + 60 * minutes + seconds;
  return all > 0 && Number.isFinite(all) ? all : undefined;
}

/** At least this many seconds, rounded up to a time that `parseDuration` reads: `90s`, `25m` or `1h30m`. */
export function roundUpDuration(seconds: number): string {
  if (seconds <= 120) return `${10 * Math.ceil(seconds / 10)}s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes}m`;
  const rounded = 5 * Math.ceil(minutes / 5);
  const rest = rounded % 60;
  return `${Math.floor(rounded / 60)}h${rest === 0 ? "" : `${rest}m`}`;
}

/** Seconds as `42s`, `3m 05s` or `2h 07m`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h ${two(Math.floor((whole % 3600) / 60))}m`;
}
