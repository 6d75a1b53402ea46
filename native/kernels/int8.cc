// Linear maps whose weight stays as it is and is kept in eight bits: of each 32 elements of a row the largest in bfloat16, and of each
// element the nearest of 255 levels, as llama.cpp's q8_0 does. The input is rounded in the same way, row by row, so that products
// are of whole numbers (`int8_block.h`): one row is made as many are, and has the same bits alone and in any batch.
//
//     y = x Wᵀ + b (+ residual)      y = f(x Wᵀ + b)      y = f(g) (x Wᵀ + b)
#include <ATen/ops/empty.h>
#include <torch/library.h>

#include "epilogues.h"
#include "int8_block.h"

namespace tslm {
namespace {

// Rows that meet a panel of weights while it is in the second cache.
constexpr int64_t kRowsOfPanel = 128;

// [out, in] → uint8 [panels of 32 outputs][steps of 32 inputs][1024 values, 32 scales], filled up with zeros
at::Tensor int8Pack(const at::Tensor& weight) {
  TORCH_CHECK(weight.dim() == 2, "int8_pack takes a weight [out, in], not ", weight.sizes());
  const at::Tensor w = weight.stride(1) == 1 ? weight : weight.contiguous();
  const int64_t n = w.size(0), k = w.size(1), panels = blocksOf(n), steps = blocksOf(k);
  at::Tensor packed = at::empty({panels, steps, kInt8Step}, w.options().dtype(at::kByte));
  withElementType("int8_pack", w.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    parallelFor(0, panels, 1, [&](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; j++) {
        packInt8(elements<T>(w), w.stride(0), n, k, j * kBlock, elements<uint8_t>(packed) + j * steps * kInt8Step);
      }
    });
  });
  return packed;
}

void checkInt8(const char* kernel, const at::Tensor& packed, int64_t out, int64_t in) {
  TORCH_CHECK(packed.dim() == 3 && packed.size(0) == blocksOf(out) && packed.size(1) == blocksOf(in) && packed.size(2) == kInt8Step &&
                  packed.is_contiguous() && packed.scalar_type() == at::kByte,
              kernel, " takes the weight in eight bits of a map from ", in, " to ", out, ", not ", packed.sizes());
}

// float32 [out, in]
at::Tensor int8Unpack(const at::Tensor& packed, int64_t out, int64_t in) {
  checkInt8("int8_unpack", packed, out, in);
  at::Tensor weight = at::empty({out, in}, packed.options().dtype(at::kFloat));
  const int64_t steps = packed.size(1);
  forRows(out, in, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const uint8_t* panel = elements<uint8_t>(packed) + i / kBlock * steps * kInt8Step;
      for (int64_t j = 0; j < in; j++) {
        const uint8_t* step = panel + j / kBlock * kInt8Step;
        const int64_t column = i % kBlock, line = j % kBlock;
        const auto value = static_cast<int8_t>(step[line / 4 * 4 * kBlock + 4 * column + line % 4]);
        const auto* scales = reinterpret_cast<const bfloat16*>(step + kStepSize);
        elements<float>(weight)[i * in + j] = static_cast<float>(value) * load(scales + column);
      }
    }
  });
  return weight;
}

// Rows of an input in eight bits.
struct QuantizedRows {
  at::Tensor values, scales, sums;
  Int8Rows rows;

  explicit QuantizedRows(const at::Tensor& x) {
    const int64_t m = x.size(0), k = x.size(1), steps = blocksOf(k);
    values = at::empty({m, steps * kBlock}, x.options().dtype(at::kChar));
    scales = at::empty({m, steps}, x.options().dtype(at::kFloat));
    sums = at::empty({m, steps}, x.options().dtype(at::kInt));
    rows = {elements<int8_t>(values), elements<float>(scales), elements<int32_t>(sums), steps};
    withElementType("int8_linear", x.scalar_type(), [&](auto zero) {
      using T = decltype(zero);
      forRows(m, k, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; i++) quantizeInt8Row(elements<T>(x) + i * k, k, rows.from(i));
      });
    });
  }
};

at::Tensor int8Linear(const at::Tensor& x, const at::Tensor& packed, int64_t out, const Optional<at::Tensor>& bias,
                      const Optional<at::Tensor>& residual, const Optional<at::Tensor>& gate,
                      const Optional<std::string>& activation, c10::ScalarType type) {
  const int64_t in = x.size(-1);
  checkInt8("int8_linear", packed, out, in);
  return finishedLinear(
      "int8_linear", x, out, {bias, residual, gate, activation, type}, [&](const at::Tensor& rows, const auto& epilogue) {
        const int64_t m = rows.size(0), steps = packed.size(1), stretches = blocksOf(m, kRowsOfPanel), panels = blocksOf(out);
        const QuantizedRows quantized(rows);
        const MultiplyInt8 multiply = multiplyInt8();
        // Threads are for what takes them longer than to wake.
        const int64_t work = std::max<int64_t>(1, std::min(m, kRowsOfPanel) * in * kBlock);
        parallelFor(0, panels * stretches, (1 << 17) / work + 1, [&](int64_t begin, int64_t end) {
          alignas(64) float sums[kStepSize];
          for (int64_t i = begin; i < end; i++) {
            const int64_t panel = i / stretches, first = i % stretches * kRowsOfPanel;
            const uint8_t* weights = elements<uint8_t>(packed) + panel * steps * kInt8Step;
            for (int64_t row = first; row < std::min(m, first + kRowsOfPanel); row += kBlock) {
              const int64_t count = std::min(kBlock, m - row), column = panel * kBlock;
              multiply(quantized.rows.from(row), weights, sums, kBlock, count);
              epilogue(Sums{sums, kBlock, row, column, count, std::min(kBlock, out - column)});
            }
          }
        });
      });
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def("int8_pack(Tensor weight) -> Tensor");
  m.def("int8_unpack(Tensor packed, int out, int width) -> Tensor");
  m.def(
      "int8_linear(Tensor input, Tensor packed, int out, Tensor? bias, Tensor? residual, Tensor? gate, str? activation, "
      "ScalarType dtype) -> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) {
  m.impl("int8_pack", TORCH_FN(int8Pack));
  m.impl("int8_unpack", TORCH_FN(int8Unpack));
  m.impl("int8_linear", TORCH_FN(int8Linear));
}

}  // namespace tslm
