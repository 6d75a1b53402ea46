// A position-wise feed-forward network in bfloat16 (Vaswani et al. 2017, 3.3), with a gate or without (Shazeer 2020):
//
//     h = x W₁ᵀ + b₁,  a = f(h)            y = a W₂ᵀ + b₂ (+ residual)
//     h = x W₁ᵀ, g = x W_gᵀ, a = f(g) h
//
// What is kept for the way back are x, h and g; a is computed again in the same pass that makes the gradients of h and
// g from that of a, so that neither needs a pass over memory of its own.
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <string>
#include <vector>

#include "activation.h"
#include "linear.h"

namespace tslm {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Sums of the first product → h, rounded, and a.
template <class F>
struct Activate {
  bfloat16 *h, *a;  // h may be null
  const float* bias;  // of a column, or null
  int64_t stride;

  TSLM_INLINE void row(const float* __restrict sums, int64_t i, int64_t column, int64_t count) const {
    const int64_t place = i * stride + column;
    bfloat16 rounded[kBlock];
    for (int64_t j = 0; j < count; j++) store(rounded + j, sums[j] + (bias ? bias[column + j] : 0.0f));
    if (h) std::memcpy(h + place, rounded, count * sizeof(bfloat16));
    bfloat16* __restrict out = a + place;
    for (int64_t j = 0; j < count; j++) store(out + j, F::value(load(rounded + j)));
  }
};

// Sums of the gradient of a → that of h, and a again.
template <class F>
struct ActivateBackward {
  const bfloat16* h;
  bfloat16 *dh, *a;
  int64_t stride;

  TSLM_INLINE void row(const float* __restrict sums, int64_t i, int64_t column, int64_t count) const {
    const int64_t place = i * stride + column;
    const bfloat16* __restrict x = h + place;
    bfloat16 *__restrict slope = dh + place, *__restrict value = a + place;
    for (int64_t j = 0; j < count; j++) {
      const ValueAndDerivative f = F::both(load(x + j));
      store(slope + j, sums[j] * f.derivative);
      store(value + j, f.value);
    }
  }
};

// Sums of x W₁ᵀ, when the gate is there already → h, and a = f(g) h.
template <class F>
struct Gate {
  const bfloat16* g;
  bfloat16 *h, *a;  // h may be null
  int64_t stride;

  TSLM_INLINE void row(const float* __restrict sums, int64_t i, int64_t column, int64_t count) const {
    const int64_t place = i * stride + column;
    bfloat16 rounded[kBlock];
    for (int64_t j = 0; j < count; j++) store(rounded + j, sums[j]);
    if (h) std::memcpy(h + place, rounded, count * sizeof(bfloat16));
    const bfloat16* __restrict gate = g + place;
    bfloat16* __restrict out = a + place;
    for (int64_t j = 0; j < count; j++) store(out + j, F::value(load(gate + j)) * load(rounded + j));
  }
};

// Sums of the gradient of a → those of g and h, and a again.
template <class F>
struct GateBackward {
  const bfloat16 *g, *h;
  bfloat16 *dg, *dh, *a;
  int64_t stride;

  TSLM_INLINE void row(const float* __restrict sums, int64_t i, int64_t column, int64_t count) const {
    const int64_t place = i * stride + column;
    const bfloat16 *__restrict gate = g + place, *__restrict x = h + place;
    bfloat16 *__restrict gateSlope = dg + place, *__restrict slope = dh + place, *__restrict value = a + place;
    for (int64_t j = 0; j < count; j++) {
      const ValueAndDerivative open = F::both(load(gate + j));
      store(gateSlope + j, sums[j] * load(x + j) * open.derivative);
      store(slope + j, sums[j] * open.value);
      store(value + j, open.value * load(x + j));
    }
  }
};

at::Tensor bfloat16Rows(const at::Tensor& like, int64_t rows, int64_t columns) {
  return at::empty({rows, columns}, like.options().dtype(at::kBFloat16));
}

void checkFeedForward(const at::Tensor& x, const at::Tensor& in, const at::Tensor& out) {
  requireProducts("feed_forward");
  TORCH_CHECK(x.scalar_type() == at::kBFloat16, "feed_forward takes bfloat16, not ", x.scalar_type());
  TORCH_CHECK(x.dim() >= 1 && in.dim() == 2 && out.dim() == 2 && x.size(-1) == in.size(1) && in.size(0) == out.size(1),
              "feed_forward takes x [..., hidden], weights [inside, hidden] and [hidden, inside], not ", x.sizes(), ", ",
              in.sizes(), " and ", out.sizes());
}

// The second product is a linear map like any other, without its own record for the way back.
at::Tensor output(const at::Tensor& a, const at::Tensor& x, const at::Tensor& weight, const Optional<at::Tensor>& bias,
                  const Optional<at::Tensor>& residual, c10::ScalarType type) {
  return linearForward(a.view(resized(x, a.size(1))), weight, bias, residual, type);
}

struct Inside {
  at::Tensor a, h, g;  // [rows, inside]; h and g only when they are kept
};

Inside insideOf(const at::Tensor& rows, const at::Tensor& weight, const Optional<at::Tensor>& bias,
                const std::string& activation, bool keeps) {
  const int64_t m = rows.size(0), n = weight.size(0);
  const at::Tensor a = bfloat16Rows(rows, m, n), h = keeps ? bfloat16Rows(rows, m, n) : at::Tensor();
  const at::Tensor b = floatBias(bias);
  withActivation(activation, [&](auto f) {
    multiply(matrixOf(rows), matrixOf(weight).transposed(), m, n, weight.size(1),
             rowByRow(Activate<decltype(f)>{keeps ? elements<bfloat16>(h) : nullptr, elements<bfloat16>(a), dataOrNull(b), n}));
  });
  return {a, h, {}};
}

Inside gatedInsideOf(const at::Tensor& rows, const at::Tensor& gate, const at::Tensor& weight,
                     const std::string& activation, bool keeps) {
  const int64_t m = rows.size(0), n = weight.size(0);
  const at::Tensor a = bfloat16Rows(rows, m, n), g = bfloat16Rows(rows, m, n);
  const at::Tensor h = keeps ? bfloat16Rows(rows, m, n) : at::Tensor();
  productInto(g, matrixOf(rows), matrixOf(gate).transposed(), gate.size(1));
  withActivation(activation, [&](auto f) {
    multiply(matrixOf(rows), matrixOf(weight).transposed(), m, n, weight.size(1),
             rowByRow(Gate<decltype(f)>{elements<bfloat16>(g), keeps ? elements<bfloat16>(h) : nullptr, elements<bfloat16>(a), n}));
  });
  return {a, h, g};
}

at::Tensor feedForward(const at::Tensor& x, const at::Tensor& in, const Optional<at::Tensor>& inBias,
                       const at::Tensor& out, const Optional<at::Tensor>& outBias, const Optional<at::Tensor>& residual,
                       std::string activation, c10::ScalarType type) {
  checkFeedForward(x, in, out);
  return output(insideOf(asRows(x), in, inBias, activation, false).a, x, out, outBias, residual, type);
}

at::Tensor gatedFeedForward(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& in, const at::Tensor& out,
                            const Optional<at::Tensor>& residual, std::string activation, c10::ScalarType type) {
  checkFeedForward(x, in, out);
  TORCH_CHECK(gate.sizes() == in.sizes(), "gated_feed_forward takes a gate of ", in.sizes(), ", not ", gate.sizes());
  return output(gatedInsideOf(asRows(x), gate, in, activation, false).a, x, out, {}, residual, type);
}

// dW = dyᵀ x for a weight's own element type.
at::Tensor weightGradient(const at::Tensor& dy, const at::Tensor& x, const at::Tensor& weight) {
  at::Tensor dw = at::empty(weight.sizes(), weight.options());
  productInto(dw, matrixOf(dy).transposed(), matrixOf(x), dy.size(0));
  return dw;
}

c10::IValue typeOf(const Optional<at::Tensor>& bias) {
  return bias && bias->defined() ? c10::IValue(static_cast<int64_t>(bias->scalar_type())) : c10::IValue();
}
at::Tensor biasGradient(const at::Tensor& sums, const c10::IValue& type) {
  return type.isNone() ? at::Tensor() : sums.to(static_cast<c10::ScalarType>(type.toInt()));
}

struct FeedForward : torch::autograd::Function<FeedForward> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& in,
                            const Optional<at::Tensor>& inBias, const at::Tensor& out,
                            const Optional<at::Tensor>& outBias, const Optional<at::Tensor>& residual,
                            std::string activation, c10::ScalarType type) {
    checkFeedForward(x, in, out);
    const Inside inside = insideOf(asRows(x), in, inBias, activation, true);
    context->save_for_backward({x, in, out, inside.h});
    context->saved_data["activation"] = activation;
    context->saved_data["inBias"] = typeOf(inBias);
    context->saved_data["outBias"] = typeOf(outBias);
    context->saved_data["residual"] = residual && residual->defined();
    return output(inside.a, x, out, outBias, residual, type);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("feed_forward");
    const auto saved = context->get_saved_variables();
    const at::Tensor x = asRows(saved[0]), &in = saved[1], &out = saved[2], &h = saved[3];
    const int64_t rows = h.size(0), inside = h.size(1), hidden = out.size(0);
    const auto [dy, outSums] = roundedWithSums(asRows(gradients[0]));
    const at::Tensor dh = bfloat16Rows(h, rows, inside);
    at::Tensor a = bfloat16Rows(h, rows, inside);
    withActivation(context->saved_data["activation"].toStringRef(), [&](auto f) {
      multiply(matrixOf(dy), matrixOf(out), rows, inside, hidden,
               rowByRow(ActivateBackward<decltype(f)>{elements<bfloat16>(h), elements<bfloat16>(dh), elements<bfloat16>(a), inside}));
    });
    const c10::IValue inBias = context->saved_data["inBias"];
    // Frozen weights cost no products; a bias that is not there has no edge.
    at::Tensor din, dout;
    if (context->needs_input_grad(inBias.isNone() ? 2 : 3)) dout = weightGradient(dy, a, out);
    a.reset();
    if (context->needs_input_grad(1)) din = weightGradient(dh, x, in);
    const at::Tensor inSums = inBias.isNone() ? at::Tensor() : roundedWithSums(dh).sums;
    at::Tensor dx = at::empty(saved[0].sizes(), saved[0].options());
    productInto(dx.view({rows, in.size(1)}), matrixOf(dh), matrixOf(in), inside);
    return {dx, din, biasGradient(inSums, inBias), dout, biasGradient(outSums, context->saved_data["outBias"]),
            context->saved_data["residual"].toBool() ? gradients[0] : at::Tensor(), {}, {}};
  }
};

struct GatedFeedForward : torch::autograd::Function<GatedFeedForward> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& gate, const at::Tensor& in,
                            const at::Tensor& out, const Optional<at::Tensor>& residual, std::string activation,
                            c10::ScalarType type) {
    checkFeedForward(x, in, out);
    TORCH_CHECK(gate.sizes() == in.sizes(), "gated_feed_forward takes a gate of ", in.sizes(), ", not ", gate.sizes());
    const Inside inside = gatedInsideOf(asRows(x), gate, in, activation, true);
    context->save_for_backward({x, gate, in, out, inside.g, inside.h});
    context->saved_data["activation"] = activation;
    context->saved_data["residual"] = residual && residual->defined();
    return output(inside.a, x, out, {}, residual, type);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("gated_feed_forward");
    const auto saved = context->get_saved_variables();
    const at::Tensor x = asRows(saved[0]), &gate = saved[1], &in = saved[2], &out = saved[3], &g = saved[4], &h = saved[5];
    const int64_t rows = h.size(0), inside = h.size(1), hidden = out.size(0);
    const at::Tensor dy = roundedWithSums(asRows(gradients[0])).rounded;
    const at::Tensor dg = bfloat16Rows(h, rows, inside), dh = bfloat16Rows(h, rows, inside);
    at::Tensor a = bfloat16Rows(h, rows, inside);
    withActivation(context->saved_data["activation"].toStringRef(), [&](auto f) {
      multiply(matrixOf(dy), matrixOf(out), rows, inside, hidden,
               rowByRow(GateBackward<decltype(f)>{elements<bfloat16>(g), elements<bfloat16>(h), elements<bfloat16>(dg),
                                         elements<bfloat16>(dh), elements<bfloat16>(a), inside}));
    });
    at::Tensor dgate, din, dout;
    if (context->needs_input_grad(3)) dout = weightGradient(dy, a, out);
    a.reset();
    if (context->needs_input_grad(1)) dgate = weightGradient(dg, x, gate);
    if (context->needs_input_grad(2)) din = weightGradient(dh, x, in);
    // Both ways to x are summed before they are rounded.
    const at::Tensor sum = at::empty({rows, in.size(1)}, x.options().dtype(at::kFloat));
    productInto(sum, matrixOf(dg), matrixOf(gate), inside);
    productInto(sum, matrixOf(dh), matrixOf(in), inside, {nullptr, nullptr, /*accumulate=*/true});
    const at::Tensor dx = sum.to(x.scalar_type()).view(saved[0].sizes());
    return {dx, dgate, din, dout, context->saved_data["residual"].toBool() ? gradients[0] : at::Tensor(), {}, {}};
  }
};

at::Tensor feedForwardAutograd(const at::Tensor& x, const at::Tensor& in, const Optional<at::Tensor>& inBias,
                               const at::Tensor& out, const Optional<at::Tensor>& outBias,
                               const Optional<at::Tensor>& residual, std::string activation, c10::ScalarType type) {
  return FeedForward::apply(x, in, inBias, out, outBias, residual, activation, type);
}

at::Tensor gatedFeedForwardAutograd(const at::Tensor& x, const at::Tensor& gate, const at::Tensor& in,
                                    const at::Tensor& out, const Optional<at::Tensor>& residual, std::string activation,
                                    c10::ScalarType type) {
  return GatedFeedForward::apply(x, gate, in, out, residual, activation, type);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def(
      "feed_forward(Tensor input, Tensor in_weight, Tensor? in_bias, Tensor out_weight, Tensor? out_bias, "
      "Tensor? residual, str activation, ScalarType dtype) -> Tensor");
  m.def(
      "gated_feed_forward(Tensor input, Tensor gate_weight, Tensor in_weight, Tensor out_weight, Tensor? residual, "
      "str activation, ScalarType dtype) -> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) {
  m.impl("feed_forward", TORCH_FN(feedForward));
  m.impl("gated_feed_forward", TORCH_FN(gatedFeedForward));
}
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) {
  m.impl("feed_forward", TORCH_FN(feedForwardAutograd));
  m.impl("gated_feed_forward", TORCH_FN(gatedFeedForwardAutograd));
}

}  // namespace tslm
