// Sums over the rows of matrices, in two steps of many workgroups: gradients of biases, moments of batch normalisation,
// global average pooling. TensorFlow.js transposes images first, so that summed values are contiguous.

import { backend_util, Mean, Sum, type TensorInfo, util } from "@tensorflow/tfjs-core";
import { areFloats } from "../kernels.ts";
import type { GpuBackend } from "./gpu-backend.ts";
import { kernel } from "./kernels.ts";
import { elementwise, workgroupsFor } from "./shader.ts";

/** A workgroup sums this many columns, with four invocations for each. */
const COLUMNS = 64;
const LANES = 4;
/** The fewest rows of a workgroup, and the most parts into which rows are split. */
const LEAST_ROWS = 64;
const MOST_PARTS = 64;
const ENOUGH_WORKGROUPS = 512;

export interface RowSums {
  readonly name: string;
  /** The summed values are stored as [outer, rows, columns]. */
  readonly outer: number;
  readonly rows: number;
  readonly columns: number;
  /** WGSL: the summed terms, in terms of a value's index `at`, `outer`, `row` and `column`. */
  readonly terms: readonly string[];
  /** WGSL of functions that the terms call. */
  readonly functions?: string;
  /** Arrays that the terms read, by name. */
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  /** The sums are multiplied by it. */
  readonly factor?: number;
}

/** Returns [terms, outer, columns] as a tensor of the given shape. */
export function sumRows(backend: GpuBackend, sums: RowSums, shape: number[]): TensorInfo {
  const { name, outer, rows, columns, terms, inputs, functions = "", factor = 1 } = sums;
  const across = Math.ceil(columns / COLUMNS);
  const parts = Math.max(
    1,
    Math.min(MOST_PARTS, Math.floor(rows / LEAST_ROWS), Math.floor(ENOUGH_WORKGROUPS / (across * outer))),
  );
  const part = Math.ceil(rows / parts);
  const size = outer * columns;
  const result = backend.make(shape);
  const partial = parts === 1 ? result : backend.make([parts, terms.length, size]);
  const finish = (value: string, isLast: boolean) =>
    isLast && factor !== 1 ? `${value} * ${factor}` : value;
  const code = `
@group(0) @binding(0) var<storage, read_write> sums: array<f32>;
${Object.keys(inputs)
  .map((input, i) => `@group(0) @binding(${i + 1}) var<storage, read> ${input}: array<f32>;`)
  .join("\n")}
${functions}
var<workgroup> lanes: array<f32, ${COLUMNS * LANES}>;
@compute @workgroup_size(${COLUMNS}, ${LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let column = group.x * ${COLUMNS}u + local.x;
  let part = group.y;
  let outer = group.z;
  let end = min((part + 1u) * ${part}u, ${rows}u);
  var sum: array<f32, ${terms.length}>;
  if (column < ${columns}u) {
    for (var row = part * ${part}u + local.y; row < end; row += ${LANES}u) {
      let at = (outer * ${rows}u + row) * ${columns}u + column;
${terms.map((term, t) => `      sum[${t}] += ${term};`).join("\n")}
    }
  }
  for (var term = 0u; term < ${terms.length}u; term++) {
    lanes[local.y * ${COLUMNS}u + local.x] = sum[term];
    workgroupBarrier();
    if (local.y == 0u && column < ${columns}u) {
      let total = ${Array.from({ length: LANES }, (_, lane) => `lanes[${lane * COLUMNS}u + local.x]`).join(" + ")};
      sums[(part * ${terms.length}u + term) * ${size}u + outer * ${columns}u + column] = ${finish("total", parts === 1)};
    }
    workgroupBarrier();
  }
}`;
  backend.run(
    { name, code },
    [partial, ...Object.values(inputs)].map((tensor) => backend.bufferOf(tensor)),
    [across, parts, outer],
  );
  if (parts > 1) {
    const all = terms.length * size;
    const addParts = `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
${elementwise(
  `${all}u`,
  `
  var sum = 0.0;
  for (var part = 0u; part < ${parts}u; part++) { sum += partial[part * ${all}u + i]; }
  result[i] = ${finish("sum", true)};`,
)}`;
    const buffers = [result, partial].map((tensor) => backend.bufferOf(tensor));
    backend.run({ name: `${name}, parts`, code: addParts }, buffers, workgroupsFor(all));
    backend.disposeData(partial.dataId);
  }
  return result;
}

interface ReductionAttrs {
  axis: number | number[];
  keepDims: boolean;
}

/** Over neighbouring axes before the last one; others are left to TensorFlow.js. */
function reduction(name: string) {
  return kernel<{ x: TensorInfo }, ReductionAttrs>(name, (backend, { x }, { axis, keepDims }) => {
    const axes = util.parseAxisParam(axis, x.shape).sort((a, b) => a - b);
    const [first, last] = [axes[0], axes[axes.length - 1]];
    const isOneBlock = axes.length > 0 && last - first === axes.length - 1;
    const columns = util.sizeFromShape(x.shape.slice(last + 1));
    const outer = util.sizeFromShape(x.shape.slice(0, first));
    if (!areFloats(x) || !isOneBlock || columns === 1 || outer > MOST_OUTER) return undefined;
    const rows = util.sizeFromShape(x.shape.slice(first, last + 1));
    const [kept] = backend_util.computeOutAndReduceShapes(x.shape, axes);
    return sumRows(
      backend,
      {
        ...{ name, outer, rows, columns, terms: ["x[at]"], inputs: { x } },
        factor: name === Mean ? 1 / rows : 1,
      },
      keepDims ? backend_util.expandShapeToKeepDim(kept, axes) : kept,
    );
  });
}

/** The limit of a dispatch's dimension on every device. */
const MOST_OUTER = 65535;

export const reductionKernels = [reduction(Sum), reduction(Mean)];
