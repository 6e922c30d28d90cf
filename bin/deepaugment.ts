#!/usr/bin/env node
const args = process.argv.slice(2);
if (args[0] === "__worker") {
  // A worker does not wait for the commands to load.
  import("../src/cli/worker.ts").then(({ runWorker }) => runWorker(args[1]));
} else {
  import("../src/cli/main.ts")
    .then(({ main }) => main(args))
    .then((exitCode) => {
      process.exitCode = exitCode;
    });
}
