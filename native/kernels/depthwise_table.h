// Table of depthwise convolutions. Each instruction set provides one.

#pragma once

#include "kernels.h"

/**
 * Each input channel has outChannels / inChannels filters: filter [filterHeight, filterWidth, outChannels], which is
 * [filterHeight, filterWidth, inChannels, multiplier]. Images are of either type, the same for all arrays of a call;
 * filters and their gradients are float32.
 */
struct DepthwiseKernels {
  /** output [images, outHeight, outWidth, outChannels] */
  void (*convolve)(const ConvolutionShape& shape, int images, ConstValues input, const float* filter, Values output);
  /** The gradient of the input, from that of the output. */
  void (*inputGradient)(const ConvolutionShape& shape, int images, ConstValues gradient, const float* filter,
                        Values input);
  /** Adds to the gradient of the filter, from the input and the gradient of the output. */
  void (*filterGradient)(const ConvolutionShape& shape, int images, ConstValues input, ConstValues gradient,
                         float* filter);
};
