// Rotary position embedding (Su et al. 2021) of x [batch, heads, time, headDim]: the pairs (i, i + dim/2) of the first
// `dim` elements of each head are turned, the rest stays as it is. The arithmetic is float32:
//
//     y_i = x_i cos_i − x_j sin_i,   y_j = x_j cos_j + x_i sin_j   with j = i + dim/2
//
// The gradient turns back. Strides may be any (heads are mostly a view of [batch, time, heads, headDim]), and the result
// and the gradient are laid out as x.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/empty_strided.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "tensor.h"

// Products are rounded before they are added, as the composition of operators does it: float32 results agree to the bit.
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

namespace tslm {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// `sign` −1 turns back; the sines of both halves then change places, which matters where they differ.
template <class T>
TSLM_INLINE void rotateOf(const T* __restrict x, const float* __restrict cos, const float* __restrict sin, float sign,
                          T* __restrict y, int64_t half) {
  const float* sinLow = sign < 0 ? sin + half : sin;
  const float* sinHigh = sign < 0 ? sin : sin + half;
  for (int64_t i = 0; i < half; i++) {
    const float low = load(x + i), high = load(x + half + i);
    store(y + i, low * cos[i] - high * (sign * sinLow[i]));
    store(y + half + i, high * cos[half + i] + low * (sign * sinHigh[i]));
  }
}

TSLM_CLONES void rotateRow(const float* x, const float* cos, const float* sin, float sign, float* y, int64_t half) {
  rotateOf(x, cos, sin, sign, y, half);
}
TSLM_CLONES void rotateRow(const bfloat16* x, const float* cos, const float* sin, float sign, bfloat16* y,
                           int64_t half) {
  rotateOf(x, cos, sin, sign, y, half);
}

bool hasContiguousRows(const at::Tensor& x) { return x.size(-1) <= 1 || x.stride(-1) == 1; }
at::Tensor withContiguousRows(const at::Tensor& x) { return hasContiguousRows(x) ? x : x.contiguous(); }

void checkRotary(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  TORCH_CHECK(x.dim() == 4 && cos.dim() == 4 && cos.sizes() == sin.sizes() &&
                  (cos.size(0) == 1 || cos.size(0) == x.size(0)) && cos.size(1) == 1 && cos.size(2) == x.size(2) &&
                  cos.size(3) <= x.size(3) && cos.size(3) % 2 == 0,
              "rotate takes x [batch, heads, time, headDim], cos and sin [1 or batch, 1, time, even dim], not ",
              x.sizes(), ", ", cos.sizes(), " and ", sin.sizes());
  TORCH_CHECK(cos.scalar_type() == at::kFloat && sin.scalar_type() == at::kFloat, "rotate takes float32 cos and sin");
}

// A dense tensor whose dimensions lie in memory in the order of those of x, with contiguous rows.
at::Tensor emptyLike(const at::Tensor& x) {
  const at::Tensor y = at::empty_like(x);
  return hasContiguousRows(y) ? y : at::empty(x.sizes(), x.options());
}

void rotateInto(const at::Tensor& y, const at::Tensor& input, const at::Tensor& cosines, const at::Tensor& sines,
                float sign) {
  const at::Tensor x = withContiguousRows(input), cos = cosines.contiguous(), sin = sines.contiguous();
  const int64_t heads = x.size(1), time = x.size(2), headDim = x.size(3), dim = cos.size(3);
  const int64_t anglesOfBatch = cos.size(0) == 1 ? 0 : time * dim;
  // Rows are walked in the order in which they lie in the result.
  const bool headsInside = y.stride(1) < y.stride(2);
  const int64_t inside = headsInside ? heads : time;
  withElementType("rotate", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    forRows(x.size(0) * heads * time, headDim, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const int64_t batch = i / (heads * time), outer = i / inside % (heads * time / inside), inner = i % inside;
        const int64_t head = headsInside ? inner : outer, at = headsInside ? outer : inner;
        const T* from = elements<T>(x) + batch * x.stride(0) + head * x.stride(1) + at * x.stride(2);
        T* to = elements<T>(y) + batch * y.stride(0) + head * y.stride(1) + at * y.stride(2);
        const int64_t angles = batch * anglesOfBatch + at * dim;
        rotateRow(from, elements<float>(cos) + angles, elements<float>(sin) + angles, sign, to, dim / 2);
        std::memcpy(to + dim, from + dim, (headDim - dim) * sizeof(T));
      }
    });
  });
}

at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  checkRotary(x, cos, sin);
  const at::Tensor y = emptyLike(x);
  rotateInto(y, x, cos, sin, 1.0f);
  return y;
}

struct Rotate : torch::autograd::Function<Rotate> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& cos,
                            const at::Tensor& sin) {
    const at::Tensor y = rotate(x, cos, sin);
    context->save_for_backward({cos, sin});
    context->saved_data["strides"] = y.strides().vec();
    return y;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("rotate");
    const auto saved = context->get_saved_variables();
    const at::Tensor& dy = gradients[0];
    const at::Tensor dx = at::empty_strided(dy.sizes(), context->saved_data["strides"].toIntVector(), dy.options());
    rotateInto(dx, dy, saved[0], saved[1], -1.0f);
    return {dx, {}, {}};
  }
};

at::Tensor rotateAutograd(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  TORCH_CHECK(!c10::GradMode::is_enabled() || !(cos.requires_grad() || sin.requires_grad()),
              "rotate has no gradients for cos and sin");
  return Rotate::apply(x, cos, sin);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) { m.def("rotate(Tensor x, Tensor cos, Tensor sin) -> Tensor"); }
TORCH_LIBRARY_IMPL(tslm, CPU, m) { m.impl("rotate", TORCH_FN(rotate)); }
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) { m.impl("rotate", TORCH_FN(rotateAutograd)); }

}  // namespace tslm
