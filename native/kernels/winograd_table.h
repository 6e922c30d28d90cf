// Table of Winograd's convolutions; see winograd.h. Each instruction set provides one.

#pragma once

#include "kernels.h"

/** Float32 convolutions with few multiplications, for shapes accepted by `suits`; otherwise as `Products`. */
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

  /** The number of sums from which the filter's gradient is computed in the end, and the computation of these sums. */
  size_t (*filterSums)(const ConvolutionShape& shape);
  void (*filterGradient)(const ConvolutionShape& shape, int images, const float* input, const float* gradient,
                         bool adds, float* sums);
  void (*filterFromSums)(const ConvolutionShape& shape, const float* sums, float* filter);
};
