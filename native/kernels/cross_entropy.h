// What both forms of cross-entropy do with a row of logits and its target.
#pragma once

#include <cmath>

#include "tensor.h"

namespace tslm {

enum Reduction : int64_t { kMean = 1, kSum = 2 };  // at::Reduction

template <class T>
TSLM_INLINE float logSumExpOf(const T* __restrict x, int64_t classes) {
  float top = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : top)
  for (int64_t j = 0; j < classes; j++) top = top < load(x + j) ? load(x + j) : top;
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t j = 0; j < classes; j++) sum += exponential(load(x + j) - top);
  return top + std::log(sum);
}

// `dx` may be `x` itself.
template <class T>
TSLM_INLINE void gradientOf(const T* x, float logSumExp, float factor, T* dx, int64_t classes) {
#pragma omp simd
  for (int64_t j = 0; j < classes; j++) store(dx + j, exponential(load(x + j) - logSumExp) * factor);
}

// Targets that count. Throws for one that is no class.
inline int64_t countTargets(const int64_t* target, int64_t rows, int64_t classes, int64_t ignored) {
  int64_t counted = 0;
  for (int64_t i = 0; i < rows; i++) {
    if (target[i] == ignored) continue;
    TORCH_CHECK_INDEX(target[i] >= 0 && target[i] < classes, "target ", target[i], " is out of bounds of ", classes,
                      " classes");
    counted++;
  }
  return counted;
}

}  // namespace tslm
