// JavaScript binding that moves values between layouts: transposing, slicing, padding, repeating, concatenating. A
// single loop for all of them, the same on every processor.

#include <cstddef>
#include <cstring>

#include "arguments.h"

namespace {

constexpr size_t kMostAxes = 6;

/** Values along `rank` axes, outermost first: how many, and their distances in the source and in the target. */
struct Move {
  int rank;
  const int32_t* sizes;
  const int32_t* sourceSteps;
  const int32_t* targetSteps;

  /** Number of values from the first to the last one touched. */
  size_t reach(const int32_t* steps) const {
    size_t last = 0;
    for (int axis = 0; axis < rank; axis++) last += size_t(sizes[axis] - 1) * steps[axis];
    return last + 1;
  }
};

void moveAxis(const Move& move, int axis, const float* source, float* target) {
  const int size = move.sizes[axis];
  const ptrdiff_t from = move.sourceSteps[axis];
  const ptrdiff_t to = move.targetSteps[axis];
  if (axis < move.rank - 1) {
    for (int i = 0; i < size; i++) moveAxis(move, axis + 1, source + i * from, target + i * to);
  } else if (from == 1 && to == 1) {
    std::memcpy(target, source, sizeof(float) * size);
  } else {
    for (int i = 0; i < size; i++) target[i * to] = source[i * from];
  }
}

/** (Int32Array [3, rank]: sizes, source steps, target steps; source, its offset; target, its offset) */
void move(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const size_t rank = arguments.lengthOf(0, "layout") / 3;
  if (rank < 1 || rank > kMostAxes) throw Napi::RangeError::New(info.Env(), "layout: expected 1 to 6 axes");
  const int32_t* layout = arguments.integers(0, "layout", 3 * rank);
  const Move move{int(rank), layout, layout + rank, layout + 2 * rank};
  for (size_t i = 0; i < 3 * rank; i++) {
    if (layout[i] < (i < rank ? 1 : 0)) {
      throw Napi::RangeError::New(info.Env(), "layout: expected sizes of 1 or more, steps of 0 or more");
    }
  }
  const size_t sourceFirst = arguments.integer(2, "sourceFirst", 0);
  const size_t targetFirst = arguments.integer(4, "targetFirst", 0);
  const float* source = arguments.floats(1, "source", sourceFirst + move.reach(move.sourceSteps));
  float* target = arguments.floats(3, "target", targetFirst + move.reach(move.targetSteps));
  moveAxis(move, 0, source + sourceFirst, target + targetFirst);
}

}  // namespace

void exportMoves(Napi::Env env, Napi::Object exports) { exports.Set("move", Napi::Function::New(env, move)); }
