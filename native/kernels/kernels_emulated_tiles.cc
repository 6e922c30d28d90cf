// The products for AMX with tiles of our own, on any processor: for tests alone.

#define VECTOR_BYTES 64
#define PRODUCT_ROWS 2
#define TILES
#define EMULATED_TILES

#include "convolution.h"

const Products kEmulatedTilesProducts = kProducts;
