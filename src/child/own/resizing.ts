// Resizing of images within a model, by the rules of Keras on TensorFlow: pixels have their centers at half positions, and
// nothing is smoothed beforehand unless asked for. An axis is resized by a product with a matrix, so that the gradient is one
// too.

import {
  matMul,
  pad,
  reshape,
  serialization,
  slice,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
  tensor2d,
  tidy,
  transpose,
} from "@tensorflow/tfjs-core";
import { layers } from "@tensorflow/tfjs-layers";
import { onlyOf, type Shape } from "./keras-layers.ts";

/** A filter: the weight of a pixel at a distance, and the largest distance with a weight. */
interface Filter {
  readonly reach: number;
  readonly weight: (distance: number) => number;
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
const lanczos = (reach: number): Filter => ({ reach, weight: (x) => sinc(x) * sinc(x / reach) });

const FILTERS: Record<string, Filter> = {
  bilinear: { reach: 1, weight: (x) => 1 - Math.abs(x) },
  /** Keys 1981, with a = −1/2. */
  bicubic: {
    reach: 2,
    weight: (x) => {
      const t = Math.abs(x);
      return t <= 1 ? (1.5 * t - 2.5) * t * t + 1 : ((-0.5 * t + 2.5) * t - 4) * t + 2;
    },
  },
  lanczos3: lanczos(3),
  lanczos5: lanczos(5),
};

export const INTERPOLATIONS = ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"] as const;

export interface ResizingConfig {
  name: string;
  /** [height, width] for an image of [height, width]. */
  target: (sides: readonly [number, number]) => readonly [number, number];
  interpolation: (typeof INTERPOLATIONS)[number];
  /** Widens the filter when an image is made smaller. */
  antialias: boolean;
  /**
   * `crop` cuts the image to the target's aspect ratio beforehand, `pad` fills it up. `centerCrop` cuts out the target's
   * size; an image that is smaller than that is cropped and resized.
   */
  ratio: "stretch" | "crop" | "pad" | "centerCrop";
  /** Of padding. */
  fillValue: number;
}

type Sides = readonly [number, number];

/** [batch, height, width, channels] → [batch, …target, channels]. */
export class Resizing extends layers.Layer {
  static readonly className = "ResizedImages";
  readonly #config: ResizingConfig;

  constructor(config: ResizingConfig) {
    super({ name: config.name });
    this.#config = config;
  }

  override computeOutputShape([batch, height, width, channels]: Shape): Shape {
    if (channels === undefined || height === null || width === null)
      throw new Error("it resizes images alone");
    return [batch, ...this.#config.target([height, width]), channels];
  }

  override getConfig(): serialization.ConfigDict {
    const { interpolation, antialias, ratio, fillValue } = this.#config;
    return { ...super.getConfig(), interpolation, antialias, ratio, fillValue };
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tidy(() => {
      const images = onlyOf(inputs);
      const [, height, width] = (images as Tensor4D).shape;
      const target = this.#config.target([height, width]);
      const fitted = this.#fitted(images, [height, width], target);
      const rows = this.#resized(fitted, 1, target[0]);
      return this.#resized(rows, 2, target[1]);
    });
  }

  /** The part of the images that is resized, or the images within a border. */
  #fitted(images: Tensor, [height, width]: Sides, [toHeight, toWidth]: Sides): Tensor {
    const { ratio, fillValue } = this.#config;
    if (ratio === "stretch") return images;
    const tall = Math.trunc((width * toHeight) / toWidth);
    const wide = Math.trunc((height * toWidth) / toHeight);
    if (ratio === "pad") {
      const [rows, columns] = [Math.max(height, tall) - height, Math.max(width, wide) - width];
      // Keras adds the same on both sides, one less in all for an odd number.
      const [above, before] = [Math.trunc(rows / 2), Math.trunc(columns / 2)];
      return pad(
        images,
        [
          [0, 0],
          [above, above],
          [before, before],
          [0, 0],
        ],
        fillValue,
      );
    }
    const isCut = ratio === "centerCrop" && height >= toHeight && width >= toWidth;
    const [rows, columns] = isCut
      ? [toHeight, toWidth]
      : [Math.max(Math.min(height, tall), 1), Math.max(Math.min(width, wide), 1)];
    const [top, left] = [Math.trunc((height - rows) / 2), Math.trunc((width - columns) / 2)];
    return slice(images, [0, top, left, 0], [-1, rows, columns, -1]);
  }

  #resized(images: Tensor, axis: 1 | 2, length: number): Tensor {
    const size = images.shape[axis] as number;
    if (size === length) return images;
    const matrix = resizingMatrix(size, length, this.#config);
    // The axis comes first, as the rows of one matrix.
    const order = axis === 1 ? [1, 0, 2, 3] : [2, 0, 1, 3];
    const back = axis === 1 ? [1, 0, 2, 3] : [1, 2, 0, 3];
    const moved = transpose(images, order);
    const product = matMul(tensor2d(matrix, [length, size]), reshape(moved, [size, -1]) as Tensor2D);
    return transpose(reshape(product, [length, ...moved.shape.slice(1)]), back);
  }
}

/** [length, size], row by row: the weights of `size` pixels in each of `length` ones. */
export function resizingMatrix(
  size: number,
  length: number,
  { interpolation, antialias }: Pick<ResizingConfig, "interpolation" | "antialias">,
): Float32Array {
  const matrix = new Float32Array(length * size);
  const scale = size / length;
  for (let i = 0; i < length; i++) {
    const center = (i + 0.5) * scale;
    if (interpolation === "nearest") {
      matrix[i * size + Math.min(size - 1, Math.floor(center))] = 1;
      continue;
    }
    const { reach, weight } = FILTERS[interpolation];
    const width = antialias ? Math.max(scale, 1) : 1;
    const weights = Float64Array.from({ length: size }, (_, j) => {
      const distance = (j + 0.5 - center) / width;
      return Math.abs(distance) < reach ? weight(distance) : 0;
    });
    const sum = weights.reduce((total, each) => total + each, 0);
    for (const [j, each] of weights.entries()) matrix[i * size + j] = each / sum;
  }
  return matrix;
}

serialization.registerClass(Resizing);
