// Kernels for x86-64 with AVX-512 and its products of bfloat16 pairs.

#include "kernels.h"

#if defined(__x86_64__)
#if defined(__AVX512BF16__)

#define VECTOR_BYTES 64
#define PRODUCT_ROWS 12

#include "convolution.h"
#include "depthwise.h"
#include "passes.h"
#include "reductions.h"
#include "winograd.h"

namespace {
const Kernels kKernels = {"avx512bf16", &kProducts, &kWinograd, &kPasses, &kDepthwise, &kArithmetic};
}
const Kernels* const kAvx512Bfloat16Kernels = &kKernels;

#else

const Kernels* const kAvx512Bfloat16Kernels = nullptr;

#endif
#endif
