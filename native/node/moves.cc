// JavaScript binding that moves values between layouts: transposing, slicing, padding, repeating, concatenating. A
// single loop for all of them, the same on every processor.

#include <cstring>

#include "arguments.h"

namespace {

void moveAxis(const Layout& layout, int axis, const float* source, float* target) {
  const int size = layout.sizes[axis];
  const ptrdiff_t from = layout.steps[0][axis];
  const ptrdiff_t to = layout.steps[1][axis];
  if (axis < layout.rank - 1) {
    for (int i = 0; i < size; i++) moveAxis(layout, axis + 1, source + i * from, target + i * to);
  } else if (from == 1 && to == 1) {
    // The arrays may be parts of the same one.
    std::memmove(target, source, sizeof(float) * size);
  } else {
    for (int i = 0; i < size; i++) target[i * to] = source[i * from];
  }
}

/** (Int32Array [3, rank]: sizes, source steps, target steps; source, its offset; target, its offset) */
void move(const Napi::CallbackInfo& info) {
  const Arguments arguments(info);
  const Layout layout = arguments.layout(0);
  const size_t sourceFirst = arguments.integer(2, "sourceFirst", 0);
  const size_t targetFirst = arguments.integer(4, "targetFirst", 0);
  // Values of the target differ from each other, so there cannot be more than it has.
  if (layout.size() > arguments.lengthOf(3, "target")) {
    throw Napi::RangeError::New(info.Env(), "layout: has more values than the target");
  }
  const float* source = arguments.floats(1, "source", sumOf(sourceFirst, layout.reach(0)));
  float* target = arguments.floats(3, "target", sumOf(targetFirst, layout.reach(1)));
  moveAxis(layout, 0, source + sourceFirst, target + targetFirst);
}

}  // namespace

void exportMoves(Napi::Env env, Napi::Object exports) { exports.Set("move", Napi::Function::New(env, move)); }
