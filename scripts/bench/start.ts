// What the start of the program costs, in processor time: of `--help`, of a worker that trains (with everything that it
// loads for a training, none of which runs) and of one that decodes a small PNG. From the build: `npm run build` first.
//
//   npm run bench:start -- [--runs 9] [--program dist/bin/deepaugment.js]

import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "9" },
    program: { type: "string", default: "dist/bin/deepaugment.js" },
  },
});
const PICTURE = "docs/pictures/policy.png";

/** Has a process print its user and system time in microseconds as its last line on stderr. */
const REPORT = `data:text/javascript,process.on("exit",()=>{const{user,system}=process.cpuUsage();process.stderr.write("\\n"+(user+system))})`;

const starts: Record<string, () => Promise<number>> = {
  "--help": () => secondsOf(["--help"]),
  // A task that says nothing fails, but only once everything is loaded.
  "a training worker": () => secondsOf(["__worker", "train"], {}),
  "a decoding worker": () => secondsOf(["__worker", "decode"], { paths: [PICTURE] }),
};
for (const [what, start] of Object.entries(starts)) {
  const times: number[] = [];
  for (let run = 0; run <= Number(values.runs); run++) times.push(await start());
  const counted = times.slice(1).sort((a, b) => a - b); // the first run filled the system's caches
  const median = counted[Math.floor(counted.length / 2)];
  console.log(JSON.stringify({ bench: "start", what, runs: counted.length, cpuSeconds: median }));
}

/** Processor seconds of the program, from its start to its end; a worker ends when it has answered its task. */
async function secondsOf(args: readonly string[], task?: object): Promise<number> {
  const child = spawn(process.execPath, ["--import", REPORT, values.program, ...args], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    serialization: "advanced",
  });
  let printed = "";
  child.stderr!.setEncoding("utf8").on("data", (text) => {
    printed += text;
  });
  if (task) {
    child.send(task);
    child.on("message", ({ type }: { type: string }) => {
      if (type !== "progress") child.disconnect();
    });
  }
  // Not "close": it does not come once this side has closed the channel.
  await Promise.all([once(child, "exit"), once(child.stderr!, "end")]);
  return Number(printed.slice(printed.lastIndexOf("\n"))) / 1e6;
}
