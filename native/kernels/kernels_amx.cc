// Products for x86-64 with AVX-512 and AMX tiles of bfloat16.

#include "kernels.h"

#if defined(__x86_64__)
#if defined(__AMX_BF16__) && defined(__AVX512BF16__)

#define VECTOR_BYTES 64
#define PRODUCT_ROWS 12
#define TILES

#include "convolution.h"

const Products* const kAmxProducts = &kProducts;

#else

const Products* const kAmxProducts = nullptr;

#endif
#endif
