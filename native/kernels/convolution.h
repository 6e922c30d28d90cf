// Convolutions and their gradients, and matrix products, for one instruction set.

#pragma once

#include "filter_gradient.h"
#include "input_gradient.h"

namespace {

template <typename P>
void convolve(ConvolutionShape s, int images, ConstValues input, const P* panels, const float* bias,
              Activation activation, Values output) {
  flatten(s, images);
  const int height = (s.outHeight - 1) * s.strideHeight + (s.filterHeight - 1) * s.dilationHeight + 1;
  const int width = (s.outWidth - 1) * s.strideWidth + (s.filterWidth - 1) * s.dilationWidth + 1;
  // Without padding on the left the frame may be as wide as the image, which then needs no copy.
  const bool fits = s.padTop == 0 && s.padLeft == 0 && height <= s.height && width <= s.width;
  Frame<P> frame{height, fits ? s.width : width, s.inChannels, s.padTop, s.padLeft};
  const ptrdiff_t line = ptrdiff_t(s.outWidth) * s.outChannels;
  const Sweep all{{s.filterHeight, s.dilationHeight},
                  {s.filterWidth, s.dilationWidth},
                  s.strideHeight,
                  s.strideWidth,
                  s.outHeight,
                  s.outWidth,
                  s.outChannels,
                  Target{output, s.outChannels, bias, activation},
                  line,
                  s.outHeight * line};
  sweep(all, frame, images, input, s.height, s.width, panels);
}

constexpr Products kProducts = {
#if defined(__AVX512BF16__)
    true,
#else
    false,
#endif
    [](const ConvolutionShape& s, Type operands) {
      return operands == Type::float32 ? panelSize<float>(filterDepth(s), s.outChannels) * sizeof(float)
                                       : panelSize<Bfloat16>(filterDepth(s), s.outChannels) * sizeof(Bfloat16);
    },
    [](const ConvolutionShape& s, Type operands, const float* filter, void* packed) {
      const int depth = filterDepth(s);
      if (operands == Type::float32) {
        packPanels(filter, depth, paddedDepth<float>(depth), s.outChannels, (float*)packed);
      } else {
        packPanels(filter, depth, paddedDepth<Bfloat16>(depth), s.outChannels, (Bfloat16*)packed);
      }
    },
    [](const ConvolutionShape& s, Type operands, int images, ConstValues input, const void* packed, const float* bias,
       Activation activation, Values output) {
      if (operands == Type::float32) {
        convolve(s, images, input, (const float*)packed, bias, activation, output);
      } else {
        convolve(s, images, input, (const Bfloat16*)packed, bias, activation, output);
      }
    },
    [](const ConvolutionShape& s, Type operands) {
      return operands == Type::float32 ? turnedSize<float>(s) * sizeof(float)
                                       : turnedSize<Bfloat16>(s) * sizeof(Bfloat16);
    },
    [](const ConvolutionShape& s, Type operands, const float* filter, void* packed) {
      if (operands == Type::float32) {
        packTurned(s, filter, (float*)packed);
      } else {
        packTurned(s, filter, (Bfloat16*)packed);
      }
    },
    [](const ConvolutionShape& s, Type operands, int images, ConstValues gradient, const void* packed, Values input) {
      if (operands == Type::float32) {
        inputGradient(s, images, gradient, (const float*)packed, input);
      } else {
        inputGradient(s, images, gradient, (const Bfloat16*)packed, input);
      }
    },
    [](const ConvolutionShape& s, Type operands, int images, ConstValues input, ConstValues gradient, bool adds,
       float* filter) {
      if (operands == Type::bfloat16 && gradient.type == Type::bfloat16) {
        filterGradient<Bfloat16>(s, images, input, (const Bfloat16*)gradient.data, adds, filter);
      } else if (operands == Type::bfloat16) {
        filterGradient<Bfloat16>(s, images, input, (const float*)gradient.data, adds, filter);
      } else {
        filterGradient<float>(s, images, input, (const float*)gradient.data, adds, filter);
      }
    },
};

}  // namespace
