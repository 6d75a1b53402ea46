// Layer normalisation over the last dimension (Ba et al. 2016), x float32 or bfloat16, weight and bias float32. The
// result comes in the element type that the next operator takes, and so does its gradient, which saves both casts:
//
//     x̂ = (x − mean x) r,   r = 1/√(var x + ε),   y = γ x̂ + β
//     dx = r (h − mean h − x̂ mean(h x̂)) with h = γ dy,   dγ = Σ_rows dy x̂,   dβ = Σ_rows dy
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tensor.h"

namespace tslm {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Mean and 1/√(var + ε) of one row.
struct Moments {
  float mean, rstd;
};

template <class T, class Y>
TSLM_INLINE Moments forwardOf(const T* __restrict x, const float* __restrict weight, const float* __restrict bias,
                              float eps, Y* __restrict y, int64_t dim) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t j = 0; j < dim; j++) sum += load(x + j);
  const float mean = sum / static_cast<float>(dim);
  float squares = 0;
#pragma omp simd reduction(+ : squares)
  for (int64_t j = 0; j < dim; j++) squares += (load(x + j) - mean) * (load(x + j) - mean);
  const float rstd = 1.0f / std::sqrt(squares / static_cast<float>(dim) + eps);
  for (int64_t j = 0; j < dim; j++) store(y + j, weight[j] * ((load(x + j) - mean) * rstd) + bias[j]);
  return {mean, rstd};
}

template <class T, class Y>
TSLM_INLINE void backwardOf(const Y* __restrict dy, const T* __restrict x, const float* __restrict weight,
                            Moments moments, T* __restrict dx, float* __restrict dweight, float* __restrict dbias,
                            int64_t dim) {
  const auto [mean, rstd] = moments;
  float sum = 0, product = 0;
#pragma omp simd reduction(+ : sum, product)
  for (int64_t j = 0; j < dim; j++) {
    const float h = weight[j] * load(dy + j);
    sum += h;
    product += h * (load(x + j) - mean);
  }
  const float meanH = sum / static_cast<float>(dim);
  const float meanProduct = product * rstd / static_cast<float>(dim);
  for (int64_t j = 0; j < dim; j++) {
    const float gradient = load(dy + j);
    const float normal = (load(x + j) - mean) * rstd;
    store(dx + j, rstd * (weight[j] * gradient - meanH - normal * meanProduct));
    dweight[j] += gradient * normal;
    dbias[j] += gradient;
  }
}

#define TSLM_LAYER_NORM_ROW(T, Y)                                                                                     \
  TSLM_CLONES Moments forwardRow(const T* x, const float* weight, const float* bias, float eps, Y* y, int64_t n) {    \
    return forwardOf(x, weight, bias, eps, y, n);                                                                     \
  }                                                                                                                   \
  TSLM_CLONES void backwardRow(const Y* dy, const T* x, const float* weight, Moments moments, T* dx, float* dweight,  \
                               float* dbias, int64_t n) {                                                             \
    backwardOf(dy, x, weight, moments, dx, dweight, dbias, n);                                                        \
  }
TSLM_LAYER_NORM_ROW(float, float)
TSLM_LAYER_NORM_ROW(float, bfloat16)
TSLM_LAYER_NORM_ROW(bfloat16, float)
TSLM_LAYER_NORM_ROW(bfloat16, bfloat16)
#undef TSLM_LAYER_NORM_ROW

// Calls `body` with zeros of the element types of input and result.
template <class Body>
void withTypes(c10::ScalarType input, c10::ScalarType result, Body body) {
  withElementType("layer_norm", input, [&](auto x) {
    withElementType("layer_norm", result, [&](auto y) { body(x, y); });
  });
}

struct Result {
  at::Tensor y, moments;  // moments: float32 [rows, 2]
};

Result forwardOf(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps,
                 c10::ScalarType type) {
  const int64_t dim = x.size(-1), rows = dim == 0 ? 0 : x.numel() / dim;
  Result result{at::empty_like(x, x.options().dtype(type)), at::empty({rows, 2}, weight.options())};
  auto* moments = elements<Moments>(result.moments);
  withTypes(x.scalar_type(), type, [&](auto tx, auto ty) {
    using T = decltype(tx);
    using Y = decltype(ty);
    forRows(rows, dim, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        moments[i] = forwardRow(elements<T>(x) + i * dim, elements<float>(weight), elements<float>(bias),
                                static_cast<float>(eps), elements<Y>(result.y) + i * dim, dim);
      }
    });
  });
  return result;
}

// Rows whose shares of dγ and dβ are summed on their own; a fixed number, so that the sums are the same for any number
// of threads.
constexpr int64_t kBlock = 64;

variable_list backwardOf(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight,
                         const at::Tensor& momentsOfRows) {
  const int64_t dim = x.size(-1), rows = momentsOfRows.size(0), blocks = (rows + kBlock - 1) / kBlock;
  at::Tensor dx = at::empty_like(x), dweight = at::empty_like(weight), dbias = at::empty_like(weight);
  const auto* moments = elements<Moments>(momentsOfRows);
  std::vector<float> sums(static_cast<size_t>(std::max<int64_t>(blocks, 1) * 2 * dim));
  withTypes(x.scalar_type(), dy.scalar_type(), [&](auto tx, auto ty) {
    using T = decltype(tx);
    using Y = decltype(ty);
    forRows(blocks, kBlock * dim, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin * kBlock; i < std::min(end * kBlock, rows); i++) {
        float* share = sums.data() + i / kBlock * 2 * dim;
        backwardRow(elements<Y>(dy) + i * dim, elements<T>(x) + i * dim, elements<float>(weight), moments[i],
                    elements<T>(dx) + i * dim, share, share + dim, dim);
      }
    });
  });
  for (int64_t block = 1; block < blocks; block++) {
    for (int64_t j = 0; j < 2 * dim; j++) sums[j] += sums[block * 2 * dim + j];
  }
  std::copy_n(sums.data(), dim, elements<float>(dweight));
  std::copy_n(sums.data() + dim, dim, elements<float>(dbias));
  return {dx, dweight, dbias, {}, {}};
}

void check(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  TORCH_CHECK(x.dim() >= 1 && weight.dim() == 1 && weight.sizes() == bias.sizes() && x.size(-1) == weight.size(0),
              "layer_norm takes x [..., dim], weight and bias [dim], not ", x.sizes(), ", ", weight.sizes(), " and ",
              bias.sizes());
  TORCH_CHECK(weight.scalar_type() == at::kFloat && bias.scalar_type() == at::kFloat,
              "layer_norm takes float32 weight and bias");
}

at::Tensor layerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps,
                     c10::ScalarType type) {
  check(x, weight, bias);
  return forwardOf(x.contiguous(), weight.contiguous(), bias.contiguous(), eps, type).y;
}

struct LayerNorm : torch::autograd::Function<LayerNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            const at::Tensor& bias, double eps, c10::ScalarType type) {
    check(input, weight, bias);
    const at::Tensor x = input.contiguous(), gamma = weight.contiguous();
    const Result result = forwardOf(x, gamma, bias.contiguous(), eps, type);
    context->save_for_backward({x, gamma, result.moments});
    return result.y;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("layer_norm");
    const auto saved = context->get_saved_variables();
    return backwardOf(gradients[0].contiguous(), saved[0], saved[1], saved[2]);
  }
};

at::Tensor layerNormAutograd(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps,
                             c10::ScalarType type) {
  return LayerNorm::apply(x, weight, bias, eps, type);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def("layer_norm(Tensor input, Tensor weight, Tensor bias, float eps, ScalarType dtype) -> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) { m.impl("layer_norm", TORCH_FN(layerNorm)); }
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) { m.impl("layer_norm", TORCH_FN(layerNormAutograd)); }

}  // namespace tslm
