// InceptionV3 (Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision") for images of any size,
// layer by layer as in Keras (keras.applications.InceptionV3). Convolutions are numbered in the order of their creation.

import { layers, type SymbolicTensor } from "@tensorflow/tfjs-layers";
import { weightInitializers } from "../initializers.ts";
import { withMissingWeights } from "../normalization.ts";
import type { ChildModel, ModelDefinition, ModelOptions } from "../types.ts";
import { buildClassifier } from "./classifier.ts";

export const inceptionV3: ModelDefinition = {
  name: "inceptionv3",
  about: "InceptionV3 (Szegedy et al. 2016)",
  // The last of its valid convolutions is left one place.
  smallestSide: 75,
  build: buildInceptionV3,
};

/** A convolution: the number of its filters, and [height, width] of each; then batch normalisation without a scale, and relu. */
type Step = readonly [filters: number, kernel: readonly [number, number], size?: "halving"];

const ONE = [1, 1] as const;
const THREE = [3, 3] as const;
const FIVE = [5, 5] as const;
const ROW = [1, 7] as const;
const COLUMN = [7, 1] as const;

/** Images [batch, height, width, 3] to logits [batch, classes]; the loss includes the softmax. */
function buildInceptionV3(options: ModelOptions): ChildModel {
  return buildClassifier("inceptionv3", (images) => new Body(options).apply(images), options);
}

class Body {
  readonly #glorotUniform: ReturnType<typeof weightInitializers>["glorotUniform"];
  #convolutions = 0;
  #pools = 0;

  constructor(options: ModelOptions) {
    this.#glorotUniform = weightInitializers(options).glorotUniform;
  }

  apply(images: SymbolicTensor): SymbolicTensor {
    let x = this.#convolve(images, 32, THREE, "valid", 2);
    x = this.#convolve(x, 32, THREE, "valid");
    x = this.#maxPool(this.#convolve(x, 64, THREE));
    x = this.#convolve(x, 80, ONE);
    x = this.#maxPool(this.#convolve(x, 192, THREE, "valid"));
    for (const [i, pooled] of [32, 64, 64].entries()) x = this.#mixSquares(x, `mixed${i}`, pooled);
    x = this.#join("mixed3", [
      this.#chain(x, [384, THREE, "halving"]),
      this.#chain(x, [64, ONE], [96, THREE], [96, THREE, "halving"]),
      this.#maxPool(x),
    ]);
    for (const [i, inner] of [128, 160, 160, 192].entries()) x = this.#mixLines(x, `mixed${4 + i}`, inner);
    x = this.#join("mixed8", [
      this.#chain(x, [192, ONE], [320, THREE, "halving"]),
      this.#chain(x, [192, ONE], [192, ROW], [192, COLUMN], [192, THREE, "halving"]),
      this.#maxPool(x),
    ]);
    for (const i of [9, 10]) x = this.#mixWide(x, `mixed${i}`);
    return x;
  }

  /** Filters of 1 × 1, of 5 × 5, of 3 × 3 twice, and behind a mean. */
  #mixSquares(x: SymbolicTensor, name: string, pooled: number): SymbolicTensor {
    return this.#join(name, [
      this.#chain(x, [64, ONE]),
      this.#chain(x, [48, ONE], [64, FIVE]),
      this.#chain(x, [64, ONE], [96, THREE], [96, THREE]),
      this.#chain(this.#averagePool(x), [pooled, ONE]),
    ]);
  }

  /** Filters of 7 × 7 as lines one after another. */
  #mixLines(x: SymbolicTensor, name: string, inner: number): SymbolicTensor {
    return this.#join(name, [
      this.#chain(x, [192, ONE]),
      this.#chain(x, [inner, ONE], [inner, ROW], [192, COLUMN]),
      this.#chain(x, [inner, ONE], [inner, COLUMN], [inner, ROW], [inner, COLUMN], [192, ROW]),
      this.#chain(this.#averagePool(x), [192, ONE]),
    ]);
  }

  /** Filters of 3 × 3 as lines side by side. */
  #mixWide(x: SymbolicTensor, name: string): SymbolicTensor {
    const sides = (inner: SymbolicTensor, suffix: string) =>
      this.#join(`${name}_${suffix}`, [
        this.#convolve(inner, 384, [1, 3]),
        this.#convolve(inner, 384, [3, 1]),
      ]);
    return this.#join(name, [
      this.#chain(x, [320, ONE]),
      sides(this.#chain(x, [384, ONE]), "single"),
      sides(this.#chain(x, [448, ONE], [384, THREE]), "double"),
      this.#chain(this.#averagePool(x), [192, ONE]),
    ]);
  }

  #chain(x: SymbolicTensor, ...steps: Step[]): SymbolicTensor {
    return steps.reduce(
      (inner, [filters, kernel, size]) =>
        size === "halving"
          ? this.#convolve(inner, filters, kernel, "valid", 2)
          : this.#convolve(inner, filters, kernel),
      x,
    );
  }

  #convolve(
    x: SymbolicTensor,
    filters: number,
    [height, width]: readonly [number, number],
    padding: "same" | "valid" = "same",
    strides = 1,
  ): SymbolicTensor {
    const name = `conv_${++this.#convolutions}`;
    const convolution = layers.conv2d({
      ...{ name, filters, kernelSize: [height, width], strides, padding, useBias: false },
      kernelInitializer: this.#glorotUniform(name),
    });
    const settings = { name: `${name}_norm`, scale: false, momentum: 0.99, epsilon: 1e-3 };
    const normalise = withMissingWeights(layers.batchNormalization(settings));
    const relu = layers.activation({ name: `${name}_relu`, activation: "relu" });
    return [convolution, normalise, relu].reduce((inner, layer) => layer.apply(inner) as SymbolicTensor, x);
  }

  #maxPool(x: SymbolicTensor): SymbolicTensor {
    const name = `pool_${++this.#pools}`;
    return layers.maxPooling2d({ name, poolSize: 3, strides: 2 }).apply(x) as SymbolicTensor;
  }

  #averagePool(x: SymbolicTensor): SymbolicTensor {
    const settings = { name: `pool_${++this.#pools}`, poolSize: 3, strides: 1, padding: "same" as const };
    return layers.averagePooling2d(settings).apply(x) as SymbolicTensor;
  }

  #join(name: string, branches: SymbolicTensor[]): SymbolicTensor {
    return layers.concatenate({ name, axis: 3 }).apply(branches) as SymbolicTensor;
  }
}
