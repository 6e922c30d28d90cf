// Products of bfloat16 matrices on AMX tiles (Intel Architecture Instruction Set Extensions, chapter 3): blocks of 32 x
// 32 sums in four tiles. With EMULATED_TILES the tiles are arrays, so that the memory layout can be tested on
// processors without AMX.

#pragma once

#include "products.h"

#if defined(EMULATED_TILES)

namespace {

using TileRow = unsigned char[64];
thread_local TileRow tiles[8][16];

inline void zeroTile(int tile) { std::memset(tiles[tile], 0, sizeof tiles[tile]); }

inline void loadTile(int tile, const void* from, ptrdiff_t stride) {
  for (int row = 0; row < 16; row++) std::memcpy(tiles[tile][row], (const char*)from + row * stride, 64);
}

inline void storeTile(int tile, void* to, ptrdiff_t stride) {
  for (int row = 0; row < 16; row++) std::memcpy((char*)to + row * stride, tiles[tile][row], 64);
}

inline void multiplyTiles(int sums, int a, int b) {
  float c[16][16];
  Bfloat16 left[16][16][2], right[16][16][2];
  std::memcpy(c, tiles[sums], sizeof c);
  std::memcpy(left, tiles[a], sizeof left);
  std::memcpy(right, tiles[b], sizeof right);
  for (int row = 0; row < 16; row++) {
    for (int k = 0; k < 16; k++) {
      for (int column = 0; column < 16; column++) {
        for (int i = 0; i < 2; i++) c[row][column] += toFloat(left[row][k][i]) * toFloat(right[k][column][i]);
      }
    }
  }
  std::memcpy(tiles[sums], c, sizeof c);
}

inline void configureTiles() {}

}  // namespace

#define ZERO_TILE(tile) zeroTile(tile)
#define LOAD_TILE(tile, from, stride) loadTile(tile, from, stride)
#define STORE_TILE(tile, to, stride) storeTile(tile, to, stride)
#define MULTIPLY_TILES(sums, a, b) multiplyTiles(sums, a, b)

#else

#include <immintrin.h>

namespace {

/** Configures all eight tiles as whole ones, 16 rows of 64 bytes; once per thread. */
inline void configureTiles() {
  static thread_local bool isConfigured = false;
  if (isConfigured) return;
  struct alignas(64) {
    uint8_t palette = 1;
    uint8_t startRow = 0;
    uint8_t reserved[14] = {};
    uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } configuration;
  _tile_loadconfig(&configuration);
  isConfigured = true;
}

}  // namespace

#define ZERO_TILE(tile) _tile_zero(tile)
#define LOAD_TILE(tile, from, stride) _tile_loadd(tile, from, stride)
#define STORE_TILE(tile, to, stride) _tile_stored(tile, to, stride)
#define MULTIPLY_TILES(sums, a, b) _tile_dpbf16ps(sums, a, b)

#endif

namespace {

static_assert(kWidth == 32, "a panel is as wide as two tiles");

/** Values of k in a tile. */
constexpr int kTileDepth = 32;
constexpr int kTileRows = 16;

template <>
constexpr int kDepthStep<Bfloat16> = kTileDepth;

/** Tiles are read whole, so memory for 31 rows after the last one must exist; its content does not matter. */
template <bool HAS_TWO_ROWS, bool HAS_TWO_COLUMNS>
void tileProducts(const Bfloat16* source, ptrdiff_t rowStep, const Segments& segments, const Bfloat16* panel,
                  float* sums) {
  ZERO_TILE(0);
  if constexpr (HAS_TWO_COLUMNS) ZERO_TILE(1);
  if constexpr (HAS_TWO_ROWS) ZERO_TILE(2);
  if constexpr (HAS_TWO_ROWS && HAS_TWO_COLUMNS) ZERO_TILE(3);
  const ptrdiff_t rowBytes = rowStep * ptrdiff_t(sizeof(Bfloat16));
  constexpr ptrdiff_t kPanelBytes = kWidth * sizeof(float);
  for (int segment = 0; segment < segments.count; segment++) {
    const Bfloat16* values = source + segments.offsets[segment];
    for (int k = 0; k < segments.length; k += kTileDepth, values += kTileDepth, panel += kTileDepth * kWidth) {
      LOAD_TILE(6, panel, kPanelBytes);
      LOAD_TILE(4, values, rowBytes);
      MULTIPLY_TILES(0, 4, 6);
      if constexpr (HAS_TWO_COLUMNS) {
        LOAD_TILE(7, panel + 2 * kLanes, kPanelBytes);
        MULTIPLY_TILES(1, 4, 7);
      }
      if constexpr (HAS_TWO_ROWS) {
        LOAD_TILE(5, values + kTileRows * rowStep, rowBytes);
        MULTIPLY_TILES(2, 5, 6);
        if constexpr (HAS_TWO_COLUMNS) MULTIPLY_TILES(3, 5, 7);
      }
    }
  }
  constexpr ptrdiff_t kSumBytes = kWidth * sizeof(float);
  STORE_TILE(0, sums, kSumBytes);
  if constexpr (HAS_TWO_COLUMNS) STORE_TILE(1, sums + kLanes, kSumBytes);
  if constexpr (HAS_TWO_ROWS) STORE_TILE(2, sums + kTileRows * kWidth, kSumBytes);
  if constexpr (HAS_TWO_ROWS && HAS_TWO_COLUMNS) STORE_TILE(3, sums + kTileRows * kWidth + kLanes, kSumBytes);
}

template <>
void multiplyPanels<Bfloat16>(const Bfloat16* source, int rows, ptrdiff_t rowStep, const Segments& segments,
                              const Bfloat16* panels, int columns, const Target& target) {
  configureTiles();
  Vector sums[2 * kTileRows][kVectors];
  const ptrdiff_t depth = ptrdiff_t(segments.count) * segments.length;
  for (int first = 0; first < columns; first += kWidth, panels += depth * kWidth) {
    const int width = columns - first < kWidth ? columns - first : kWidth;
    for (int row = 0; row < rows; row += 2 * kTileRows) {
      const int count = rows - row < 2 * kTileRows ? rows - row : 2 * kTileRows;
      const Bfloat16* const from = source + row * rowStep;
      float* const to = (float*)sums;
      if (count > kTileRows) {
        width > kLanes ? tileProducts<true, true>(from, rowStep, segments, panels, to)
                       : tileProducts<true, false>(from, rowStep, segments, panels, to);
      } else {
        width > kLanes ? tileProducts<false, true>(from, rowStep, segments, panels, to)
                       : tileProducts<false, false>(from, rowStep, segments, panels, to);
      }
      storeBlock(sums[0], count, kVectors, target.at(row, first), width);
    }
  }
}

}  // namespace
