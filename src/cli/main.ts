// The command line: one file per command, loaded when it is called, so that `--help` stays quick.

export async function main(args: readonly string[]): Promise<number> {
  if (args[0] === "__worker") {
    const { runWorker } = await import("./worker.ts");
    runWorker(args[1]);
    return 0;
  }
  return 0;
}
