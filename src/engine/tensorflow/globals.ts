// What the modules of one TensorFlow.js share: its engine with all variables, kernels and backends. They keep it in the global object,
// so that it is also that of every other copy in the process, such as one that a program imports for itself, and names of variables
// collide. The copy that comes with the package (scripts/build-tensorflow.ts) keeps its own.

/** The key of the global object under which it does. */
export const GLOBALS: symbol = Symbol.for("deepaugment.tensorflow");

/** Calls `load` with the own globals in the global object, so that what it loads shares them. */
export function sharing<T>(load: () => T): T {
  const own = (globalThis as Record<symbol, unknown>)[GLOBALS];
  if (own === undefined) return load();
  const { _tfengine, _tfGlobals } = globalThis as Record<string, unknown>;
  Object.assign(globalThis, own);
  try {
    return load();
  } finally {
    Object.assign(globalThis, { _tfengine, _tfGlobals });
  }
}
