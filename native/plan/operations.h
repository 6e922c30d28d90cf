// The operations that plans are made of.

#pragma once

#include <utility>

#include "../kernels/passes_table.h"
#include "plan.h"

/** Pixels, uint8, to values in [0, 1]. */
std::unique_ptr<Operation> makePixels(int output);

/** Without a gradient of the input where `wantsInputGradient` is false. A weight that is not there is -1. */
struct ConvolutionSettings {
  ConvolutionShape shape;
  int filter, bias;
  Activation activation;
  bool wantsInputGradient;
  /** On the whole batch at once, as a dense layer is best. */
  bool isWhole;
};
/** In a plan of this type. */
std::unique_ptr<Operation> makeConvolution(int input, int output, const ConvolutionSettings& settings, Type type);
/** As depthwise_table.h has it; never on the whole batch. */
std::unique_ptr<Operation> makeDepthwise(int input, int output, const ConvolutionSettings& settings);

/** Batch normalisation is two operations: one that needs the whole batch, one that follows. */
struct NormalizationSettings {
  int gamma, beta, movingMean, movingVariance;
  double epsilon, momentum;
  Activation activation;
};
std::pair<std::unique_ptr<Operation>, std::unique_ptr<Operation>> makeNormalization(
    int input, int output, int channels, const NormalizationSettings& settings);

/** The shape's number of images is not used. */
struct PoolSettings {
  PoolShape shape;
  bool isMax;
};
std::unique_ptr<Operation> makePool(int input, int output, const PoolSettings& settings);

std::unique_ptr<Operation> makeActivation(int input, int output, Activation activation);
std::unique_ptr<Operation> makeAddition(std::vector<int> inputs, int output);
/** Of images with so many places, channel after channel. */
std::unique_ptr<Operation> makeConcatenation(std::vector<int> inputs, int output, int places);
std::unique_ptr<Operation> makeDropout(int input, int output, double rate, uint32_t k0, uint32_t k1);
