// Maps Keras's weight initializers to those of TensorFlow.js 4.22 and corrects the differences: a truncated normal
// distribution keeps the requested variance, also in `VarianceScaling`, for which TensorFlow.js draws from a uniform
// distribution if given that name.

import { tensor } from "@tensorflow/tfjs-core";
import { initializers } from "@tensorflow/tfjs-layers";
import { namedOf } from "./json.ts";
import { orthogonalMatrix } from "./orthogonal.ts";
import type { LayerSettings } from "./settings.ts";

export type Initializer = ReturnType<typeof initializers.zeros>;

/** The standard deviation of a standard normal distribution truncated at ±2. */
const TRUNCATED_DEVIATION = 0.87962566103423978;

type FanMode = "fanIn" | "fanOut" | "fanAvg";
const MODES: Record<string, FanMode> = { fan_in: "fanIn", fan_out: "fanOut", fan_avg: "fanAvg" };

/** Scale, fan mode and distribution of the initializers that are named shorthands for `VarianceScaling`. */
const NAMED_SCALINGS: Record<string, [number, FanMode, string]> = {
  glorotuniform: [1, "fanAvg", "uniform"],
  glorotnormal: [1, "fanAvg", "truncated_normal"],
  heuniform: [2, "fanIn", "uniform"],
  henormal: [2, "fanIn", "truncated_normal"],
  lecununiform: [1, "fanIn", "uniform"],
  lecunnormal: [1, "fanIn", "truncated_normal"],
};

/**
 * The initializer in the setting `key`, or the one named `fallback` if the file has none.
 * @throws UsageError for an unknown initializer.
 */
export function initializerOf(
  settings: LayerSettings,
  key: string,
  fallback: string,
  seed: number,
): Initializer {
  const named = namedOf(settings.value(key) ?? fallback);
  if (!named) throw settings.unsupported(key);
  const { config } = named;
  const number = (name: string, whenMissing: number) => {
    const value = config[name] ?? whenMissing;
    if (typeof value !== "number") throw settings.unsupported(key);
    return value;
  };
  const scaling = (scale: number, mode: FanMode, distribution: string) => {
    switch (distribution) {
      case "uniform":
        return initializers.varianceScaling({ scale, mode, distribution, seed });
      case "normal":
      case "truncated_normal":
        return initializers.varianceScaling({
          ...{ scale: scale / TRUNCATED_DEVIATION ** 2, mode, distribution: "normal", seed },
        });
      default:
        throw settings.unsupported(key);
    }
  };
  const name = named.className.toLowerCase().replaceAll("_", "");
  if (Object.hasOwn(NAMED_SCALINGS, name)) return scaling(...NAMED_SCALINGS[name]);
  switch (name) {
    case "zeros":
    case "zero":
      return initializers.zeros();
    case "ones":
    case "one":
      return initializers.ones();
    // TensorFlow.js makes no orthogonal weights of convolutions, and only square identities.
    case "orthogonal":
    case "orthogonalinitializer": {
      const gain = number("gain", 1);
      const make: MakeMatrix = (rows, columns) =>
        orthogonalMatrix(rows, columns, seed).map((value) => value * gain);
      return madeBy(make, (dimensions) => dimensions >= 2);
    }
    case "identity":
    case "identityinitializer": {
      const gain = number("gain", 1);
      const make: MakeMatrix = (rows, columns) =>
        new Float32Array(rows * columns).map((_, i) => (Math.floor(i / columns) === i % columns ? gain : 0));
      return madeBy(make, (dimensions) => dimensions === 2);
    }
    case "constant":
      return initializers.constant({ value: number("value", 0) });
    case "variancescaling": {
      const mode = MODES[String(config.mode ?? "fan_in")];
      if (!mode) throw settings.unsupported(key);
      return scaling(number("scale", 1), mode, String(config.distribution ?? "truncated_normal"));
    }
    case "randomnormal":
      return initializers.randomNormal({ mean: number("mean", 0), stddev: number("stddev", 0.05), seed });
    case "truncatednormal":
      return initializers.truncatedNormal({ mean: number("mean", 0), stddev: number("stddev", 0.05), seed });
    case "randomuniform": {
      // TensorFlow.js treats a bound of 0 as missing.
      const bound = (value: number) => value || Number.MIN_VALUE;
      return initializers.randomUniform({
        ...{ minval: bound(number("minval", -0.05)), maxval: bound(number("maxval", 0.05)), seed },
      });
    }
    default:
      throw settings.unsupported(key, "use one of Keras's initializers");
  }
}

/** The values of a matrix, row by row. */
type MakeMatrix = (rows: number, columns: number) => Float32Array;

/**
 * An initializer of our own, of a weight as a matrix with the last dimension as its columns. TensorFlow.js does not export
 * the class that all initializers must extend.
 */
function madeBy(make: MakeMatrix, takes: (dimensions: number) => boolean): Initializer {
  const check = (shape: readonly number[]) => {
    if (!takes(shape.length))
      throw new Error(`its initializer does not make weights of ${shape.length} dimensions`);
  };
  return Object.assign(initializers.zeros(), {
    check,
    apply(shape: number[]) {
      check(shape);
      const columns = shape.at(-1) as number;
      const rows = shape.slice(0, -1).reduce((product, side) => product * side, 1);
      return tensor(make(rows, columns), shape, "float32");
    },
  });
}

/** Zeros for weights of the shapes that the initializer makes. */
export function emptied(initializer: Initializer): Initializer {
  const zeros = initializers.zeros();
  if (!("check" in initializer)) return zeros;
  const check = initializer.check as (shape: readonly number[]) => void;
  return Object.assign(initializers.zeros(), {
    apply(shape: number[], type?: "float32") {
      check(shape);
      return zeros.apply(shape, type);
    },
  });
}
