// Values moved from one layout to another: transposed, cut out, padded, repeated, put side by side. One loop for all,
// the same on every processor, as a function of JavaScript.

#include <cstddef>
#include <cstring>

#include "arguments.h"
#include "groups.h"

namespace {

constexpr int kMostAxes = 6;

/** Values along `rank` axes, outermost first: how many, and how far apart in the source and in the target. */
struct Move {
  int rank;
  const int32_t* sizes;
  const int32_t* sourceSteps;
  const int32_t* targetSteps;

  bool isEmpty() const {
    for (int axis = 0; axis < rank; axis++) {
      if (sizes[axis] <= 0) return true;
    }
    return false;
  }

  /** Values from the first to the last that is touched. */
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

/** (Int32Array [3, rank]: sizes, steps of the source, of the target; source, its first; target, its first) */
void move(const Napi::CallbackInfo& info) {
  const int numbers = info[0].As<Napi::TypedArray>().ElementLength();
  const int32_t* layout = integers(info[0], 3);
  const int rank = numbers / 3;
  if (rank * 3 != numbers || rank > kMostAxes) {
    throw Napi::RangeError::New(info.Env(), "expected sizes and steps of 1 to 6 axes");
  }
  const Move move{rank, layout, layout + rank, layout + 2 * rank};
  if (move.isEmpty()) return;
  for (int axis = 0; axis < rank; axis++) {
    if (move.sourceSteps[axis] < 0 || move.targetSteps[axis] < 0) {
      throw Napi::RangeError::New(info.Env(), "expected steps of 0 or more");
    }
  }
  const size_t sourceFirst = count(info[2]);
  const size_t targetFirst = count(info[4]);
  const float* source = floats(info[1], sourceFirst + move.reach(move.sourceSteps));
  float* target = floats(info[3], targetFirst + move.reach(move.targetSteps));
  moveAxis(move, 0, source + sourceFirst, target + targetFirst);
}

}  // namespace

void exportMoves(Napi::Env env, Napi::Object exports) { exports.Set("move", Napi::Function::New(env, move)); }
