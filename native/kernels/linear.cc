// A linear map in bfloat16, y = x Wᵀ + b (+ residual), sums in float32: weights may stay in float32 and are rounded as they
// are packed, so no copy of them is kept; bias and residual are added before the one rounding of the result. Gradients:
//
//     dx = dy W,   dW = dyᵀ x,   db = Σ_rows dy,   d residual = dy
#include "linear.h"

#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <vector>

#include "epilogues.h"
#include "pack.h"

namespace tslm {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

template <class T>
void roundRow(const T* row, bfloat16* rounded, float* sums, int64_t count) {
  vectorised([=]() TSLM_INSIDE {
    for (int64_t j = 0; j < count; j++) {
      const float value = load(row + j);
      sums[j] += value;
      if (rounded) store(rounded + j, value);
    }
  });
}

void checkLinear(const at::Tensor& x, const at::Tensor& weight, const Optional<at::Tensor>& bias,
                 const Optional<at::Tensor>& residual, c10::ScalarType type) {
  requireProducts("linear");
  TORCH_CHECK(x.dim() >= 1 && weight.dim() == 2 && x.size(-1) == weight.size(1), "linear takes x [..., in] and weight [out, in], not ",
              x.sizes(), " and ", weight.sizes());
  TORCH_CHECK(!bias || !bias->defined() || (bias->dim() == 1 && bias->size(0) == weight.size(0)),
              "linear takes a bias of ", weight.size(0), " elements");
  TORCH_CHECK(x.scalar_type() == at::kBFloat16, "linear takes bfloat16, not ", x.scalar_type());
  TORCH_CHECK(type == at::kFloat || type == at::kBFloat16, "linear gives float32 or bfloat16, not ", type);
  if (!residual || !residual->defined()) return;
  TORCH_CHECK(residual->scalar_type() == at::kFloat && type == at::kFloat, "linear adds a float32 residual to a float32 result");
  TORCH_CHECK(residual->sizes() == c10::IntArrayRef(resized(x, weight.size(0))), "linear takes a residual of the result's shape, not ",
              residual->sizes());
}

struct Linear : torch::autograd::Function<Linear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const Optional<at::Tensor>& bias, const Optional<at::Tensor>& residual,
                            c10::ScalarType type) {
    context->save_for_backward({x, weight});
    context->saved_data["bias"] = bias && bias->defined() ? c10::IValue(static_cast<int64_t>(bias->scalar_type())) : c10::IValue();
    context->saved_data["residual"] = residual && residual->defined();
    return linearForward(x, weight, bias, residual, type);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("linear");
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor& dy = gradients[0];
    const auto [rounded, sums] = roundedWithSums(asRows(dy));
    const int64_t rows = rounded.size(0), out = weight.size(0), in = weight.size(1);
    at::Tensor dx, dw, db;
    if (context->needs_input_grad(0)) {
      dx = at::empty_like(x, x.options(), at::MemoryFormat::Contiguous);
      productInto(dx.view({rows, in}), matrixOf(rounded), matrixOf(weight), out);
    }
    if (context->needs_input_grad(1)) {
      dw = at::empty({out, in}, weight.options());
      productInto(dw, matrixOf(rounded).transposed(), matrixOf(asRows(x)), rows);
    }
    const c10::IValue biasType = context->saved_data["bias"];
    if (!biasType.isNone()) db = sums.to(static_cast<c10::ScalarType>(biasType.toInt()));
    return {dx, dw, db, context->saved_data["residual"].toBool() ? dy : at::Tensor(), {}};
  }
};

at::Tensor linearAutograd(const at::Tensor& x, const at::Tensor& weight, const Optional<at::Tensor>& bias,
                          const Optional<at::Tensor>& residual, c10::ScalarType type) {
  return Linear::apply(x, weight, bias, residual, type);
}

// One row of weights with each row of x; in float32 they are rounded first.
template <class W>
void dotsAnywhere(int64_t rows, const W* w, const bfloat16* x, int64_t k, int64_t stride, float* out, int64_t outStride) {
  vectorised([=]() TSLM_INSIDE {
    for (int64_t r = 0; r < rows; r++) {
      const bfloat16* own = x + r * stride;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t j = 0; j < k; j++) {
        bfloat16 rounded;
        store(&rounded, load(w + j));
        sum += load(&rounded) * load(own + j);
      }
      out[r * outStride] = sum;
    }
  });
}

#if defined(__x86_64__)
// One row of bfloat16 weights with each row of x, 32 products at a time.
template <int kRows>
TSLM_AVX512 inline void dots(const bfloat16* w, const bfloat16* x, int64_t k, int64_t stride, float* out, int64_t outStride) {
  __m512 sums[kRows][2];
  for (int r = 0; r < kRows; r++) sums[r][0] = sums[r][1] = _mm512_setzero_ps();
  int64_t j = 0;
  for (; j + 64 <= k; j += 64) {
    const auto first = (__m512bh)_mm512_loadu_si512(w + j), second = (__m512bh)_mm512_loadu_si512(w + j + 32);
    for (int r = 0; r < kRows; r++) {
      sums[r][0] = _mm512_dpbf16_ps(sums[r][0], first, (__m512bh)_mm512_loadu_si512(x + r * stride + j));
      sums[r][1] = _mm512_dpbf16_ps(sums[r][1], second, (__m512bh)_mm512_loadu_si512(x + r * stride + j + 32));
    }
  }
  for (; j < k; j += 32) {
    const auto rest = (__m512bh)loadLine(w + j, k - j);
    for (int r = 0; r < kRows; r++) {
      sums[r][0] = _mm512_dpbf16_ps(sums[r][0], rest, (__m512bh)loadLine(x + r * stride + j, k - j));
    }
  }
  for (int r = 0; r < kRows; r++) out[r * outStride] = _mm512_reduce_add_ps(_mm512_add_ps(sums[r][0], sums[r][1]));
}

// The same with float32 weights, which are rounded first.
template <int kRows>
TSLM_AVX512 inline void dots(const float* w, const bfloat16* x, int64_t k, int64_t stride, float* out, int64_t outStride) {
  __m512 sums[kRows];
  for (int r = 0; r < kRows; r++) sums[r] = _mm512_setzero_ps();
  for (int64_t j = 0; j < k; j += 32) {
    const auto weights = (__m512bh)loadLine(w + j, k - j);
    for (int r = 0; r < kRows; r++) {
      sums[r] = _mm512_dpbf16_ps(sums[r], weights, (__m512bh)loadLine(x + r * stride + j, k - j));
    }
  }
  for (int r = 0; r < kRows; r++) out[r * outStride] = _mm512_reduce_add_ps(sums[r]);
}

template <class W>
TSLM_AVX512 void dotsAvx512(int64_t rows, const W* w, const bfloat16* x, int64_t k, int64_t stride, float* out, int64_t outStride) {
  switch (rows) {
    case 1: return dots<1>(w, x, k, stride, out, outStride);
    case 2: return dots<2>(w, x, k, stride, out, outStride);
    case 3: return dots<3>(w, x, k, stride, out, outStride);
    case 4: return dots<4>(w, x, k, stride, out, outStride);
    case 5: return dots<5>(w, x, k, stride, out, outStride);
    case 6: return dots<6>(w, x, k, stride, out, outStride);
    case 7: return dots<7>(w, x, k, stride, out, outStride);
    default: return dots<8>(w, x, k, stride, out, outStride);
  }
}

#endif

template <class W>
void dotsOf(int64_t rows, const W* w, const bfloat16* x, int64_t k, int64_t stride, float* out, int64_t outStride) {
#if defined(__x86_64__)
  if (isa() >= Isa::kAvx512Bf16) return dotsAvx512(rows, w, x, k, stride, out, outStride);
#endif
  dotsAnywhere(rows, w, x, k, stride, out, outStride);
}

template <class W, class T>
void fewRowsOf(const at::Tensor& out, const at::Tensor& x, const at::Tensor& weight, Added added) {
  const int64_t rows = x.size(0), k = x.size(1), n = weight.size(0), stride = weight.stride(0);
  const W* w = elements<W>(weight);
  T* y = elements<T>(out);
  constexpr int64_t kColumns = 64;  // of the result at a time
  parallelFor(0, blocksOf(n, kColumns), blocksOf(kGrain, kColumns * (k > 0 ? k : 1)), [&](int64_t begin, int64_t end) {
    float sums[kFewRows * kColumns];
    for (int64_t block = begin; block < end; block++) {
      const int64_t first = block * kColumns, count = std::min(kColumns, n - first);
      for (int64_t j = 0; j < count; j++) {
        dotsOf(rows, w + (first + j) * stride, elements<bfloat16>(x), k, k, sums + j, kColumns);
      }
      for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < count; j++) {
          const int64_t place = i * n + first + j;
          store(y + place, sums[i * kColumns + j] + (added.bias ? added.bias[first + j] : 0.0f) +
                             (added.residual ? added.residual[place] : 0.0f));
        }
      }
    }
  });
}

}  // namespace

void fewRowsInto(const at::Tensor& out, const at::Tensor& x, const at::Tensor& weight, Added added) {
  withElementType("linear", out.scalar_type(), [&](auto result) {
    withElementType("linear", weight.scalar_type(), [&](auto w) {
      fewRowsOf<decltype(w), decltype(result)>(out, x, weight, added);
    });
  });
}

at::Tensor linearForward(const at::Tensor& x, const at::Tensor& weight, const Optional<at::Tensor>& bias,
                     const Optional<at::Tensor>& residual, c10::ScalarType type) {
  checkLinear(x, weight, bias, residual, type);
  const at::Tensor rows = asRows(x);
  const int64_t m = rows.size(0), k = weight.size(1), n = weight.size(0);
  at::Tensor y = at::empty(resized(x, n), x.options().dtype(type));
  const at::Tensor b = floatBias(bias), r = residual && residual->defined() ? residual->contiguous() : at::Tensor();
  const Added added{dataOrNull(b), dataOrNull(r)};
  if (m > 0 && m <= kFewRows && weight.stride(1) == 1) fewRowsInto(y.view({m, n}), rows, weight, added);
  else productInto(y.view({m, n}), matrixOf(rows), matrixOf(weight).transposed(), k, added);
  return y;
}

void productInto(const at::Tensor& out, const Matrix& a, const Matrix& b, int64_t k, Added added) {
  withElementType("product", out.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    multiply(a, b, out.size(0), out.size(1), k, rowByRow(StoreSums<T>{elements<T>(out), out.stride(0), added}));
  });
}

// Stretches of rows are summed by themselves and then in order: the same for any number of threads.
RoundedWithSums roundedWithSums(const at::Tensor& gradient) {
  constexpr int64_t kStretch = 64;
  const int64_t rows = gradient.size(0), columns = gradient.size(1), stretches = std::max<int64_t>(1, blocksOf(rows, kStretch));
  const bool isRounded = gradient.scalar_type() == at::kBFloat16;
  const at::Tensor rounded = isRounded ? gradient : at::empty_like(gradient, gradient.options().dtype(at::kBFloat16));
  at::Tensor sums = at::empty({columns}, gradient.options().dtype(at::kFloat));
  std::vector<float> parts(static_cast<size_t>(stretches * columns));
  withElementType("linear", gradient.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    forRows(stretches, kStretch * columns, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * kStretch; i < std::min(end * kStretch, rows); i++) {
        bfloat16* out = isRounded ? nullptr : elements<bfloat16>(rounded) + i * columns;
        roundRow(elements<T>(gradient) + i * columns, out, parts.data() + i / kStretch * columns, columns);
      }
    });
  });
  for (int64_t stretch = 1; stretch < stretches; stretch++) {
    for (int64_t j = 0; j < columns; j++) parts[j] += parts[stretch * columns + j];
  }
  std::copy_n(parts.data(), columns, elements<float>(sums));
  return {rounded, sums};
}

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def("linear(Tensor input, Tensor weight, Tensor? bias, Tensor? residual, ScalarType dtype) -> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) { m.impl("linear", TORCH_FN(linearForward)); }
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) { m.impl("linear", TORCH_FN(linearAutograd)); }

}  // namespace tslm
