// Kernels for x86-64 with AVX2 and FMA: 16 registers of 8 floats.

#if defined(__x86_64__)

#define VECTOR_BYTES 32
#define PRODUCT_ROWS 6

#include "convolution.h"
#include "depthwise.h"
#include "passes.h"
#include "reductions.h"
#include "winograd.h"

const Kernels kAvx2Kernels = {"avx2", &kProducts, &kWinograd, &kPasses, &kDepthwise, &kArithmetic};

#endif
