// Linear maps whose weight stays as it is and is kept in four bits (QLoRA, Dettmers et al. 2023): NF4 levels of blocks of 64
// elements, the largest of each block in eight bits by blocks of 256 (double quantisation), laid out as bitsandbytes does. The
// matrix of floats never exists as a whole: a panel of rows is made, multiplied, and written over by the next one.
//
//     y = x Wᵀ + b (+ residual),   dx = dy W,   db = Σ_rows dy,   d residual = dy
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>

#include "isa.h"
#include "linear.h"
#include "pack.h"

namespace tslm {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kNf4Block = 64;
constexpr int64_t kScaleBlock = 256;
// Of floats at once: 1 MB.
constexpr int64_t kNf4Panel = 256 * 1024;

constexpr float kNf4Levels[16] = {-1.0f,
                                  -0.6961928009986877f,
                                  -0.5250730514526367f,
                                  -0.39491748809814453f,
                                  -0.28444138169288635f,
                                  -0.18477343022823334f,
                                  -0.09105003625154495f,
                                  0.0f,
                                  0.07958029955625534f,
                                  0.16093020141124725f,
                                  0.24611230194568634f,
                                  0.33791524171829224f,
                                  0.44070982933044434f,
                                  0.5626170039176941f,
                                  0.7229568362236023f,
                                  1.0f};

// The place of the nearest of rising values.
int64_t nearestOf(const float* values, int64_t count, float x) {
  const int64_t above = std::lower_bound(values, values + count, x) - values;
  if (above == 0) return 0;
  if (above == count) return count - 1;
  return x - values[above - 1] <= values[above] - x ? above - 1 : above;
}

// A weight [out, in] in four bits.
struct Nf4 {
  at::Tensor codes;   // uint8 [⌈out · in / 2⌉]: two elements each, the first in the upper half
  at::Tensor scales;  // uint8 [⌈out · in / 64⌉]: places in the map
  at::Tensor map;     // float32 [256]
  at::Tensor outer;   // float32 [⌈scales / 256⌉]
  double offset;      // added to every scale
  int64_t out, in;

  float scale(int64_t block) const {
    return elements<float>(map)[elements<uint8_t>(scales)[block]] * elements<float>(outer)[block / kScaleBlock] +
           static_cast<float>(offset);
  }

  // Rows [first, last) as floats.
  void rows(int64_t first, int64_t last, float* values) const {
    const auto* code = elements<uint8_t>(codes);
    forRows(last - first, in, [&](int64_t begin, int64_t end) {
      int64_t at = (first + begin) * in;
      const int64_t stop = (first + end) * in;
      float* to = values + begin * in;
      float levels[16];
      while (at < stop) {
        const int64_t block = at / kNf4Block, blockEnd = std::min(stop, (block + 1) * kNf4Block);
        const float largest = scale(block);
        for (int i = 0; i < 16; i++) levels[i] = kNf4Levels[i] * largest;
        if (at & 1) *to++ = levels[code[at++ >> 1] & 15];
        for (; at + 1 < blockEnd; at += 2, to += 2) {
          const uint8_t both = code[at >> 1];
          to[0] = levels[both >> 4];
          to[1] = levels[both & 15];
        }
        if (at < blockEnd) *to++ = levels[code[at++ >> 1] >> 4];
      }
    });
  }

  int64_t rowsOfPanel() const {
    const int64_t rows = std::max<int64_t>(kBlock, kNf4Panel / std::max<int64_t>(1, in) / kBlock * kBlock);
    return std::min(rows, out);
  }

  // Calls `body(panel [rows, in], first)` for all rows, a panel at a time.
  template <class Body>
  void panels(Body body) const {
    const int64_t most = rowsOfPanel();
    const at::Tensor memory = at::empty({most, in}, map.options());
    for (int64_t first = 0; first < out; first += most) {
      const int64_t count = std::min(most, out - first);
      rows(first, first + count, elements<float>(memory));
      body(memory.narrow(0, 0, count), first);
    }
  }
};

std::tuple<at::Tensor, at::Tensor> nf4Quantize(const at::Tensor& weight) {
  TORCH_CHECK(weight.scalar_type() == at::kFloat && weight.is_contiguous(), "nf4_quantize takes a contiguous float32 weight");
  const int64_t size = weight.numel(), blocks = (size + kNf4Block - 1) / kNf4Block;
  at::Tensor codes = at::zeros({(size + 1) / 2}, weight.options().dtype(at::kByte));
  at::Tensor largest = at::empty({blocks}, weight.options());
  const float* values = elements<float>(weight);
  forRows(blocks, kNf4Block, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; block++) {
      const int64_t first = block * kNf4Block, last = std::min(size, first + kNf4Block);
      float most = 0;
      for (int64_t i = first; i < last; i++) most = std::max(most, std::fabs(values[i]));
      elements<float>(largest)[block] = most;
      for (int64_t i = first; i < last; i++) {
        const int64_t code = nearestOf(kNf4Levels, 16, most > 0 ? values[i] / most : 0);
        elements<uint8_t>(codes)[i / 2] |= static_cast<uint8_t>(i & 1 ? code : code << 4);
      }
    }
  });
  return {codes, largest};
}

// Values in eight bits: the largest of each block of 256, and of each value over it the place of the nearest in the map.
std::tuple<at::Tensor, at::Tensor> quantizeBlocks(const at::Tensor& values, const at::Tensor& map) {
  TORCH_CHECK(values.scalar_type() == at::kFloat && map.scalar_type() == at::kFloat && map.numel() == kScaleBlock,
              "quantize_blocks takes float32 values and a map of 256");
  const at::Tensor from = values.contiguous(), levels = map.contiguous();
  const int64_t size = from.numel(), blocks = (size + kScaleBlock - 1) / kScaleBlock;
  at::Tensor codes = at::empty({size}, values.options().dtype(at::kByte)), outer = at::empty({blocks}, values.options());
  for (int64_t block = 0; block < blocks; block++) {
    const int64_t first = block * kScaleBlock, last = std::min(size, first + kScaleBlock);
    float most = 0;
    for (int64_t i = first; i < last; i++) most = std::max(most, std::fabs(elements<float>(from)[i]));
    elements<float>(outer)[block] = most;
    for (int64_t i = first; i < last; i++) {
      const float value = most > 0 ? elements<float>(from)[i] / most : 0;
      elements<uint8_t>(codes)[i] = static_cast<uint8_t>(nearestOf(elements<float>(levels), kScaleBlock, value));
    }
  }
  return {codes, outer};
}

at::Tensor nf4Dequantize(const at::Tensor& codes, const at::Tensor& scales, const at::Tensor& map, const at::Tensor& outer,
                         double offset, int64_t out, int64_t in) {
  const Nf4 weight{codes, scales, map, outer, offset, out, in};
  at::Tensor values = at::empty({out, in}, map.options());
  weight.rows(0, out, elements<float>(values));
  return values;
}

bool takesOwnProducts(const at::Tensor& x) { return x.scalar_type() == at::kBFloat16 && isa() != Isa::kNone; }

at::Tensor nf4Forward(const at::Tensor& x, const Nf4& weight, const Optional<at::Tensor>& bias,
                      const Optional<at::Tensor>& residual, c10::ScalarType type) {
  TORCH_CHECK(x.size(-1) == weight.in, "nf4_linear takes x [..., ", weight.in, "], not ", x.sizes());
  const at::Tensor rows = asRows(x);
  const int64_t m = rows.size(0);
  const at::Tensor b = bias && bias->defined() ? bias->to(at::kFloat).contiguous() : at::Tensor();
  const at::Tensor r = residual && residual->defined() ? residual->contiguous() : at::Tensor();
  at::Tensor y = at::empty(resized(x, weight.out), x.options().dtype(type));
  const at::Tensor all = y.view({m, weight.out});
  const bool isOwn = takesOwnProducts(x);
  weight.panels([&](const at::Tensor& panel, int64_t first) {
    at::Tensor part = all.narrow(1, first, panel.size(0));
    if (isOwn) {
      const Added added{b.defined() ? elements<float>(b) + first : nullptr, r.defined() ? elements<float>(r) + first : nullptr};
      productInto(part, matrixOf(rows), matrixOf(panel).transposed(), weight.in, added);
    } else {
      part.copy_(at::mm(rows, panel.to(rows.scalar_type()).t()));
    }
  });
  if (!isOwn && b.defined()) y.add_(b.to(type));
  if (!isOwn && r.defined()) y.add_(r);
  return y;
}

struct Nf4Linear : torch::autograd::Function<Nf4Linear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& codes, const at::Tensor& scales,
                            const at::Tensor& map, const at::Tensor& outer, double offset, int64_t out,
                            const Optional<at::Tensor>& bias, const Optional<at::Tensor>& residual, c10::ScalarType type) {
    context->save_for_backward({codes, scales, map, outer});
    context->saved_data["offset"] = offset;
    context->saved_data["sizes"] = x.sizes().vec();
    context->saved_data["out"] = out;
    context->saved_data["type"] = static_cast<int64_t>(x.scalar_type());
    context->saved_data["bias"] = bias && bias->defined() ? c10::IValue(static_cast<int64_t>(bias->scalar_type())) : c10::IValue();
    context->saved_data["residual"] = residual && residual->defined();
    return nf4Forward(x, Nf4{codes, scales, map, outer, offset, out, x.size(-1)}, bias, residual, type);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("nf4_linear");
    const auto saved = context->get_saved_variables();
    const auto sizes = context->saved_data["sizes"].toIntVector();
    const auto type = static_cast<c10::ScalarType>(context->saved_data["type"].toInt());
    const Nf4 weight{saved[0], saved[1], saved[2], saved[3], context->saved_data["offset"].toDouble(),
                     context->saved_data["out"].toInt(), sizes.back()};
    const at::Tensor dy = asRows(gradients[0]);
    at::Tensor dx, db;
    if (context->needs_input_grad(0)) {
      at::Tensor sum = at::zeros({dy.size(0), weight.in}, dy.options().dtype(at::kFloat));
      const bool isOwn = type == at::kBFloat16 && isa() != Isa::kNone;
      const at::Tensor given = isOwn ? roundedWithSums(dy).rounded : dy.to(at::kFloat);
      weight.panels([&](const at::Tensor& panel, int64_t first) {
        const at::Tensor part = given.narrow(1, first, panel.size(0));
        if (isOwn) productInto(sum, matrixOf(part), matrixOf(panel), panel.size(0), {nullptr, nullptr, /*accumulate=*/true});
        else sum.addmm_(part, panel);
      });
      dx = sum.to(type).view(sizes);
    }
    const c10::IValue biasType = context->saved_data["bias"];
    if (!biasType.isNone()) db = dy.to(at::kFloat).sum(0).to(static_cast<c10::ScalarType>(biasType.toInt()));
    return {dx, {}, {}, {}, {}, {}, {}, db, context->saved_data["residual"].toBool() ? gradients[0] : at::Tensor(), {}};
  }
};

at::Tensor nf4Linear(const at::Tensor& x, const at::Tensor& codes, const at::Tensor& scales, const at::Tensor& map,
                     const at::Tensor& outer, double offset, int64_t out, const Optional<at::Tensor>& bias,
                     const Optional<at::Tensor>& residual, c10::ScalarType type) {
  return nf4Forward(x, Nf4{codes, scales, map, outer, offset, out, x.size(-1)}, bias, residual, type);
}

at::Tensor nf4LinearAutograd(const at::Tensor& x, const at::Tensor& codes, const at::Tensor& scales, const at::Tensor& map,
                             const at::Tensor& outer, double offset, int64_t out, const Optional<at::Tensor>& bias,
                             const Optional<at::Tensor>& residual, c10::ScalarType type) {
  return Nf4Linear::apply(x, codes, scales, map, outer, offset, out, bias, residual, type);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def("nf4_quantize(Tensor weight) -> (Tensor, Tensor)");
  m.def("quantize_blocks(Tensor values, Tensor map) -> (Tensor, Tensor)");
  m.def("nf4_dequantize(Tensor codes, Tensor scales, Tensor map, Tensor outer, float offset, int out, int width) -> Tensor");
  m.def("nf4_linear(Tensor input, Tensor codes, Tensor scales, Tensor map, Tensor outer, float offset, int out, Tensor? bias, "
        "Tensor? residual, ScalarType dtype) -> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) {
  m.impl("nf4_quantize", TORCH_FN(nf4Quantize));
  m.impl("quantize_blocks", TORCH_FN(quantizeBlocks));
  m.impl("nf4_dequantize", TORCH_FN(nf4Dequantize));
  m.impl("nf4_linear", TORCH_FN(nf4Linear));
}
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) { m.impl("nf4_linear", TORCH_FN(nf4LinearAutograd)); }

}  // namespace tslm
