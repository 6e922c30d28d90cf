// Dropout's masks on the GPU: Threefry-2x32 as in common/threefry.ts, with the numbers of dropoutMask, so that all engines drop
// the same values. The gradient computes the mask again instead of storing it.

import {
  engine,
  type NamedAttrMap,
  registerGradient,
  type Tensor,
  type TensorInfo,
  util,
} from "@tensorflow/tfjs-core";
import { SEEDED_DROPOUT, type SeededDropoutAttrs } from "../seeded-dropout.ts";
import { kernel } from "./kernels.ts";
import { elementwise, type Shader, words, workgroupsFor } from "./shader.ts";

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** Twenty rounds, with a subkey after every four. */
function rounds(): string {
  const lines: string[] = [];
  for (let round = 0; round < 20; round++) {
    const rotation = ROTATIONS[round % 8];
    lines.push(`x += y; y = ((y << ${rotation}u) | (y >> ${32 - rotation}u)) ^ x;`);
    if (round % 4 === 3) {
      const subkey = (round + 1) / 4;
      lines.push(`x += key[${subkey % 3}]; y += key[${(subkey + 1) % 3}] + ${subkey}u;`);
    }
  }
  return lines.join("\n  ");
}

/** An invocation computes the 64 bits of one counter, the numbers of four values: see dropoutMask. */
const DROPOUT: Shader = {
  name: SEEDED_DROPOUT,
  code: `
struct Settings { key0: u32, key1: u32, step: u32, threshold: u32, kept: f32, counters: u32 }
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> values: array<f32>;
@group(0) @binding(2) var<uniform> settings: Settings;
fn drop(at: u32, number: u32) {
  if (at < arrayLength(&result)) {
    result[at] = values[at] * select(settings.kept, 0.0, number < settings.threshold);
  }
}
${elementwise(
  "settings.counters",
  `
  let key = array<u32, 3>(settings.key0, settings.key1, 0x1bd11bdau ^ settings.key0 ^ settings.key1);
  var x = i + key[0];
  var y = settings.step + key[1];
  ${rounds()}
  let at = i / 16u * 64u + i % 16u;
  drop(at, x & 0xffffu);
  drop(at + 16u, x >> 16u);
  drop(at + 32u, y & 0xffffu);
  drop(at + 48u, y >> 16u);`,
)}`,
};

/** Counters of a group, and the values that they are for. */
const COUNTERS = 16;
const GROUP = 64;

export const dropoutKernels = [
  kernel<{ x: TensorInfo }, SeededDropoutAttrs>(
    SEEDED_DROPOUT,
    (backend, { x }, { rate, key, mask, isGradient }) => {
      const result = backend.make(x.shape);
      const counters = COUNTERS * Math.ceil(util.sizeFromShape(x.shape) / GROUP);
      const settings = () => {
        const step = isGradient ? mask.step : mask.take();
        return words(...key, step, Math.round(rate * 65536), { float: 1 / (1 - rate) }, counters);
      };
      backend.run(
        DROPOUT,
        [backend.bufferOf(result), backend.bufferOf(x)],
        workgroupsFor(counters),
        settings,
      );
      return result;
    },
  ),
];

export function registerDropoutGradient(): void {
  registerGradient({
    kernelName: SEEDED_DROPOUT,
    gradFunc: (dy, _, attrs) => ({
      x: () =>
        engine().runKernel(SEEDED_DROPOUT, { x: dy as Tensor }, {
          ...(attrs as object),
          isGradient: true,
        } as NamedAttrMap) as Tensor,
    }),
  });
}
