// The loops over pixels of the 20 techniques, in AssemblyScript: WebAssembly with 128-bit vectors, the same bits on
// every machine. `src/augment/` draws the parameters, lays out the memory and calls these.
//
// Conventions. An image is [height, width, 3], uint8, RGB interleaved, at an address of the module's memory. The 64
// bytes before it and after it may be read, and those after it written: loops run over whole vectors. `work` is the
// address of as much working memory as the caller's room asked for. Floats are rounded to the nearest whole number, a
// half to the even one, and clipped to 0-255.

export * from "./filter";
export * from "./fourier";
export * from "./geometry";
export * from "./hue";
export * from "./noise";
export * from "./point";
export * from "./resize";
export * from "./weather";

/** Where memory that the module does not use itself begins. */
export function heapBase(): usize {
  return __heap_base;
}
