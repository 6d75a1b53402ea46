// What becomes of the sums of linear maps whose weights stay as they are, packed or in eight bits:
//
//     y = x Wᵀ + b (+ residual)      y = f(x Wᵀ + b)      y = f(g) (x Wᵀ + b)
#pragma once

#include <string>

#include "activation.h"
#include "linear.h"

namespace tslm {

template <class T>
struct StoreSums {
  T* out;
  int64_t stride;
  Added added;

  TSLM_INLINE void row(const float* __restrict sums, int64_t i, int64_t column, int64_t count) const {
    T* __restrict y = out + i * stride + column;
    float total[kBlock];
    for (int64_t j = 0; j < count; j++) total[j] = sums[j];
    if (added.bias) for (int64_t j = 0; j < count; j++) total[j] += added.bias[column + j];
    if (added.residual) for (int64_t j = 0; j < count; j++) total[j] += added.residual[i * stride + column + j];
    if (added.accumulate) for (int64_t j = 0; j < count; j++) total[j] += load(y + j);
    for (int64_t j = 0; j < count; j++) store(y + j, total[j]);
  }
};

// Sums → f(h), or f(g) h, with h = sums + bias, rounded as a product of its own would be.
template <class F, class T>
struct ActivateSums {
  T* out;
  const T* gate;      // or null
  const float* bias;  // or null
  int64_t stride;

  TSLM_INLINE void row(const float* __restrict sums, int64_t i, int64_t column, int64_t count) const {
    const int64_t place = i * stride + column;
    T rounded[kBlock];
    for (int64_t j = 0; j < count; j++) store(rounded + j, sums[j] + (bias ? bias[column + j] : 0.0f));
    T* __restrict y = out + place;
    if (!gate) {
      for (int64_t j = 0; j < count; j++) store(y + j, F::value(load(rounded + j)));
      return;
    }
    const T* __restrict g = gate + place;
    for (int64_t j = 0; j < count; j++) store(y + j, F::value(load(g + j)) * load(rounded + j));
  }
};

// What such a map is given beside its input and weight.
struct LinearEnd {
  const Optional<at::Tensor>&bias, &residual, &gate;
  const Optional<std::string>& activation;
  c10::ScalarType type;  // of the result
};

// Checks it, makes the result [..., out], and calls `multiplyInto(rows [m, in], epilogue)`.
template <class Multiply>
at::Tensor finishedLinear(const char* kernel, const at::Tensor& x, int64_t out, const LinearEnd& end, Multiply multiplyInto) {
  const at::Tensor rows = asRows(x), b = floatBias(end.bias);
  const at::Tensor r = end.residual ? end.residual->contiguous() : at::Tensor();
  const at::Tensor g = end.gate ? end.gate->contiguous() : at::Tensor();
  TORCH_CHECK(!b.defined() || b.numel() == out, kernel, " takes a bias of ", out, " elements");
  const std::vector<int64_t> sizes = resized(x, out);
  TORCH_CHECK(!r.defined() || (!end.activation && r.scalar_type() == at::kFloat && r.sizes() == at::IntArrayRef(sizes)), kernel,
              " adds a float32 residual of the result's shape, and to no activation");
  TORCH_CHECK(!g.defined() || (end.activation && g.scalar_type() == end.type && g.sizes() == at::IntArrayRef(sizes)), kernel,
              " takes a gate of the result's shape and element type, and with an activation");
  at::Tensor y = at::empty(sizes, x.options().dtype(end.type));
  withElementType(kernel, end.type, [&](auto zero) {
    using T = decltype(zero);
    if (!end.activation) {
      multiplyInto(rows, rowByRow(StoreSums<T>{elements<T>(y), out, {dataOrNull(b), dataOrNull(r)}}));
      return;
    }
    withActivation(*end.activation, [&](auto f) {
      const T* gate = g.defined() ? elements<T>(g) : nullptr;
      multiplyInto(rows, rowByRow(ActivateSums<decltype(f), T>{elements<T>(y), gate, dataOrNull(b), out}));
    });
  });
  return y;
}

}  // namespace tslm
