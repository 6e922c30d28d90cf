// Kernels for x86-64 with AVX-512F: 32 registers of 16 floats.

#define VECTOR_BYTES 64
#define PRODUCT_ROWS 12

#include "convolution.h"

const Kernels kAvx512Kernels = {"avx512", convolve, inputGradient, filterGradient, multiply};
