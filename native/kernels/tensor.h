// What every kernel does with tensors: choose by element type, walk in parallel, save for the way back.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>

#include "../version.h"
#include "parallel.h"
#include "vector.h"

namespace tslm {

template <class T>
T* elements(const at::Tensor& tensor) {
  return static_cast<T*>(tensor.data_ptr());
}

// Calls `body` with a zero of the element type: float, or the bare bits of bfloat16.
template <class Body>
void withElementType(const char* kernel, c10::ScalarType type, Body body) {
  if (type == at::kFloat) {
    body(float{});
  } else {
    TORCH_CHECK(type == at::kBFloat16, kernel, " takes float32 or bfloat16, not ", type);
    body(bfloat16{});
  }
}

// Elements that are worth a thread.
constexpr int64_t kGrain = 16384;

// Calls `body(begin, end)` for ranges of rows, in parallel where there is enough to do.
template <class Body>
void forRows(int64_t rows, int64_t columns, Body body) {
  const int64_t grain = kGrain / (columns > 0 ? columns : 1) + 1;
  parallelFor(0, rows, grain, body);
}

// The gradients of these kernels are kernels themselves and have no gradients.
inline void onlyFirstDerivatives(const char* kernel) {
  TORCH_CHECK(!c10::GradMode::is_enabled(), kernel, " has first derivatives only");
}

}  // namespace tslm
