// The products for AMX with emulated tiles, for tests on any processor.

#define VECTOR_BYTES 64
#define PRODUCT_ROWS 2
#define TILES
#define EMULATED_TILES

#include "convolution.h"

const Products kEmulatedTilesProducts = kProducts;
