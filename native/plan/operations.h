// The operations of plans.

#pragma once

#include <utility>

#include "../kernels/passes_table.h"
#include "plan.h"

/** Converts uint8 pixels to values in [0, 1]. */
std::unique_ptr<Operation> makePixels(int output);

/**
 * Computes no gradient of the input if `wantsInputGradient` is false. An index of -1 means that there is no such
 * weight.
 */
struct ConvolutionSettings {
  ConvolutionShape shape;
  int filter, bias;
  Activation activation;
  bool wantsInputGradient;
  /** Whether to run on the whole batch at once, which is best for dense layers. */
  bool isWhole;
};
/** `type` is the plan's type. */
std::unique_ptr<Operation> makeConvolution(int input, int output, const ConvolutionSettings& settings, Type type);
/** See depthwise_table.h; never runs on the whole batch. */
std::unique_ptr<Operation> makeDepthwise(int input, int output, const ConvolutionSettings& settings);

/** Batch normalisation consists of two operations: one that needs the whole batch, and one that follows it. */
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
/** Concatenates images of `places` positions along the channels. */
std::unique_ptr<Operation> makeConcatenation(std::vector<int> inputs, int output, int places);
std::unique_ptr<Operation> makeDropout(int input, int output, double rate, uint32_t k0, uint32_t k1);
