// Products with weights that stay as they are: packed once in the order that blocks read (`block.h`), then multiplied with any
// number of rows. Nothing is packed again, memory is read from first to last element, and a row's result has the same
// bits whatever else is in the batch.
//
//     y = x Wᵀ + b (+ residual)      y = f(x Wᵀ + b)      y = f(g) (x Wᵀ + b)
#include <torch/library.h>

#include "epilogues.h"

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
  const Matrix weight{packed.data_ptr(), false, 0, 0, /*isPacked=*/true};
  return finishedLinear("packed_linear", x, out, {bias, residual, gate, activation, type},
                        [&](const at::Tensor& rows, const auto& epilogue) {
                          multiply(matrixOf(rows), weight, rows.size(0), out, in, epilogue);
                        });
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
