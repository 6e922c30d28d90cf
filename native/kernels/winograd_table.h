// What Winograd's convolutions are called, whatever instructions they are made of: winograd.h.

#pragma once

#include "kernels.h"

/** Convolutions in float32 of few multiplications. For the shapes that `suits` tells; otherwise as `Products`. */
struct WinogradKernels {
  bool (*suits)(const ConvolutionShape& shape);

  size_t (*packedBytes)(const ConvolutionShape& shape);
  void (*pack)(const ConvolutionShape& shape, const float* filter, float* packed);
  void (*convolve)(const ConvolutionShape& shape, int images, const float* input, const float* packed,
                   const float* bias, Activation activation, float* output);

  size_t (*packedTurnedBytes)(const ConvolutionShape& shape);
  void (*packTurned)(const ConvolutionShape& shape, const float* filter, float* packed);
  void (*inputGradient)(const ConvolutionShape& shape, int images, const float* gradient, const float* packedTurned,
                        float* input);

  /** Makes so many sums, or adds to them, of which the gradient of the filter is made in the end. */
  size_t (*filterSums)(const ConvolutionShape& shape);
  void (*filterGradient)(const ConvolutionShape& shape, int images, const float* input, const float* gradient,
                         bool adds, float* sums);
  void (*filterFromSums)(const ConvolutionShape& shape, const float* sums, float* filter);
};
