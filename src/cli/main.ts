// The command line: one file per command, loaded when it is called, so that `--help` stays quick.

export async function main(_args: readonly string[]): Promise<number> {
  return 0;
}
