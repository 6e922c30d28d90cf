// See limits.h.

#include "limits.h"

#include <algorithm>
#include <vector>

namespace {

struct Number {
  const char* name;
  int value;
};

std::string outside(const Number& number, int64_t least, int64_t most) {
  return std::string(number.name) + " is " + std::to_string(number.value) + ", expected " + std::to_string(least) +
         " to " + std::to_string(most);
}

/** The first of the numbers that is outside its range, or empty. */
std::string firstOutside(const std::vector<Number>& numbers, int64_t least, int64_t most) {
  for (const Number& number : numbers) {
    if (number.value < least || number.value > most) return outside(number, least, most);
  }
  return "";
}

std::string tooMany(const char* what, int64_t most) {
  return std::string(what) + " more than " + std::to_string(most) + " values";
}

/** The product of numbers that are not negative, or INT64_MAX. */
int64_t product(std::initializer_list<int64_t> numbers) {
  int64_t product = 1;
  bool isTooLarge = false;
  for (const int64_t number : numbers) isTooLarge |= __builtin_mul_overflow(product, number, &product);
  return isTooLarge ? INT64_MAX : product;
}

/** One axis of a convolution. */
struct Axis {
  int64_t size, positions, filter, stride, dilation;

  /** Pixels from the first to the last tap. */
  int64_t reach() const { return (filter - 1) * dilation + 1; }
  /** Lengths of the frames and planes in which the kernels pad the image, and the gradient of the output. */
  int64_t paddedImage() const {
    const int64_t planes = (positions + (filter - 1) * dilation / stride + 1) / 2 * 2 * stride;
    return std::max((positions - 1) * stride + reach(), planes);
  }
  int64_t paddedGradient() const { return (size - 1) / stride + 1 + (filter - 1) * dilation / stride; }
};

}  // namespace

std::string problemOf(const ConvolutionShape& s) {
  std::string problem = firstOutside({{"height", s.height},
                                      {"width", s.width},
                                      {"inChannels", s.inChannels},
                                      {"outHeight", s.outHeight},
                                      {"outWidth", s.outWidth},
                                      {"outChannels", s.outChannels}},
                                     1, kMostValues);
  if (problem.empty()) {
    problem = firstOutside({{"filterHeight", s.filterHeight},
                            {"filterWidth", s.filterWidth},
                            {"strideHeight", s.strideHeight},
                            {"strideWidth", s.strideWidth},
                            {"dilationHeight", s.dilationHeight},
                            {"dilationWidth", s.dilationWidth}},
                           1, kMostStep);
  }
  if (problem.empty()) problem = firstOutside({{"padTop", s.padTop}, {"padLeft", s.padLeft}}, 0, kMostStep);
  if (!problem.empty()) return problem;

  const ConvolutionShape u = withShortStrides(s);
  const Axis rows{u.height, u.outHeight, u.filterHeight, u.strideHeight, u.dilationHeight};
  const Axis columns{u.width, u.outWidth, u.filterWidth, u.strideWidth, u.dilationWidth};
  const int64_t channels = std::max(s.inChannels, s.outChannels), taps = int64_t(s.filterHeight) * s.filterWidth;
  if (product({s.height, s.width, s.inChannels}) > kMostValues ||
      product({s.outHeight, s.outWidth, s.outChannels}) > kMostValues) {
    return tooMany("an image has", kMostValues);
  }
  if (product({taps, s.inChannels, s.outChannels}) > kMostValues) return tooMany("the filter has", kMostValues);
  if (product({rows.paddedImage(), columns.paddedImage(), s.inChannels}) > kMostPadded ||
      product({rows.paddedGradient(), columns.paddedGradient(), s.outChannels}) > kMostPadded) {
    return tooMany("an image with its padding has", kMostPadded);
  }
  if (product({std::max(s.width, s.outWidth), taps, channels}) > kMostPadded) {
    return tooMany("the windows of a line have", kMostPadded);
  }
  return "";
}

std::string problemOf(const PoolShape& s) {
  std::string problem = firstOutside({{"images", s.images}}, 0, kMostImages);
  if (problem.empty()) {
    problem = firstOutside({{"height", s.height},
                            {"width", s.width},
                            {"channels", s.channels},
                            {"outHeight", s.outHeight},
                            {"outWidth", s.outWidth}},
                           1, kMostValues);
  }
  if (problem.empty()) {
    problem = firstOutside({{"windowHeight", s.windowHeight},
                            {"windowWidth", s.windowWidth},
                            {"strideHeight", s.strideHeight},
                            {"strideWidth", s.strideWidth}},
                           1, kMostStep);
  }
  if (problem.empty()) problem = firstOutside({{"padTop", s.padTop}, {"padLeft", s.padLeft}}, 0, kMostStep);
  if (!problem.empty()) return problem;
  if (product({s.height, s.width, s.channels}) > kMostValues ||
      product({s.outHeight, s.outWidth, s.channels}) > kMostValues) {
    return tooMany("an image has", kMostValues);
  }
  return "";
}

ConvolutionShape withShortStrides(ConvolutionShape shape) {
  // Strides in use are shorter, and keep the order of their sums.
  constexpr int kLong = 64;
  if (shape.outHeight == 1) shape.strideHeight = std::min(shape.strideHeight, kLong);
  if (shape.outWidth == 1) shape.strideWidth = std::min(shape.strideWidth, kLong);
  return shape;
}
