// Kernels other than products: everything else that a training step does to its arrays, each in one pass over memory.
//
// Every function works on a range of adjacent images or rows, so that a caller may split a batch over threads or
// process it image by image. `Type` is the type of activations and their gradients, the same for all arrays of a call.
// Sums and arithmetic are float32. NaN and infinity propagate as in TensorFlow.js's cpu backend, unless stated
// otherwise.

#pragma once

#include "kernels.h"

/** Windows over images [images, height, width, channels]; outputs are [images, outHeight, outWidth, channels]. */
struct PoolShape {
  int images, height, width, channels;
  int outHeight, outWidth;
  int windowHeight, windowWidth;
  int strideHeight, strideWidth;
  /** Padding is not part of a window: it is never the maximum, and means do not count it. */
  int padTop, padLeft;
};

struct Passes {
  /**
   * The maximum of each window. `positions`, if not null, receives its position in the window: row * windowWidth +
   * column of the first of the greatest values, as if nothing were padded, or 255 if no value is greater than minus
   * infinity (NaN never is). For windows of up to 256 positions; in one of exactly 256, the last position is also 255.
   */
  void (*maxPool)(const PoolShape& shape, Type type, const void* x, void* y, uint8_t* positions);
  /** dx, from dy and the positions. */
  void (*maxPoolGradient)(const PoolShape& shape, Type type, const void* dy, const uint8_t* positions, void* dx);

  /** The mean of each window. A window as large as the image makes it global. */
  void (*averagePool)(const PoolShape& shape, Type type, const void* x, void* y);
  /**
   * dx from dy. TensorFlow.js divides by the number of all positions of a window, including padded ones; so does this
   * if `countsPadding` is true. If it is false, the result is the gradient of what averagePool computes.
   */
  void (*averagePoolGradient)(const PoolShape& shape, Type type, const void* dy, bool countsPadding, void* dx);

  /** For each channel of x [rows, channels]: the mean and the sum of squared deviations from it. */
  void (*channelMoments)(ptrdiff_t rows, int channels, Type type, const void* x, float* mean, float* m2);
  /**
   * Combines the moments of `moreRows` rows into those of `rows` rows (0 rows: no moments yet, any finite values). A
   * caller that combines parts in a fixed order gets the same bits however the parts were computed.
   */
  void (*combineMoments)(int channels, double rows, float* mean, float* m2, double moreRows, const float* moreMean,
                         const float* moreM2);
  /** y = activation(x scale + shift), x and y [rows, channels]; y may be x. */
  void (*normalize)(ptrdiff_t rows, int channels, Type type, const void* x, const float* scale, const float* shift,
                    Activation activation, void* y);
  /** Adds to sumDy the sums of dy over the rows, and to sumDyXhat those of dy (x - mean) inverseDeviation. */
  void (*normalizationGradientSums)(ptrdiff_t rows, int channels, Type type, const void* x, const void* dy,
                                    const float* mean, const float* inverseDeviation, float* sumDy, float* sumDyXhat);
  /**
   * dx = a dy + b x + c, by channel; dx may be dy. For y = gamma xhat + beta with xhat = (x - mean) inverse, inverse =
   * 1 / sqrt(variance + epsilon), and moments over all n rows of the batch:
   *   a = gamma inverse;  b = -a inverse sumDyXhat / n;  c = -a sumDy / n - b mean;
   * and the gradients of gamma and beta are sumDyXhat and sumDy.
   */
  void (*normalizationGradient)(ptrdiff_t rows, int channels, Type type, const void* x, const void* dy, const float* a,
                                const float* b, const float* c, void* dx);

  /** In place. */
  void (*activate)(Activation activation, Type type, ptrdiff_t count, void* x);
  /**
   * Multiplies dy in place by the activation's derivative, computed from the activation's output: 0 at 0, and for relu6
   * also 0 at 6 (TensorFlow.js returns 1 for an input of exactly 6, which the output does not distinguish from larger
   * ones).
   */
  void (*gate)(Activation activation, Type type, ptrdiff_t count, const void* y, void* dy);
  /** x = activation(x + bias), in place, x [rows, channels]. */
  void (*addBias)(ptrdiff_t rows, int channels, Type type, void* x, const float* bias, Activation activation);
  /** Adds to sums [channels] the sums of dy [rows, channels] over the rows: a bias's gradient. */
  void (*sumRows)(ptrdiff_t rows, int channels, Type type, const void* dy, float* sums);

  /** sum = a + b; sum may be a or b. */
  void (*add)(Type type, ptrdiff_t count, const void* a, const void* b, void* sum);
  /** y = x factor; y may be x. */
  void (*scale)(Type type, ptrdiff_t count, const void* x, float factor, void* y);
  /** Converts between types, rounding to the nearest. */
  void (*convert)(ptrdiff_t count, Type from, const void* x, Type to, void* y);
  /** y = x / 255, rounded as JavaScript's Math.fround(x / 255), then to the type. */
  void (*pixels)(ptrdiff_t count, const uint8_t* x, Type type, void* y);

  /**
   * Sets a share `rate` in [0, 1) of the values to 0 and multiplies the others by 1 / (1 - rate); y may be x. `first`
   * is the position of x in the whole batch's tensor. The key (k0, k1), the step and a value's position determine which
   * values are dropped (dropout.h); the same call on the gradient is the backward pass. A dropped NaN becomes 0.
   */
  void (*dropout)(Type type, const void* x, void* y, int64_t first, ptrdiff_t count, uint32_t k0, uint32_t k1,
                  uint32_t step, double rate);

  /**
   * For logits [rows, classes] and labels [rows], adds the cross-entropies to `loss`, and to `correct` the number of
   * rows whose first greatest logit is that of the label. `gradient` [rows, classes], if not null, receives (softmax -
   * one-hot) factor in this type. A label outside [0, classes) matches no class.
   */
  void (*crossEntropy)(int rows, int classes, const float* logits, const int32_t* labels, double* loss,
                       int32_t* correct, float factor, Type type, void* gradient);

  /**
   * variable -= learningRate g if velocity is null. Otherwise velocity = momentum velocity - learningRate g, and
   * variable += velocity, or momentum velocity - learningRate g if isNesterov is true.
   */
  void (*sgd)(ptrdiff_t count, float* variable, float* velocity, const float* gradient, double learningRate,
              double momentum, bool isNesterov);
  /** meanSquare = rho meanSquare + (1 - rho) g^2; variable -= learningRate g / (sqrt(meanSquare) + epsilon). */
  void (*rmsProp)(ptrdiff_t count, float* variable, float* meanSquare, const float* gradient, double learningRate,
                  double rho, double epsilon);
  /**
   * With g = gradient gradientFactor: mean = beta1 mean + (1 - beta1) g; meanSquare = beta2 meanSquare + (1 - beta2)
   * g^2; variable -= learningRate mean / (sqrt(meanSquare) + epsilon).
   */
  void (*adam)(ptrdiff_t count, float* variable, float* mean, float* meanSquare, const float* gradient,
               double gradientFactor, double learningRate, double beta1, double beta2, double epsilon);
  /** The squared norm of an array, used to clip gradients. */
  double (*sumSquares)(ptrdiff_t count, const float* x);
};
