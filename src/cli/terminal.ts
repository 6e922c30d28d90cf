// Whether someone is watching, and Ctrl-C.

/** Whether bars and colour make sense: stderr is a terminal, and nobody asked to do without. */
export function isTerminal(): boolean {
  return process.stderr.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
}

/**
 * Runs `work` with a signal that the first Ctrl-C (SIGINT) or SIGTERM aborts, so that it can end cleanly; a second one
 * ends the process at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write("\nStopping… (again to stop at once)\n");
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  }
}
