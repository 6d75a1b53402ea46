// GELU by its tanh approximation, the formulas in `activation.h`.
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "activation.h"
#include "tensor.h"

namespace tslm {
namespace {

template <class T>
TSLM_INLINE void forwardOf(const T* __restrict x, T* __restrict y, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    store(y + i, GeluTanh::value(load(x + i)));
  }
}

template <class T>
TSLM_INLINE void backwardOf(const T* __restrict dy, const T* __restrict x, T* __restrict dx, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    store(dx + i, load(dy + i) * GeluTanh::derivative(load(x + i)));
  }
}

TSLM_CLONES void forwardLoop(const float* x, float* y, int64_t n) { forwardOf(x, y, n); }
TSLM_CLONES void forwardLoop(const bfloat16* x, bfloat16* y, int64_t n) { forwardOf(x, y, n); }
TSLM_CLONES void backwardLoop(const float* dy, const float* x, float* dx, int64_t n) { backwardOf(dy, x, dx, n); }
TSLM_CLONES void backwardLoop(const bfloat16* dy, const bfloat16* x, bfloat16* dx, int64_t n) {
  backwardOf(dy, x, dx, n);
}

at::Tensor geluTanh(const at::Tensor& input) {
  const at::Tensor x = input.contiguous();
  at::Tensor y = at::empty_like(x);
  withElementType("gelu_tanh", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    parallelFor(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
      forwardLoop(elements<T>(x) + begin, elements<T>(y) + begin, end - begin);
    });
  });
  return y;
}

at::Tensor geluTanhBackward(const at::Tensor& gradient, const at::Tensor& input) {
  const at::Tensor dy = gradient.contiguous();
  const at::Tensor x = input.contiguous();
  at::Tensor dx = at::empty_like(x);
  withElementType("gelu_tanh", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    parallelFor(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
      backwardLoop(elements<T>(dy) + begin, elements<T>(x) + begin, elements<T>(dx) + begin, end - begin);
    });
  });
  return dx;
}

struct GeluTanh : torch::autograd::Function<GeluTanh> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x) {
    context->save_for_backward({x});
    return geluTanh(x);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    onlyFirstDerivatives("gelu_tanh");
    return {geluTanhBackward(gradients[0], context->get_saved_variables()[0])};
  }
};

at::Tensor geluTanhAutograd(const at::Tensor& x) { return GeluTanh::apply(x); }

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) { m.def("gelu_tanh(Tensor self) -> Tensor"); }
TORCH_LIBRARY_IMPL(tslm, CPU, m) { m.impl("gelu_tanh", TORCH_FN(geluTanh)); }
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) { m.impl("gelu_tanh", TORCH_FN(geluTanhAutograd)); }

}  // namespace tslm
