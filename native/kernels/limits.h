// Sizes of arrays from their dimensions, and the limits within which the kernels' arithmetic on whole numbers of 32 bits
// is exact and their working memory is bounded.

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "kernels.h"
#include "passes_table.h"

/** More than any array has: the product or the sum of sizes that are too large. */
constexpr size_t kTooLarge = SIZE_MAX;

/** The product; kTooLarge if it is too large for a size_t. */
inline size_t productOf(std::initializer_list<size_t> sizes) {
  size_t product = 1;
  bool isTooLarge = false;
  for (const size_t size : sizes) {
    if (size == 0) return 0;
    isTooLarge |= __builtin_mul_overflow(product, size, &product);
  }
  return isTooLarge ? kTooLarge : product;
}

/** a + b; kTooLarge if it is too large for a size_t. */
inline size_t sumOf(size_t a, size_t b) {
  size_t sum;
  return __builtin_add_overflow(a, b, &sum) ? kTooLarge : sum;
}

/** Of strides, dilations, pads, and the sides of windows and filters. */
constexpr int kMostStep = 65536;
/** Of the numbers of an image, of a filter, and of everything else that has a size of 32 bits. */
constexpr int64_t kMostValues = int64_t(1) << 30;
/** Of the numbers of an image with its padding. */
constexpr int64_t kMostPadded = int64_t(1) << 28;
/** Of the images of a call. */
constexpr int kMostImages = 1 << 30;

/** Why kernels do not take this shape, to follow "shape: "; empty if they do. */
std::string problemOf(const ConvolutionShape& shape);
std::string problemOf(const PoolShape& shape);

/**
 * The same convolution with a shorter stride along axes with a single position, on which strides have no effect. The working
 * memory of gradients grows with the stride.
 */
ConvolutionShape withShortStrides(ConvolutionShape shape);
