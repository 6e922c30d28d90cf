// The pixel loops of the techniques and recipes, in AssemblyScript: WebAssembly with 128-bit vectors, the same bits on every
// machine. `src/augment/` draws the parameters, lays out the memory and calls these functions.
//
// Conventions. An image is [height, width, 3], uint8, RGB interleaved, at an address of the module's memory. The 64
// bytes before and after it may be read, and those after it written, since loops run over whole vectors. `work` is the
// address of working memory of the size that the named function returns. Floats are rounded to the nearest whole
// number, halves to even, and clipped to 0-255.

export * from "./enhance";
export * from "./filter";
export * from "./fourier";
export * from "./geometry";
export * from "./grains";
export * from "./grid-filter";
export * from "./histogram";
export * from "./hue";
export * from "./noise";
export * from "./point";
export * from "./resize";
export * from "./shift";
export * from "./weather";
export * from "./wide-blur";

/** Start of the memory that the module does not use itself. */
export function heapBase(): usize {
  return __heap_base;
}
