// The names of the engines and precisions. Their implementations are in `engine/`; the names are here because
// configuration files and the command line use them too.

/** In the order in which they are listed. */
export const ENGINE_NAMES = ["native", "webgpu", "tensorflow", "wasm"] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

export const ENGINE_CHOICES = ["auto", ...ENGINE_NAMES] as const;
export type EngineChoice = (typeof ENGINE_CHOICES)[number];

export const PRECISIONS = ["float32", "bfloat16"] as const;
export type Precision = (typeof PRECISIONS)[number];

export const PRECISION_CHOICES = ["auto", ...PRECISIONS] as const;
export type PrecisionChoice = (typeof PRECISION_CHOICES)[number];
