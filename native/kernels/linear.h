// What linear maps have in common: the rows of their input, sums over rows, and products that end in a tensor.
#pragma once

#include <ATen/ops/empty.h>

#include <vector>

#include "product.h"
#include "tensor.h"

#if defined(__x86_64__)
#define TSLM_AVX512_LOOP __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16,avx512dq,prefer-vector-width=512")))
#else
#define TSLM_AVX512_LOOP
#endif

namespace tslm {

// [..., columns] → [rows, columns], contiguous
inline at::Tensor asRows(const at::Tensor& x) { return x.contiguous().view({-1, x.size(-1)}); }

// [..., dim] → [..., columns]
inline std::vector<int64_t> resized(const at::Tensor& x, int64_t columns) {
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = columns;
  return sizes;
}

// y = x Wᵀ + b (+ residual), without a record for the way back.
at::Tensor linearForward(const at::Tensor& x, const at::Tensor& weight, const Optional<at::Tensor>& bias,
                         const Optional<at::Tensor>& residual, c10::ScalarType type);

// A gradient [rows, columns] as products take it, bfloat16, and the sums of its columns, float32.
struct RoundedWithSums {
  at::Tensor rounded, sums;
};
RoundedWithSums roundedWithSums(const at::Tensor& gradient);

// out [m, n] = A · B, or out += A · B; float32 or bfloat16.
void productInto(const at::Tensor& out, const Matrix& a, const Matrix& b, int64_t k, bool accumulate = false);

// x Wᵀ [rows, n] for so few rows that reading W is all the work: each of its elements is read once and never packed.
constexpr int64_t kFewRows = 8;
void fewRowsInto(const at::Tensor& out, const at::Tensor& x, const at::Tensor& weight, const float* bias,
                 const float* residual);

// Bias as float32, or nothing.
inline at::Tensor floatBias(const Optional<at::Tensor>& bias) {
  return bias && bias->defined() ? bias->to(at::kFloat).contiguous() : at::Tensor();
}

}  // namespace tslm
