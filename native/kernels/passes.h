// All kernels other than products, for one instruction set.

#pragma once

#include "activation.h"
#include "dropout.h"
#include "elementwise.h"
#include "loss.h"
#include "normalization.h"
#include "optimizers.h"
#include "passes_table.h"
#include "pooling.h"

namespace {

const Passes kPasses = {maxPool,
                        maxPoolGradient,
                        averagePool,
                        averagePoolGradient,
                        channelMoments,
                        combineMoments,
                        normalize,
                        normalizationGradientSums,
                        normalizationGradient,
                        activate,
                        gate,
                        addBias,
                        sumRows,
                        add,
                        scale,
                        convert,
                        pixels,
                        dropout,
                        crossEntropy,
                        sgd,
                        rmsProp,
                        adam,
                        sumSquares};

}  // namespace
