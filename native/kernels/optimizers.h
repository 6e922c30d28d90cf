// Optimizers in one pass over a variable, as Keras defines them: epsilon is added outside the square root.

#pragma once

#include "columns.h"

namespace {

/**
 * Flushes decaying averages to 0 before they become denormal numbers, which are slow on many processors. 2^-126 is
 * negligible compared with epsilon.
 */
inline Vector flushed(Vector average) { return absolute(average) < 0x1p-126f ? Vector{} : average; }

/** Sutskever et al. 2013, "On the importance of initialization and momentum in deep learning". */
void sgd(ptrdiff_t count, float* variable, float* velocity, const float* gradient, double learningRate, double momentum,
         bool isNesterov) {
  const float rate = float(learningRate), past = float(momentum);
  if (!velocity) {
    forVectors(count, [&](ptrdiff_t at, auto block) {
      block.store(variable + at, block.load(variable + at) - block.load(gradient + at) * rate);
    });
    return;
  }
  forVectors(count, [&](ptrdiff_t at, auto block) {
    const Vector descent = block.load(gradient + at) * rate;
    const Vector change = flushed(block.load(velocity + at) * past - descent);
    block.store(velocity + at, change);
    block.store(variable + at, block.load(variable + at) + (isNesterov ? change * past - descent : change));
  });
}

/** Tieleman and Hinton 2012. */
void rmsProp(ptrdiff_t count, float* variable, float* meanSquare, const float* gradient, double learningRate,
             double rho, double epsilon) {
  const float rate = float(learningRate), past = float(rho), present = float(1 - rho), least = float(epsilon);
  forVectors(count, [&](ptrdiff_t at, auto block) {
    const Vector g = block.load(gradient + at);
    const Vector squares = flushed(block.load(meanSquare + at) * past + g * g * present);
    block.store(meanSquare + at, squares);
    block.store(variable + at, block.load(variable + at) - g * rate / (squareRoot(squares) + least));
  });
}

/** Kingma and Ba 2015. */
void adam(ptrdiff_t count, float* variable, float* mean, float* meanSquare, const float* gradient,
          double gradientFactor, double learningRate, double beta1, double beta2, double epsilon) {
  const float factor = float(gradientFactor), rate = float(learningRate);
  const float past = float(beta1), present = float(1 - beta1);
  const float pastSquare = float(beta2), presentSquare = float(1 - beta2), least = float(epsilon);
  forVectors(count, [&](ptrdiff_t at, auto block) {
    const Vector g = block.load(gradient + at) * factor;
    const Vector first = flushed(block.load(mean + at) * past + g * present);
    const Vector second = flushed(block.load(meanSquare + at) * pastSquare + g * g * presentSquare);
    block.store(mean + at, first);
    block.store(meanSquare + at, second);
    block.store(variable + at, block.load(variable + at) - first * rate / (squareRoot(second) + least));
  });
}

/** Float32 sums of blocks, added up in double precision. */
double sumSquares(ptrdiff_t count, const float* x) {
  double sum = 0;
  constexpr ptrdiff_t kBlock = 4096;
  for (ptrdiff_t start = 0; start < count; start += kBlock) {
    const ptrdiff_t length = count - start < kBlock ? count - start : kBlock;
    Vector squares = {};
    forVectors(length, [&](ptrdiff_t at, auto block) {
      const Vector value = block.load(x + start + at);
      squares += value * value;
    });
    for (int lane = 0; lane < kLanes; lane++) sum += squares[lane];
  }
  return sum;
}

}  // namespace
