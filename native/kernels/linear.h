// What linear maps have in common: the rows of their input, sums over rows, and products that end in a tensor.
#pragma once

#include <ATen/ops/empty.h>

#include <vector>

#include "product.h"
#include "tensor.h"
#include "tiers.h"

namespace tslm {

// An epilogue that works row by row: `rows.row(sums, row, column, count)`. Whole blocks have a width that the compiler
// knows, so their loops become a few vector instructions.
template <class Rows>
struct RowByRow {
  Rows rows;
  void operator()(const Sums& s) const {
    vectorised([rows = rows, s]() TSLM_INSIDE {
      for (int64_t i = 0; i < s.rows; i++) {
        const float* sums = s.data + i * s.stride;
        if (s.columns == kBlock) rows.row(sums, s.row + i, s.column, kBlock);
        else rows.row(sums, s.row + i, s.column, s.columns);
      }
    });
  }
};
template <class Rows>
RowByRow<Rows> rowByRow(Rows rows) { return {rows}; }

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

// What is added to the sums of a product before they are rounded.
struct Added {
  const float* bias = nullptr;      // of a column
  const float* residual = nullptr;  // laid out as the result
  bool accumulate = false;          // what the result holds
};

// out [m, n] = A · B and what is added; float32 or bfloat16.
void productInto(const at::Tensor& out, const Matrix& a, const Matrix& b, int64_t k, Added added = {});

// x Wᵀ [rows, n] for so few rows that reading W is all the work: each of its elements is read once and never packed.
constexpr int64_t kFewRows = 8;
void fewRowsInto(const at::Tensor& out, const at::Tensor& x, const at::Tensor& weight, Added added);

inline const float* dataOrNull(const at::Tensor& x) { return x.defined() ? elements<float>(x) : nullptr; }

// Bias as float32, or nothing.
inline at::Tensor floatBias(const Optional<at::Tensor>& bias) {
  return bias && bias->defined() ? bias->to(at::kFloat).contiguous() : at::Tensor();
}

}  // namespace tslm
