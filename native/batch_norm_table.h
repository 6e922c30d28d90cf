// Batch normalisation (Ioffe and Szegedy 2015) over x [rows, channels], as each instruction set brings it.

#pragma once

/** What x is normalised by, each [channels]; scale and offset may be null, for 1 and 0. */
struct Normalization {
  const float* mean;
  const float* variance;
  const float* scale;
  const float* offset;
  float epsilon;
};

/** Gradients by what they are of: x [rows, channels], the others [channels]. */
struct NormalizationGradients {
  float* x;
  float* mean;
  float* variance;
  float* scale;
  float* offset;
};

struct BatchNormKernels {
  /** result [rows, channels] = (x - mean) scale / sqrt(variance + epsilon) + offset. */
  void (*normalize)(int rows, int channels, const float* x, const Normalization& by, float* result);
  /** Mean and variance count as inputs of their own: what they are made of is not looked into. */
  void (*gradients)(int rows, int channels, const float* x, const Normalization& by, const float* gradient,
                    const NormalizationGradients& to);
};
