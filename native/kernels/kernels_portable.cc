// Kernels for any processor, vectors of 4 floats: SSE2 on x86-64, NEON on ARM.

#define VECTOR_BYTES 16
#if defined(__aarch64__)
#define PRODUCT_ROWS 12
#else
#define PRODUCT_ROWS 6
#endif

#include "convolution.h"
#include "depthwise.h"
#include "passes.h"
#include "reductions.h"
#include "winograd.h"

const Kernels kPortableKernels = {"portable", &kProducts, &kWinograd, &kPasses, &kDepthwise, &kArithmetic};
