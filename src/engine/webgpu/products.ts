// The one tiled matrix product behind convolutions, dense layers and their gradients: product [rows, columns] =
// left [rows, depth] · right [depth, columns]. WGSL code computes each value of an operand: for example the pixels in a filter's
// window, which are never stored as a matrix (Chetlur et al. 2014, "cuDNN: Efficient primitives for deep
// learning").
//
// A workgroup computes a tile of the product: slices of both operands, 16 deep, go through its shared memory, and each
// invocation sums 4 × 4 values in registers. If a product has few tiles and is deep, as in gradients of filters, its depth is
// split over more workgroups, and a second shader adds their parts in a fixed order. There are no atomic additions: the same
// training gives the same bits.

import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { GpuBackend } from "./gpu-backend.ts";
import { elementwise, MOST_WORKGROUPS, workgroupsFor } from "./shader.ts";

const SLICE = 16;
/** Vectors of a row of a slice, and one more, so that neighbouring rows are in different memory banks. */
const PADDED = SLICE / 4 + 1;
/** This many workgroups keep a large GPU busy; a product with at least a quarter of them is not split. */
const ENOUGH_WORKGROUPS = 512;
const LEAST_SPLITS = 4;
/** The least depth of a workgroup's part: below it, adding the parts costs more than splitting saves. */
const LEAST_PART = 128;

/** One operand; its `outer` index is the row of the left one and the column of the right one. */
export interface Operand {
  /** The direction in which four of its values are read and stored at once. */
  readonly along: "depth" | "outer";
  /** WGSL: the part that is computed once for an outer index: the body of `fn (outer: u32) -> vec4i`. */
  readonly place?: string;
  /**
   * WGSL: the value at (outer, depth), both in range: the body of `fn (place: vec4i, outer: u32, depth: u32) -> f32`; with
   * `isVector` the four values from there on, as vec4f. `batch` is a u32.
   */
  readonly read: string;
  /** Its size along `along` is then a multiple of 4. */
  readonly isVector: boolean;
}

export interface Product {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** How many products, stored one after another in the result; 1 by default. */
  readonly batches?: number;
  readonly left: Operand;
  readonly right: Operand;
  readonly inputs: readonly ProductInput[];
  /** [columns], added to every row. */
  readonly bias?: TensorInfo;
  readonly activation?: ProductActivation;
}

/** A tensor that operands read, by its name in their WGSL. */
interface ProductInput {
  readonly name: string;
  readonly tensor: TensorInfo;
  /** As an array of vec4f. */
  readonly isVector: boolean;
}

/** WGSL of the activations that a product can include; they preserve NaN. */
const ACTIVATIONS = {
  linear: "x",
  relu: "select(x, 0.0, x < 0.0)",
  relu6: "select(select(x, 0.0, x < 0.0), 6.0, x > 6.0)",
} as const;
export type ProductActivation = keyof typeof ACTIVATIONS;

export function isProductActivation(name: string): name is ProductActivation {
  return Object.hasOwn(ACTIVATIONS, name);
}

/** @param shape of the result, which has batches × rows × columns values. */
export function multiply(backend: GpuBackend, product: Product, shape: number[]): TensorInfo {
  const { rows, columns, bias } = product;
  const result = backend.make(shape);
  const grid = gridOf(product);
  const { splits } = grid;
  const target = splits === 1 ? result : backend.make([splits, rows, columns]);
  const inputs = [...product.inputs.map(({ tensor }) => tensor)];
  const finishInputs = bias ? [bias] : [];
  const buffers = (tensors: readonly TensorInfo[]) => tensors.map((tensor) => backend.bufferOf(tensor));
  const code = codeOf(product, grid);
  backend.run(
    { name: product.name, code },
    buffers([target, ...inputs, ...(splits === 1 ? finishInputs : [])]),
    grid.workgroups,
  );
  if (splits > 1) {
    backend.run(
      { name: `${product.name}, parts`, code: partsCodeOf(product, splits) },
      buffers([result, target, ...finishInputs]),
      workgroupsFor(rows * columns),
    );
    backend.disposeData(target.dataId);
  }
  return result;
}

/** How a product is divided among workgroups. */
interface Grid {
  /** Of a tile. */
  readonly tileRows: number;
  readonly tileColumns: number;
  readonly splits: number;
  /** The depth of a split, a multiple of the depth of a slice. */
  readonly part: number;
  /** Rows of tiles that exceed one dimension of a dispatch go into the last dimension. */
  readonly folds: number;
  readonly workgroups: [number, number, number];
}

function gridOf({ rows, columns, depth, batches = 1 }: Product): Grid {
  const tileRows = rows > 32 ? 64 : 32;
  const tileColumns = columns > 32 ? 64 : 32;
  const down = Math.ceil(rows / tileRows);
  const across = Math.ceil(columns / tileColumns);
  const wished = Math.floor(ENOUGH_WORKGROUPS / (down * across));
  const most = batches > 1 || wished < LEAST_SPLITS ? 1 : Math.floor(depth / LEAST_PART);
  const part = SLICE * Math.ceil(depth / Math.max(1, Math.min(wished, most)) / SLICE);
  const splits = Math.ceil(depth / part);
  const folds = Math.ceil(down / MOST_WORKGROUPS);
  const workgroups: Grid["workgroups"] = [Math.ceil(down / folds), across, folds * splits * batches];
  return { tileRows, tileColumns, splits, part, folds, workgroups };
}

function codeOf(product: Product, grid: Grid): string {
  const { rows, columns, depth, left, right, inputs } = product;
  const { tileRows, tileColumns, splits, part, folds, workgroups } = grid;
  const down = tileRows / 4;
  const across = tileColumns / 4;
  const lanes = down * across;
  const isWhole = splits === 1;
  const l: Side = { name: "left", operand: left, outer: rows, tile: tileRows, lanes };
  const r: Side = { name: "right", operand: right, outer: columns, tile: tileColumns, lanes };
  const four = [0, 1, 2, 3];
  return `
@group(0) @binding(0) var<storage, read_write> product: array<f32>;
${inputs.map(({ name, isVector }, i) => `@group(0) @binding(${i + 1}) var<storage, read> ${name}: array<${isVector ? "vec4f" : "f32"}>;`).join("\n")}
${isWhole ? finishCode(product, inputs.length + 1) : "fn finish(x: f32, column: u32) -> f32 { return x; }"}
var<private> batch: u32;
${sideCode(l)}
${sideCode(r)}
fn put(part: u32, row: u32, firstColumn: u32, x: u32, sums: vec4f) {
  if (row >= ${rows}u) { return; }
  for (var i = 0u; i < 4u; i++) {
    let column = ${outerOf(r, "firstColumn", "x", "i")};
    if (column < ${columns}u) {
      product[part * ${rows * columns}u + row * ${columns}u + column] = finish(sums[i], column);
    }
  }
}

@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let x = lane % ${across}u;
  let y = lane / ${across}u;
  let firstRow = (group.z % ${folds}u * ${workgroups[0]}u + group.x) * ${tileRows}u;
  let firstColumn = group.y * ${tileColumns}u;
  let part = group.z / ${folds}u;
  batch = ${isWhole ? "part" : "0u"};
  let begin = ${isWhole ? "0u" : `part * ${part}u`};
  let end = ${isWhole ? `${depth}u` : `min(begin + ${part}u, ${depth}u)`};
${placesCode(l, "firstRow")}
${placesCode(r, "firstColumn")}
${four.map((i) => `  var sum${i} = vec4f();`).join("\n")}
  for (var k = begin; k < end; k += ${SLICE}u) {
${storesCode(l)}
${storesCode(r)}
    workgroupBarrier();
    for (var q = 0u; q < ${SLICE / 4}u; q++) {
${fetchesCode(l, "y")}
${fetchesCode(r, "x")}
${four.flatMap((k) => four.map((i) => `      sum${i} = fma(vec4f(left${k}[${i}]), right${k}, sum${i});`)).join("\n")}
    }
    workgroupBarrier();
  }
${four.map((i) => `  put(part, ${outerOf(l, "firstRow", "y", `${i}u`)}, firstColumn, x, sum${i});`).join("\n")}
}`;
}

/** An operand in a tile. */
interface Side {
  readonly name: "left" | "right";
  readonly operand: Operand;
  /** The operand's size. */
  readonly outer: number;
  /** The tile's size along it. */
  readonly tile: number;
  /** Invocations of a workgroup. */
  readonly lanes: number;
}

/** WGSL: the outer index of value i of the four of an invocation at place x in the tile. */
function outerOf({ operand, tile }: Side, first: string, x: string, i: string): string {
  return operand.along === "outer" ? `${first} + ${x} * 4u + ${i}` : `${first} + ${x} + ${i} * ${tile / 4}u`;
}

/** Its slice in shared memory, [depth, outer / 4] or [outer, depth / 4], and the function that fills it within the borders. */
function sideCode({ name, operand, outer, tile }: Side): string {
  const { along, place, read, isVector } = operand;
  const size = along === "outer" ? (SLICE * tile) / 4 : tile * PADDED;
  const reader = isVector
    ? `return ${name}Value(place, outer, depth);`
    : `
  var values = vec4f();
  for (var i = 0u; i < 4u; i++) {
    ${
      along === "outer"
        ? `if (outer + i < ${outer}u) { values[i] = ${name}Value(${name}Place(outer + i), outer + i, depth); }`
        : `if (depth + i < end) { values[i] = ${name}Value(place, outer, depth + i); }`
    }
  }
  return values;`;
  return `
var<workgroup> ${name}Slice: array<vec4f, ${size}>;
fn ${name}Place(outer: u32) -> vec4i { ${place ?? "return vec4i();"} }
fn ${name}Value(place: vec4i, outer: u32, depth: u32) -> ${isVector ? "vec4f" : "f32"} { ${read} }
fn ${name}Read(place: vec4i, outer: u32, depth: u32, end: u32) -> vec4f {
  if (outer >= ${outer}u || depth >= end) { return vec4f(); }
  ${reader}
}`;
}

/** How many vectors of a slice each invocation stores. */
function storesOf({ tile, lanes }: Side): number[] {
  return Array.from({ length: (tile * SLICE) / 4 / lanes }, (_, n) => n);
}

/** The outer indices of the vectors that an invocation stores, the same for every slice. */
function placesCode(side: Side, first: string): string {
  const { name, operand, tile, lanes } = side;
  return storesOf(side)
    .map((n) => {
      const v = `(lane + ${n * lanes}u)`;
      const outer = operand.along === "outer" ? `${v} % ${tile / 4}u * 4u` : `${v} / ${SLICE / 4}u`;
      return `  let ${name}Outer${n} = ${first} + ${outer};
  let ${name}Place${n} = ${name}Place(${name}Outer${n});`;
    })
    .join("\n");
}

function storesCode(side: Side): string {
  const { name, operand, tile, lanes } = side;
  return storesOf(side)
    .map((n) => {
      const v = `(lane + ${n * lanes}u)`;
      const [at, depth] =
        operand.along === "outer"
          ? [v, `k + ${v} / ${tile / 4}u`]
          : [`${v} / ${SLICE / 4}u * ${PADDED}u + ${v} % ${SLICE / 4}u`, `k + ${v} % ${SLICE / 4}u * 4u`];
      return `    ${name}Slice[${at}] = ${name}Read(${name}Place${n}, ${name}Outer${n}, ${depth}, end);`;
    })
    .join("\n");
}

/** Four vectors, one for each of four depths, of the four outer indices of an invocation. */
function fetchesCode({ name, operand, tile }: Side, x: string): string {
  const four = [0, 1, 2, 3];
  if (operand.along === "outer") {
    return four
      .map((k) => `      let ${name}${k} = ${name}Slice[(q * 4u + ${k}u) * ${tile / 4}u + ${x}];`)
      .join("\n");
  }
  return [
    ...four.map(
      (i) => `      let ${name}Row${i} = ${name}Slice[(${x} + ${i * (tile / 4)}u) * ${PADDED}u + q];`,
    ),
    ...four.map(
      (k) => `      let ${name}${k} = vec4f(${four.map((i) => `${name}Row${i}[${k}]`).join(", ")});`,
    ),
  ].join("\n");
}

/** The bias and the activation that are applied to a sum. */
function finishCode({ bias, activation = "linear" }: Product, binding: number): string {
  const declaration = bias ? `@group(0) @binding(${binding}) var<storage, read> bias: array<f32>;` : "";
  return `${declaration}
fn finish(sum: f32, column: u32) -> f32 {
  let x = sum${bias ? " + bias[column]" : ""};
  return ${ACTIVATIONS[activation]};
}`;
}

function partsCodeOf(product: Product, splits: number): string {
  const size = product.rows * product.columns;
  return `
@group(0) @binding(0) var<storage, read_write> result: array<f32>;
@group(0) @binding(1) var<storage, read> parts: array<f32>;
${finishCode(product, 2)}
${elementwise(
  `${size}u`,
  `
  var sum = 0.0;
  for (var part = 0u; part < ${splits}u; part++) { sum += parts[part * ${size}u + i]; }
  result[i] = finish(sum, i % ${product.columns}u);`,
)}`;
}
