// Layer normalisation over the last dimension (Ba et al. 2016), everything float32 or bfloat16. The result comes in the
// element type that the next operator takes, and so does its gradient, which saves both casts:
//
//     x̂ = (x − mean x) r,   r = 1/√(var x + ε),   y = γ x̂ + β
//     dx = r (h − mean h − x̂ mean(h x̂)) with h = γ dy,   dγ = Σ_rows dy x̂,   dβ = Σ_rows dy
//
// `layer_norm_residual` returns x as well: the gradient of a residual connection is added where dx is written.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <cmath>
#include <tuple>

#include "norm.h"

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

// `residual`: a gradient that dx starts from, or null.
template <class T, class Y>
TSLM_INLINE void backwardOf(const Y* __restrict dy, const T* __restrict x, const float* __restrict weight,
                            Moments moments, const T* __restrict residual, T* __restrict dx, float* __restrict dweight,
                            float* __restrict dbias, int64_t dim) {
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
    const float slope = rstd * (weight[j] * gradient - meanH - normal * meanProduct);
    store(dx + j, residual ? load(residual + j) + slope : slope);
    dweight[j] += gradient * normal;
    dbias[j] += gradient;
  }
}

#define TSLM_LAYER_NORM_ROW(T, Y)                                                                                     \
  TSLM_CLONES Moments forwardRow(const T* x, const float* weight, const float* bias, float eps, Y* y, int64_t n) {    \
    return forwardOf(x, weight, bias, eps, y, n);                                                                     \
  }                                                                                                                   \
  TSLM_CLONES void backwardRow(const Y* dy, const T* x, const float* weight, Moments moments, const T* residual,      \
                               T* dx, float* dweight, float* dbias, int64_t n) {                                      \
    backwardOf(dy, x, weight, moments, residual, dx, dweight, dbias, n);                                              \
  }
TSLM_LAYER_NORM_ROW(float, float)
TSLM_LAYER_NORM_ROW(float, bfloat16)
TSLM_LAYER_NORM_ROW(bfloat16, float)
TSLM_LAYER_NORM_ROW(bfloat16, bfloat16)
#undef TSLM_LAYER_NORM_ROW

struct LayerNormResult {
  at::Tensor y, moments;  // moments: float32 [rows, 2]
};

LayerNormResult forwardOf(const char* kernel, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          double eps, c10::ScalarType type) {
  TORCH_CHECK(x.dim() >= 1 && weight.dim() == 1 && weight.sizes() == bias.sizes() && x.size(-1) == weight.size(0),
              kernel, " takes x [..., dim], weight and bias [dim], not ", x.sizes(), ", ", weight.sizes(), " and ",
              bias.sizes());
  checkParameter(kernel, weight);
  checkParameter(kernel, bias);
  const int64_t dim = x.size(-1), rows = rowsOf(x);
  const at::Tensor gamma = widened(weight), beta = widened(bias);
  LayerNormResult result{at::empty_like(x, x.options().dtype(type)), at::empty({rows, 2}, gamma.options())};
  auto* moments = elements<Moments>(result.moments);
  withTypes(kernel, x.scalar_type(), type, [&](auto tx, auto ty) {
    using T = decltype(tx);
    using Y = decltype(ty);
    forRows(rows, dim, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        moments[i] = forwardRow(elements<T>(x) + i * dim, elements<float>(gamma), elements<float>(beta),
                                static_cast<float>(eps), elements<Y>(result.y) + i * dim, dim);
      }
    });
  });
  return result;
}

// `residual` undefined: there is none.
variable_list backwardOf(const char* kernel, const at::Tensor& dy, const at::Tensor& residual, const at::Tensor& x,
                         const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& momentsOfRows) {
  const int64_t dim = x.size(-1);
  const at::Tensor gamma = widened(weight);
  at::Tensor dx = at::empty_like(x);
  const auto* moments = elements<Moments>(momentsOfRows);
  std::vector<float> sums;
  withTypes(kernel, x.scalar_type(), dy.scalar_type(), [&](auto tx, auto ty) {
    using T = decltype(tx);
    using Y = decltype(ty);
    sums = sumOverRows(rowsOf(x), 2 * dim, [&](int64_t i, float* share) {
      backwardRow(elements<Y>(dy) + i * dim, elements<T>(x) + i * dim, elements<float>(gamma), moments[i],
                  residual.defined() ? elements<T>(residual) + i * dim : nullptr, elements<T>(dx) + i * dim, share,
                  share + dim, dim);
    });
  });
  return {dx, gradientFrom(sums.data(), weight), gradientFrom(sums.data() + dim, bias), {}, {}};
}

at::Tensor layerNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps,
                     c10::ScalarType type) {
  return forwardOf("layer_norm", x.contiguous(), weight, bias, eps, type).y;
}

std::tuple<at::Tensor, at::Tensor> layerNormResidual(const at::Tensor& x, const at::Tensor& weight,
                                                     const at::Tensor& bias, double eps, c10::ScalarType type) {
  return {x, forwardOf("layer_norm_residual", x.contiguous(), weight, bias, eps, type).y};
}

struct LayerNorm : torch::autograd::Function<LayerNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                            const at::Tensor& bias, double eps, c10::ScalarType type) {
    const at::Tensor x = input.contiguous();
    const LayerNormResult result = forwardOf("layer_norm", x, weight, bias, eps, type);
    context->save_for_backward({x, weight, bias, result.moments});
    return result.y;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("layer_norm");
    const auto saved = context->get_saved_variables();
    return backwardOf("layer_norm", gradients[0].contiguous(), {}, saved[0], saved[1], saved[2], saved[3]);
  }
};

// An input that is returned becomes a view whose gradient arrives here.
struct LayerNormResidual : torch::autograd::Function<LayerNormResidual> {
  static variable_list forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight,
                               const at::Tensor& bias, double eps, c10::ScalarType type) {
    const at::Tensor x = input.contiguous();
    const LayerNormResult result = forwardOf("layer_norm_residual", x, weight, bias, eps, type);
    context->save_for_backward({x, weight, bias, result.moments});
    context->set_materialize_grads(false);
    return {input, result.y};
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("layer_norm_residual");
    const at::Tensor &residual = gradients[0], &dy = gradients[1];
    if (!dy.defined()) return {residual, {}, {}, {}, {}};
    const auto saved = context->get_saved_variables();
    return backwardOf("layer_norm_residual", dy.contiguous(), residual.defined() ? residual.contiguous() : residual,
                      saved[0], saved[1], saved[2], saved[3]);
  }
};

at::Tensor layerNormAutograd(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps,
                             c10::ScalarType type) {
  return LayerNorm::apply(x, weight, bias, eps, type);
}

std::tuple<at::Tensor, at::Tensor> layerNormResidualAutograd(const at::Tensor& x, const at::Tensor& weight,
                                                             const at::Tensor& bias, double eps,
                                                             c10::ScalarType type) {
  const variable_list outputs = LayerNormResidual::apply(x, weight, bias, eps, type);
  return {outputs[0], outputs[1]};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def("layer_norm(Tensor input, Tensor weight, Tensor bias, float eps, ScalarType dtype) -> Tensor");
  m.def(
      "layer_norm_residual(Tensor(a) input, Tensor weight, Tensor bias, float eps, ScalarType dtype) "
      "-> (Tensor(a), Tensor)");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) {
  m.impl("layer_norm", TORCH_FN(layerNorm));
  m.impl("layer_norm_residual", TORCH_FN(layerNormResidual));
}
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) {
  m.impl("layer_norm", TORCH_FN(layerNormAutograd));
  m.impl("layer_norm_residual", TORCH_FN(layerNormResidualAutograd));
}

}  // namespace tslm
