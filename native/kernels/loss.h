// Softmax with cross-entropy against one label per row, and its gradient. Rows are few and short, so there are no
// vectors.

#pragma once

#include <math.h>

#include "columns.h"

namespace {

inline void put(float* to, float value) { *to = value; }
inline void put(Bfloat16* to, float value) { storePart(to, broadcast(value), 1); }

void crossEntropy(int rows, int classes, const float* logits, const int32_t* labels, double* loss, int32_t* correct,
                  float factor, Type type, void* gradient) {
  for (int row = 0; row < rows; row++, logits += classes) {
    const int label = labels[row];
    // The first of the greatest values, as arg max; comparisons with NaN are false.
    int best = 0;
    float most = logits[0];
    bool isNumber = true;
    for (int c = 0; c < classes; c++) {
      if (logits[c] > logits[best]) best = c;
      if (logits[c] > most) most = logits[c];
      if (logits[c] != logits[c]) isNumber = false;
    }
    if (!isNumber) most = __builtin_nanf("");
    *correct += best == label;
    double sum = 0;
    for (int c = 0; c < classes; c++) sum += expf(logits[c] - most);
    const double logOfSum = most + log(sum);
    // All classes take part, so that an infinite logit makes the loss NaN at any position.
    double cost = 0;
    for (int c = 0; c < classes; c++) cost -= (logits[c] - logOfSum) * (c == label);
    *loss += cost;
    if (gradient == nullptr) continue;
    withType(type, [&](auto zero) {
      auto* to = static_cast<decltype(zero)*>(gradient) + ptrdiff_t(row) * classes;
      for (int c = 0; c < classes; c++) put(to + c, (expf(float(logits[c] - logOfSum)) - (c == label)) * factor);
    });
  }
}

}  // namespace
