// How long `deepaugment --help` takes from the build (npm run build first): the median of many starts.
//
//   npm run bench:start

import { spawnSync } from "node:child_process";

const seconds = Array.from({ length: 21 }, () => {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, ["dist/bin/deepaugment.js", "--help"]);
  if (status !== 0) throw new Error("deepaugment --help failed; was it built?");
  return (performance.now() - start) / 1000;
}).sort((a, b) => a - b);
console.log(JSON.stringify({ command: "deepaugment --help", medianSeconds: Number(seconds[10].toFixed(3)) }));
