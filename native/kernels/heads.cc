// Attention heads: from the rows of a projection to one matrix for each head and back. Every element type; a head's
// part of a row is contiguous on both sides and moves as a block of bytes.
//
//     split_heads: [batch, time, 3 · heads · dim] → query, key, value, each [batch, heads, time, dim]
//     merge_heads: [batch, heads, time, dim] → [batch, time, heads · dim]
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <tuple>

#include "tensor.h"

namespace tslm {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Three = std::tuple<at::Tensor, at::Tensor, at::Tensor>;

enum class Direction { kSplit, kMerge };

// Copies between rows [batch, time, parts · heads · dim] and `parts` tensors [batch, heads, time, dim], all contiguous.
void copyHeads(const at::Tensor& rows, at::TensorList parts, Direction direction) {
  const int64_t heads = parts[0].size(1), time = parts[0].size(2), dim = parts[0].size(3);
  const int64_t block = dim * static_cast<int64_t>(rows.element_size());
  forRows(rows.size(0) * time, rows.size(2), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const int64_t batch = row / time, step = row % time;
      char* inRow = elements<char>(rows) + row * static_cast<int64_t>(parts.size()) * heads * block;
      for (const at::Tensor& part : parts) {
        for (int64_t head = 0; head < heads; head++, inRow += block) {
          char* inHead = elements<char>(part) + ((batch * heads + head) * time + step) * block;
          if (direction == Direction::kSplit) {
            std::memcpy(inHead, inRow, block);
          } else {
            std::memcpy(inRow, inHead, block);
          }
        }
      }
    }
  });
}

variable_list splitRows(const at::Tensor& input, int64_t parts, int64_t heads) {
  TORCH_CHECK(input.dim() == 3 && heads > 0 && input.size(2) % (parts * heads) == 0,
              "split_heads takes [batch, time, 3 · heads · dim], not ", input.sizes(), " for ", heads, " heads");
  const at::Tensor rows = input.contiguous();
  const int64_t dim = rows.size(2) / (parts * heads);
  variable_list results;
  for (int64_t i = 0; i < parts; i++) {
    results.push_back(at::empty({rows.size(0), heads, rows.size(1), dim}, rows.options()));
  }
  copyHeads(rows, results, Direction::kSplit);
  return results;
}

at::Tensor mergeRows(const variable_list& inputs) {
  variable_list parts;
  for (const at::Tensor& input : inputs) parts.push_back(input.contiguous());
  TORCH_CHECK(parts[0].dim() == 4, "merge_heads takes [batch, heads, time, dim], not ", parts[0].sizes());
  const auto sizes = parts[0].sizes();
  const int64_t width = static_cast<int64_t>(parts.size()) * sizes[1] * sizes[3];
  at::Tensor rows = at::empty({sizes[0], sizes[2], width}, parts[0].options());
  copyHeads(rows, parts, Direction::kMerge);
  return rows;
}

struct SplitHeads : torch::autograd::Function<SplitHeads> {
  static variable_list forward(AutogradContext*, const at::Tensor& input, int64_t heads) {
    return splitRows(input, 3, heads);
  }
  static variable_list backward(AutogradContext*, variable_list gradients) {
    onlyFirstDerivatives("split_heads");
    return {mergeRows(gradients), {}};
  }
};

struct MergeHeads : torch::autograd::Function<MergeHeads> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input) {
    context->saved_data["heads"] = input.size(1);
    return mergeRows({input});
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("merge_heads");
    return splitRows(gradients[0], 1, context->saved_data["heads"].toInt());
  }
};

Three three(const variable_list& parts) { return {parts[0], parts[1], parts[2]}; }

Three splitHeads(const at::Tensor& input, int64_t heads) { return three(splitRows(input, 3, heads)); }
Three splitHeadsAutograd(const at::Tensor& input, int64_t heads) { return three(SplitHeads::apply(input, heads)); }
at::Tensor mergeHeads(const at::Tensor& input) { return mergeRows({input}); }
at::Tensor mergeHeadsAutograd(const at::Tensor& input) { return MergeHeads::apply(input); }

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def("split_heads(Tensor self, int heads) -> (Tensor, Tensor, Tensor)");
  m.def("merge_heads(Tensor self) -> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) {
  m.impl("split_heads", TORCH_FN(splitHeads));
  m.impl("merge_heads", TORCH_FN(mergeHeads));
}
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) {
  m.impl("split_heads", TORCH_FN(splitHeadsAutograd));
  m.impl("merge_heads", TORCH_FN(mergeHeadsAutograd));
}

}  // namespace tslm
