// Root mean square normalisation over the last dimension (Zhang & Sennrich 2019), everything float32 or bfloat16:
//
//     x̂ = x r,   r = 1/√(mean x² + ε),   y = γ x̂
//     dx = r (h − x̂ mean(h x̂)) with h = γ dy,   dγ = Σ_rows dy x̂
//
// Llama rounds x̂ to the element type of x before it is scaled. With `offset` (Gemma) γ is the weight plus one and only
// the result is rounded. Gradients pass through the rounding. `rms_norm_residual` returns x as well: the gradient of a
// residual connection is added where dx is written.
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

template <class T>
TSLM_INLINE float rounded(float value) {
  T element;
  store(&element, value);
  return load(&element);
}

// Returns r.
template <class T, class Y>
TSLM_INLINE float forwardOf(const T* __restrict x, const float* __restrict scale, bool offset, float eps,
                            Y* __restrict y, int64_t dim) {
  float squares = 0;
#pragma omp simd reduction(+ : squares)
  for (int64_t j = 0; j < dim; j++) squares += load(x + j) * load(x + j);
  const float r = 1.0f / std::sqrt(squares / static_cast<float>(dim) + eps);
  if (offset) {
    for (int64_t j = 0; j < dim; j++) store(y + j, load(x + j) * r * scale[j]);
  } else {
    for (int64_t j = 0; j < dim; j++) store(y + j, rounded<T>(load(x + j) * r) * scale[j]);
  }
  return r;
}

// `residual`: a gradient that dx starts from, or null.
template <class T, class Y>
TSLM_INLINE void backwardOf(const Y* __restrict dy, const T* __restrict x, const float* __restrict scale, float r,
                            const T* __restrict residual, T* __restrict dx, float* __restrict dweight, int64_t dim) {
  float product = 0;
#pragma omp simd reduction(+ : product)
  for (int64_t j = 0; j < dim; j++) product += scale[j] * load(dy + j) * (load(x + j) * r);
  const float mean = product / static_cast<float>(dim);
  for (int64_t j = 0; j < dim; j++) {
    const float gradient = load(dy + j);
    const float normal = load(x + j) * r;
    const float slope = r * (scale[j] * gradient - normal * mean);
    store(dx + j, residual ? load(residual + j) + slope : slope);
    dweight[j] += gradient * normal;
  }
}

#define TSLM_RMS_NORM_ROW(T, Y)                                                                                       \
  TSLM_CLONES float forwardRow(const T* x, const float* scale, bool offset, float eps, Y* y, int64_t n) {             \
    return forwardOf(x, scale, offset, eps, y, n);                                                                    \
  }                                                                                                                   \
  TSLM_CLONES void backwardRow(const Y* dy, const T* x, const float* scale, float r, const T* residual, T* dx,        \
                               float* dweight, int64_t n) {                                                           \
    backwardOf(dy, x, scale, r, residual, dx, dweight, n);                                                            \
  }
TSLM_RMS_NORM_ROW(float, float)
TSLM_RMS_NORM_ROW(float, bfloat16)
TSLM_RMS_NORM_ROW(bfloat16, float)
TSLM_RMS_NORM_ROW(bfloat16, bfloat16)
#undef TSLM_RMS_NORM_ROW

at::Tensor scaleOf(const at::Tensor& weight, bool offset) {
  const at::Tensor wide = widened(weight);
  return offset ? wide.add(1) : wide;
}

struct RmsNormResult {
  at::Tensor y, r;  // r: float32 [rows]
};

RmsNormResult forwardOf(const char* kernel, const at::Tensor& x, const at::Tensor& weight, double eps, bool offset,
                        c10::ScalarType type) {
  TORCH_CHECK(x.dim() >= 1 && weight.dim() == 1 && x.size(-1) == weight.size(0), kernel,
              " takes x [..., dim] and weight [dim], not ", x.sizes(), " and ", weight.sizes());
  checkParameter(kernel, weight);
  const int64_t dim = x.size(-1), rows = rowsOf(x);
  const at::Tensor scale = scaleOf(weight, offset);
  // A product of two bfloat16 is one, whatever type is asked for.
  const bool narrow = !offset && x.scalar_type() == at::kBFloat16 && weight.scalar_type() == at::kBFloat16;
  const auto computed = narrow ? at::kBFloat16 : type;
  RmsNormResult result{at::empty_like(x, x.options().dtype(computed)), at::empty({rows}, scale.options())};
  withTypes(kernel, x.scalar_type(), computed, [&](auto tx, auto ty) {
    using T = decltype(tx);
    using Y = decltype(ty);
    forRows(rows, dim, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        elements<float>(result.r)[i] = forwardRow(elements<T>(x) + i * dim, elements<float>(scale), offset,
                                                  static_cast<float>(eps), elements<Y>(result.y) + i * dim, dim);
      }
    });
  });
  result.y = result.y.to(type);
  return result;
}

// `residual` undefined: there is none.
variable_list backwardOf(const char* kernel, const at::Tensor& dy, const at::Tensor& residual, const at::Tensor& x,
                         const at::Tensor& weight, const at::Tensor& r, bool offset) {
  const int64_t dim = x.size(-1);
  const at::Tensor scale = scaleOf(weight, offset);
  at::Tensor dx = at::empty_like(x);
  std::vector<float> sums;
  withTypes(kernel, x.scalar_type(), dy.scalar_type(), [&](auto tx, auto ty) {
    using T = decltype(tx);
    using Y = decltype(ty);
    sums = sumOverRows(rowsOf(x), dim, [&](int64_t i, float* share) {
      backwardRow(elements<Y>(dy) + i * dim, elements<T>(x) + i * dim, elements<float>(scale), elements<float>(r)[i],
                  residual.defined() ? elements<T>(residual) + i * dim : nullptr, elements<T>(dx) + i * dim, share,
                  dim);
    });
  });
  return {dx, gradientFrom(sums.data(), weight), {}, {}, {}};
}

at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps, bool offset, c10::ScalarType type) {
  return forwardOf("rms_norm", x.contiguous(), weight, eps, offset, type).y;
}

std::tuple<at::Tensor, at::Tensor> rmsNormResidual(const at::Tensor& x, const at::Tensor& weight, double eps,
                                                   bool offset, c10::ScalarType type) {
  return {x, forwardOf("rms_norm_residual", x.contiguous(), weight, eps, offset, type).y};
}

struct RmsNorm : torch::autograd::Function<RmsNorm> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, double eps,
                            bool offset, c10::ScalarType type) {
    const at::Tensor x = input.contiguous();
    const RmsNormResult result = forwardOf("rms_norm", x, weight, eps, offset, type);
    context->save_for_backward({x, weight, result.r});
    context->saved_data["offset"] = offset;
    return result.y;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("rms_norm");
    const auto saved = context->get_saved_variables();
    return backwardOf("rms_norm", gradients[0].contiguous(), {}, saved[0], saved[1], saved[2],
                      context->saved_data["offset"].toBool());
  }
};

// An input that is returned becomes a view whose gradient arrives here.
struct RmsNormResidual : torch::autograd::Function<RmsNormResidual> {
  static variable_list forward(AutogradContext* context, const at::Tensor& input, const at::Tensor& weight, double eps,
                               bool offset, c10::ScalarType type) {
    const at::Tensor x = input.contiguous();
    const RmsNormResult result = forwardOf("rms_norm_residual", x, weight, eps, offset, type);
    context->save_for_backward({x, weight, result.r});
    context->saved_data["offset"] = offset;
    context->set_materialize_grads(false);
    return {input, result.y};
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("rms_norm_residual");
    const at::Tensor &residual = gradients[0], &dy = gradients[1];
    if (!dy.defined()) return {residual, {}, {}, {}, {}};
    const auto saved = context->get_saved_variables();
    return backwardOf("rms_norm_residual", dy.contiguous(), residual.defined() ? residual.contiguous() : residual,
                      saved[0], saved[1], saved[2], context->saved_data["offset"].toBool());
  }
};

at::Tensor rmsNormAutograd(const at::Tensor& x, const at::Tensor& weight, double eps, bool offset,
                           c10::ScalarType type) {
  return RmsNorm::apply(x, weight, eps, offset, type);
}

std::tuple<at::Tensor, at::Tensor> rmsNormResidualAutograd(const at::Tensor& x, const at::Tensor& weight, double eps,
                                                           bool offset, c10::ScalarType type) {
  const variable_list outputs = RmsNormResidual::apply(x, weight, eps, offset, type);
  return {outputs[0], outputs[1]};
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def("rms_norm(Tensor input, Tensor weight, float eps, bool offset, ScalarType dtype) -> Tensor");
  m.def(
      "rms_norm_residual(Tensor(a) input, Tensor weight, float eps, bool offset, ScalarType dtype) "
      "-> (Tensor(a), Tensor)");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) {
  m.impl("rms_norm", TORCH_FN(rmsNorm));
  m.impl("rms_norm_residual", TORCH_FN(rmsNormResidual));
}
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) {
  m.impl("rms_norm", TORCH_FN(rmsNormAutograd));
  m.impl("rms_norm_residual", TORCH_FN(rmsNormResidualAutograd));
}

}  // namespace tslm
