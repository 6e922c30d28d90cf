// Kernels for x86-64 with AVX-512F, BW and VL: 32 registers of 16 floats.

#if defined(__x86_64__)

#define VECTOR_BYTES 64
#define PRODUCT_ROWS 12

#include "convolution.h"
#include "depthwise.h"
#include "passes.h"
#include "reductions.h"
#include "winograd.h"

const Kernels kAvx512Kernels = {"avx512", &kProducts, &kWinograd, &kPasses, &kDepthwise, &kArithmetic};

#endif
