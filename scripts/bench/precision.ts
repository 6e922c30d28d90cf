// Engine native in float32 beside bfloat16, by model: images trained per second by as many processes as there are cores, in
// rounds that alternate, and the share of multiply-adds that Winograd's method serves in float32. It is what decides
// WINOGRAD_SHARE in src/engine/native/precision.ts.
//
//   npm run bench:precision
//   npm run bench:precision -- --model wrn_16_2,my-model.json --rounds 9 --seconds 1 --page docs/performance.md

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { inspectionOf } from "../../src/child/model.ts";
import { UsageError } from "../../src/common/errors.ts";
import { describeMachine } from "../../src/common/machine.ts";
import type { Precision } from "../../src/config/engines.ts";
import { probeEngine } from "../../src/engine/choose.ts";
import { findAddon } from "../../src/engine/native/addon.ts";
import { winogradShare } from "../../src/engine/native/precision.ts";
import { TrainingBench } from "../../src/measure/bench.ts";
import { syntheticImages } from "../../src/measure/meter.ts";
import { runScript } from "../run-script.ts";
import { formatMachine } from "./training/machine.ts";
import { median } from "./training/measurement.ts";
import { writePart } from "./training/page-part.ts";

const MODELS = "mobilenetv2,wrn_16_4,wrn_10_2,wrn_10_1,wrn_16_2,wrn_16_1,basiccnn,wrn_22_2";

await runScript(main);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      model: { type: "string", default: MODELS },
      batch: { type: "string", default: "64" },
      rounds: { type: "string", default: "9" },
      seconds: { type: "string", default: "1" },
      page: { type: "string" },
    },
  });
  const [batch, rounds, seconds] = [values.batch, values.rounds, values.seconds].map(Number);
  const rows: string[] = [];
  let kernels = "";
  for (const model of values.model.split(",")) {
    const found = await compare(model, { batch, rounds, seconds });
    kernels = found.kernels;
    rows.push(found.row);
    console.error(found.row);
  }
  const processes = availableParallelism();
  const lines = [
    `Images of 32 × 32 trained per second by ${processes} processes of engine native (kernels ${kernels}), batches of ${batch}: medians of ${rounds} rounds`,
    `of ${seconds} s in each precision, which alternate. The ratio is the median of the rounds' ratios, with the first and the third`,
    "quartile. The share is that of a training's multiply-adds which Winograd's method serves in float32.",
    `Measured on ${formatMachine(describeMachine())}, by`,
    "",
    "```sh",
    `npm run bench:precision -- ${process.argv.slice(2).join(" ")}`.trim(),
    "```",
    "",
    "| model | share | float32 | bfloat16 | bfloat16 ÷ float32 | `auto` takes |",
    "| --- | ---: | ---: | ---: | ---: | --- |",
    ...rows,
  ];
  console.log(lines.join("\n"));
  if (values.page) writePart(values.page, "faster precision", lines, "Performance");
}

async function compare(
  model: string,
  { batch, rounds, seconds }: { batch: number; rounds: number; seconds: number },
): Promise<{ row: string; kernels: string }> {
  const inspection = inspectionOf(model, syntheticImages(model));
  const [loaded, probe] = [findAddon(), await probeEngine("native", inspection)];
  if ("missing" in loaded || "missing" in probe) throw new UsageError("engine native is missing");
  const share = await inspection((net) => winogradShare(net, loaded.addon));
  const processes = availableParallelism();
  const rates: Record<Precision, number[]> = { float32: [], bfloat16: [] };
  const precisions: readonly Precision[] = ["float32", "bfloat16"];
  const benches = precisions.map((precision) => ({ precision, bench: new TrainingBench(processes) }));
  try {
    for (const { precision, bench } of benches)
      await bench.prepare({ engine: "native", precision, threads: 1, model, batch }, processes);
    for (let round = 0; round < rounds; round++) {
      for (const { precision, bench } of round % 2 === 0 ? benches : benches.toReversed())
        rates[precision].push(await bench.train(processes, seconds));
    }
  } finally {
    await Promise.all(benches.map(({ bench }) => bench.close()));
  }
  const ratios = rates.bfloat16.map((rate, i) => rate / rates.float32[i]).sort((a, b) => a - b);
  const quartile = (part: number) => ratios[Math.round(part * (ratios.length - 1))].toFixed(2);
  const cells = [
    model,
    `${(100 * share).toFixed(0)}%`,
    ...[rates.float32, rates.bfloat16].map((each) => Math.round(median(each)).toLocaleString("en")),
    `${median(ratios).toFixed(2)} (${quartile(0.25)} to ${quartile(0.75)})`,
    probe.precisions[0],
  ];
  return { row: `| ${cells.join(" | ")} |`, kernels: loaded.kernels };
}
