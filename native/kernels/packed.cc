// Products with weights that stay as they are: packed once in the order that blocks read (`block.h`), then multiplied with any
// number of rows. Nothing is packed again, memory is read from first to last element, and a row's result has the same
// bits whatever else is in the batch.
//
//     y = x Wᵀ + b (+ residual)      y = f(x Wᵀ + b)      y = f(g) (x Wᵀ + b)
#include <torch/library.h>

#include <string>

#include "activation.h"
#include "linear.h"

namespace tslm {
namespace {

// [out, in] → [panels of 32 outputs][steps of 32 inputs][32 · 32], filled up with zeros
at::Tensor packWeight(const at::Tensor& weight) {
  requireProducts("pack_weight");
  const Matrix b = matrixOf(weight).transposed();
  const int64_t n = weight.size(0), k = weight.size(1), steps = blocksOf(k), panels = blocksOf(n);
  at::Tensor packed = at::empty({panels, steps, kStepSize}, weight.options().dtype(at::kBFloat16));
  auto* out = elements<bfloat16>(packed);
  parallelFor(0, panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; j++) packB(b, k, n, 0, steps, j * kBlock, out + j * steps * kStepSize);
  });
  return packed;
}

// Sums → f(h), or f(g) h, with h = sums + bias, rounded as a product of its own would be.
template <class F>
struct ActivateSums {
  bfloat16* out;
  const bfloat16* gate;  // or null
  const float* bias;     // or null
  int64_t stride;

  TSLM_INLINE void row(const float* __restrict sums, int64_t i, int64_t column, int64_t count) const {
    const int64_t place = i * stride + column;
    bfloat16 rounded[kBlock];
    for (int64_t j = 0; j < count; j++) store(rounded + j, sums[j] + (bias ? bias[column + j] : 0.0f));
    bfloat16* __restrict y = out + place;
    if (!gate) {
      for (int64_t j = 0; j < count; j++) store(y + j, F::value(load(rounded + j)));
      return;
    }
    const bfloat16* __restrict g = gate + place;
    for (int64_t j = 0; j < count; j++) store(y + j, F::value(load(g + j)) * load(rounded + j));
  }
};

at::Tensor packedLinear(const at::Tensor& x, const at::Tensor& packed, int64_t out, const Optional<at::Tensor>& bias,
                        const Optional<at::Tensor>& residual, const Optional<at::Tensor>& gate,
                        const Optional<std::string>& activation, c10::ScalarType type) {
  requireProducts("packed_linear");
  const int64_t in = x.size(-1);
  TORCH_CHECK(x.scalar_type() == at::kBFloat16, "packed_linear takes bfloat16, not ", x.scalar_type());
  TORCH_CHECK(packed.dim() == 3 && packed.size(0) == blocksOf(out) && packed.size(1) == blocksOf(in) &&
                  packed.size(2) == kStepSize && packed.is_contiguous() && packed.scalar_type() == at::kBFloat16,
              "packed_linear takes the packed weight of a map from ", in, " to ", out, ", not ", packed.sizes());
  TORCH_CHECK(!activation || type == at::kBFloat16, "packed_linear activates in bfloat16");
  const at::Tensor rows = asRows(x), b = floatBias(bias);
  const at::Tensor r = residual ? residual->contiguous() : at::Tensor(), g = gate ? gate->contiguous() : at::Tensor();
  TORCH_CHECK(!b.defined() || b.numel() == out, "packed_linear takes a bias of ", out, " elements");
  const std::vector<int64_t> sizes = resized(x, out);
  TORCH_CHECK(!r.defined() || (!activation && r.scalar_type() == at::kFloat && r.sizes() == at::IntArrayRef(sizes)),
              "packed_linear adds a float32 residual of the result's shape, and to no activation");
  TORCH_CHECK(!g.defined() || (activation && g.scalar_type() == at::kBFloat16 && g.sizes() == at::IntArrayRef(sizes)),
              "packed_linear takes a bfloat16 gate of the result's shape, and with an activation");
  const int64_t m = rows.size(0);
  at::Tensor y = at::empty(sizes, x.options().dtype(type));
  const Matrix weight{packed.data_ptr(), false, 0, 0, /*isPacked=*/true};
  if (!activation) {
    productInto(y.view({m, out}), matrixOf(rows), weight, in, {dataOrNull(b), dataOrNull(r)});
    return y;
  }
  withActivation(*activation, [&](auto f) {
    multiply(matrixOf(rows), weight, m, out, in,
             rowByRow(ActivateSums<decltype(f)>{elements<bfloat16>(y), g.defined() ? elements<bfloat16>(g) : nullptr,
                                                dataOrNull(b), out}));
  });
  return y;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def("pack_weight(Tensor weight) -> Tensor");
  m.def(
      "packed_linear(Tensor input, Tensor packed, int out, Tensor? bias, Tensor? residual, Tensor? gate, str? activation, "
      "ScalarType dtype) -> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) {
  m.impl("pack_weight", TORCH_FN(packWeight));
  m.impl("packed_linear", TORCH_FN(packedLinear));
}

}  // namespace tslm
