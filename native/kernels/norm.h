// What the norms over the last dimension share: two element types, parameters that are read in float32, and gradients of
// these that are summed over the rows.
#pragma once

#include <ATen/ops/empty.h>

#include <algorithm>
#include <vector>

#include "tensor.h"

namespace tslm {

// Calls `body` with zeros of the element types of input and result.
template <class Body>
void withTypes(const char* kernel, c10::ScalarType input, c10::ScalarType result, Body body) {
  withElementType(kernel, input, [&](auto x) { withElementType(kernel, result, [&](auto y) { body(x, y); }); });
}

inline void checkParameter(const char* kernel, const at::Tensor& parameter) {
  withElementType(kernel, parameter.scalar_type(), [](auto) {});
}

inline at::Tensor widened(const at::Tensor& parameter) { return parameter.to(at::kFloat).contiguous(); }

inline int64_t rowsOf(const at::Tensor& x) { return x.size(-1) == 0 ? 0 : x.numel() / x.size(-1); }

// Calls `row(i, share)` for each row and returns the sum of the shares, `width` numbers each. Blocks of rows are summed
// on their own; their number is fixed, so that the sums are the same for any number of threads.
template <class Row>
std::vector<float> sumOverRows(int64_t rows, int64_t width, Row row) {
  constexpr int64_t kBlock = 64;
  const int64_t blocks = (rows + kBlock - 1) / kBlock;
  std::vector<float> sums(static_cast<size_t>(std::max<int64_t>(blocks, 1) * width));
  forRows(blocks, kBlock * width, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * kBlock; i < std::min(end * kBlock, rows); i++) row(i, sums.data() + i / kBlock * width);
  });
  for (int64_t block = 1; block < blocks; block++) {
    for (int64_t j = 0; j < width; j++) sums[j] += sums[block * width + j];
  }
  return sums;
}

// The sums as the gradient of a parameter, in its element type.
inline at::Tensor gradientFrom(const float* sums, const at::Tensor& parameter) {
  at::Tensor gradient = at::empty(parameter.sizes(), parameter.options().dtype(at::kFloat));
  std::copy_n(sums, parameter.numel(), elements<float>(gradient));
  return gradient.to(parameter.scalar_type());
}

}  // namespace tslm
