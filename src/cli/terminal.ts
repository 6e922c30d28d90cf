// Whether someone is watching, and Ctrl-C.

/** Whether bars and colour make sense: stderr is a terminal, and nobody asked to do without. */
export function isTerminal(): boolean {
  return process.stderr.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
}

/**
 * A signal that the first Ctrl-C (SIGINT) or SIGTERM aborts, so that the run can end cleanly; a second one ends the
 * process at once. `done` gives the keys their usual meaning again.
 */
export function abortOnInterrupt(): { signal: AbortSignal; done: () => void } {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write("\nStopping… (again to stop at once)\n");
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  const done = () => {
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
  };
  return { signal: controller.signal, done };
}
