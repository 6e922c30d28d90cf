// Iterates over the columns of an array [rows, columns] in whole vectors plus a remainder, so that a pass is written
// only once: its body receives a block of columns that loads and stores as many vectors as the block is wide.

#pragma once

#include "vectors.h"

namespace {

// In two steps, since compilers split a direct conversion into scalar ones.
inline Integers widen(Bytes bytes) { return __builtin_convertvector(__builtin_convertvector(bytes, Halves), Integers); }
inline Bytes narrow(Integers values) { return __builtin_convertvector(__builtin_convertvector(values, Halves), Bytes); }

/** VECTORS adjacent whole vectors. */
template <int VECTORS>
struct Whole {
  static constexpr int kCount = VECTORS;
  static constexpr bool kIsWhole = true;

  template <typename T>
  Vector load(const T* from, int vector = 0) const {
    return ::load(from + vector * kLanes);
  }
  template <typename T>
  void store(T* to, Vector values, int vector = 0) const {
    ::store(to + vector * kLanes, values);
  }

  Integers loadBytes(const uint8_t* from, int vector = 0) const {
    Bytes bytes;
    std::memcpy(&bytes, from + vector * kLanes, sizeof bytes);
    return widen(bytes);
  }
  /** Stores the lowest byte of each value. */
  void storeBytes(uint8_t* to, Integers values, int vector = 0) const {
    const Bytes bytes = narrow(values);
    std::memcpy(to + vector * kLanes, &bytes, sizeof bytes);
  }
};

/** The first lanes of one vector. */
struct Part {
  static constexpr int kCount = 1;
  static constexpr bool kIsWhole = false;
  int lanes;

  template <typename T>
  Vector load(const T* from, int = 0) const {
    return loadPart(from, lanes);
  }
  template <typename T>
  void store(T* to, Vector values, int = 0) const {
    storePart(to, values, lanes);
  }

  Integers loadBytes(const uint8_t* from, int = 0) const { return widen(loadPart(from, lanes)); }
  void storeBytes(uint8_t* to, Integers values, int = 0) const { storePart(to, narrow(values), lanes); }
};

/** Calls body(first column, block) for all columns, in blocks of up to 4 vectors. */
template <typename Body>
inline void forColumns(ptrdiff_t columns, const Body& body) {
  ptrdiff_t first = 0;
  for (; first + 4 * kLanes <= columns; first += 4 * kLanes) body(first, Whole<4>{});
  if (first + 2 * kLanes <= columns) {
    body(first, Whole<2>{});
    first += 2 * kLanes;
  }
  if (first + kLanes <= columns) {
    body(first, Whole<1>{});
    first += kLanes;
  }
  if (first < columns) body(first, Part{int(columns - first)});
}

/** Calls body(first value, block) for all values of an array without rows, one vector after another. */
template <typename Body>
inline void forVectors(ptrdiff_t count, const Body& body) {
  ptrdiff_t first = 0;
  for (; first + kLanes <= count; first += kLanes) body(first, Whole<1>{});
  if (first < count) body(first, Part{int(count - first)});
}

/** Calls body(a value of this type); only the value's type matters. */
template <typename Body>
inline void withType(Type type, const Body& body) {
  if (type == Type::float32) {
    body(float{});
  } else {
    body(Bfloat16{});
  }
}

/**
 * Sums over rows for each column of a block. term(row, vector, sums) adds one row's contribution to SUMS sums. Rows
 * alternate between independent chains of additions, which need not wait for each other; the order is fixed, so results
 * are reproducible.
 */
template <int SUMS, typename Block, typename Term>
inline void sumOverRows(ptrdiff_t rows, Block, const Term& term, Vector (&sums)[Block::kCount][SUMS]) {
  constexpr int kChains = 4 / Block::kCount;
  Vector chains[kChains][Block::kCount][SUMS] = {};
  ptrdiff_t row = 0;
  for (; row + kChains <= rows; row += kChains) {
#pragma GCC unroll 4
    for (int chain = 0; chain < kChains; chain++) {
#pragma GCC unroll 4
      for (int v = 0; v < Block::kCount; v++) term(row + chain, v, chains[chain][v]);
    }
  }
  for (; row < rows; row++) {
    for (int v = 0; v < Block::kCount; v++) term(row, v, chains[0][v]);
  }
  for (int v = 0; v < Block::kCount; v++) {
    for (int s = 0; s < SUMS; s++) {
      sums[v][s] = chains[0][v][s];
      for (int chain = 1; chain < kChains; chain++) sums[v][s] += chains[chain][v][s];
    }
  }
}

}  // namespace
