// y = x Wᵀ + b in float32 for so few rows that reading W is all the work, as in decoding: each of its elements is read once, and
// each sum is made in the same order whatever the number of rows.
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include "tensor.h"

namespace tslm {
namespace {

constexpr int64_t kMostRows = 8;

// Sixteen lanes in two halves: a vector that is wider than a register of the processor would be kept in memory.
using Half = float __attribute__((vector_size(32)));
constexpr int64_t kHalf = 8, kLanes = 2 * kHalf;

struct Lanes {
  Half low, high;
};

TSLM_INLINE Half halfAt(const float* p) {
  Half half;
  std::memcpy(&half, p, sizeof half);
  return half;
}

TSLM_INLINE float sumOf(const Lanes& lanes) {
  float sum = 0;
  for (int64_t i = 0; i < kHalf; i++) sum += lanes.low[i];
  for (int64_t i = 0; i < kHalf; i++) sum += lanes.high[i];
  return sum;
}

// kColumns rows of W at once, so that memory has several streams to bring.
template <int kRows, int kColumns>
TSLM_INLINE void dots(const float* w, int64_t stride, const float* x, int64_t k, float* sums) {
  Lanes lanes[kColumns][kRows] = {};
  int64_t i = 0;
  for (; i + kLanes <= k; i += kLanes) {
    for (int c = 0; c < kColumns; c++) {
      const float* weights = w + c * stride + i;
      const Half low = halfAt(weights), high = halfAt(weights + kHalf);
      for (int r = 0; r < kRows; r++) {
        lanes[c][r].low += low * halfAt(x + r * k + i);
        lanes[c][r].high += high * halfAt(x + r * k + i + kHalf);
      }
    }
  }
  for (int c = 0; c < kColumns; c++) {
    for (int r = 0; r < kRows; r++) {
      float sum = sumOf(lanes[c][r]);
      for (int64_t j = i; j < k; j++) sum += w[c * stride + j] * x[r * k + j];
      sums[c * kRows + r] = sum;
    }
  }
}

// y [kRows, n], columns `begin` to `end`
template <int kRows>
TSLM_INLINE void columnsOf(const float* w, int64_t stride, const float* x, const float* bias, int64_t k, int64_t n,
                           int64_t begin, int64_t end, float* y) {
  constexpr int kColumns = kRows <= 2 ? 4 : kRows <= 4 ? 2 : 1;
  float sums[kColumns * kRows];
  const auto put = [&](int64_t column, const float* of) {
    for (int r = 0; r < kRows; r++) y[r * n + column] = of[r] + (bias ? bias[column] : 0.0f);
  };
  int64_t j = begin;
  for (; j + kColumns <= end; j += kColumns) {
    dots<kRows, kColumns>(w + j * stride, stride, x, k, sums);
    for (int c = 0; c < kColumns; c++) put(j + c, sums + c * kRows);
  }
  for (; j < end; j++) {
    dots<kRows, 1>(w + j * stride, stride, x, k, sums);
    put(j, sums);
  }
}

TSLM_CLONES void columns(int64_t rows, const float* w, int64_t stride, const float* x, const float* bias, int64_t k, int64_t n,
                         int64_t begin, int64_t end, float* y) {
  switch (rows) {
    case 1: return columnsOf<1>(w, stride, x, bias, k, n, begin, end, y);
    case 2: return columnsOf<2>(w, stride, x, bias, k, n, begin, end, y);
    case 3: return columnsOf<3>(w, stride, x, bias, k, n, begin, end, y);
    case 4: return columnsOf<4>(w, stride, x, bias, k, n, begin, end, y);
    case 5: return columnsOf<5>(w, stride, x, bias, k, n, begin, end, y);
    case 6: return columnsOf<6>(w, stride, x, bias, k, n, begin, end, y);
    case 7: return columnsOf<7>(w, stride, x, bias, k, n, begin, end, y);
    default: return columnsOf<8>(w, stride, x, bias, k, n, begin, end, y);
  }
}

at::Tensor fewRowsLinear(const at::Tensor& input, const at::Tensor& weight, const Optional<at::Tensor>& bias) {
  TORCH_CHECK(input.dim() >= 1 && weight.dim() == 2 && input.size(-1) == weight.size(1),
              "few_rows_linear takes x [..., in] and weight [out, in], not ", input.sizes(), " and ", weight.sizes());
  const int64_t k = weight.size(1), n = weight.size(0), rows = k == 0 ? 0 : input.numel() / k;
  TORCH_CHECK(rows >= 1 && rows <= kMostRows, "few_rows_linear takes 1 to ", kMostRows, " rows, not ", rows);
  TORCH_CHECK(input.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat && weight.stride(1) == 1,
              "few_rows_linear takes float32, and a weight whose rows are contiguous");
  TORCH_CHECK(!bias || (bias->scalar_type() == at::kFloat && bias->dim() == 1 && bias->numel() == n),
              "few_rows_linear takes a float32 bias of ", n, " elements");
  const at::Tensor x = input.contiguous(), b = bias ? bias->contiguous() : at::Tensor();
  std::vector<int64_t> sizes = input.sizes().vec();
  sizes.back() = n;
  at::Tensor y = at::empty(sizes, input.options());
  parallelFor(0, n, kGrain / k + 1, [&](int64_t begin, int64_t end) {
    columns(rows, elements<float>(weight), weight.stride(0), elements<float>(x), b.defined() ? elements<float>(b) : nullptr, k, n,
            begin, end, elements<float>(y));
  });
  return y;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) { m.def("few_rows_linear(Tensor input, Tensor weight, Tensor? bias) -> Tensor"); }
TORCH_LIBRARY_IMPL(tslm, CPU, m) { m.impl("few_rows_linear", TORCH_FN(fewRowsLinear)); }

}  // namespace tslm
