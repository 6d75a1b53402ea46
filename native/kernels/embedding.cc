// Rows of a table [count, dim], one for each id, float32 or bfloat16. The gradient of the table is a sum over the places
// where each row was looked up. Threads own ranges of columns and add in the order of the places, in float32, so that
// nothing is locked and the sums are the same for any number of threads.
#include <ATen/ops/embedding.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "tensor.h"

namespace tslm {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Columns that a thread takes at a time: a cache line or two, so that no two threads write to one.
constexpr int64_t kColumns = 32;

template <class T>
TSLM_INLINE void addOf(const T* __restrict x, float* __restrict sum, int64_t count) {
  for (int64_t j = 0; j < count; j++) sum[j] += load(x + j);
}
template <class T>
TSLM_INLINE void roundOf(const float* __restrict x, T* __restrict y, int64_t count) {
  for (int64_t j = 0; j < count; j++) store(y + j, x[j]);
}

TSLM_CLONES void add(const float* x, float* sum, int64_t n) { addOf(x, sum, n); }
TSLM_CLONES void add(const bfloat16* x, float* sum, int64_t n) { addOf(x, sum, n); }
TSLM_CLONES void round(const float* x, float* y, int64_t n) { roundOf(x, y, n); }
TSLM_CLONES void round(const float* x, bfloat16* y, int64_t n) { roundOf(x, y, n); }

// (id, place) of every place that counts, places of one id together and in their order.
std::vector<std::pair<int64_t, int64_t>> placesById(const at::Tensor& ids, int64_t ignored) {
  const auto* id = elements<int64_t>(ids);
  std::vector<std::pair<int64_t, int64_t>> places;
  places.reserve(static_cast<size_t>(ids.numel()));
  for (int64_t i = 0; i < ids.numel(); i++) {
    if (id[i] != ignored) places.emplace_back(id[i], i);
  }
  std::sort(places.begin(), places.end());
  return places;
}

at::Tensor embed(const at::Tensor& weight, const at::Tensor& ids, int64_t padding) {
  TORCH_CHECK(weight.dim() == 2 && ids.scalar_type() == at::kLong,
              "embedding takes weight [count, dim] and int64 ids, not ", weight.sizes(), " and ", ids.scalar_type());
  withElementType("embedding", weight.scalar_type(), [](auto) {});
  return at::embedding(weight, ids, padding);
}

at::Tensor embeddingBackward(const at::Tensor& dy, const at::Tensor& ids, int64_t count, int64_t padding) {
  const int64_t dim = dy.size(-1);
  at::Tensor dweight = at::zeros({count, dim}, dy.options());
  const auto places = placesById(ids, padding);
  withElementType("embedding", dy.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const int64_t ranges = (dim + kColumns - 1) / kColumns;
    forRows(ranges, kColumns * static_cast<int64_t>(places.size()), [&](int64_t begin, int64_t end) {
      const int64_t first = begin * kColumns, width = std::min(end * kColumns, dim) - first;
      std::vector<float> sum(static_cast<size_t>(width));
      for (size_t p = 0; p < places.size();) {
        const int64_t id = places[p].first;
        std::fill(sum.begin(), sum.end(), 0.0f);
        for (; p < places.size() && places[p].first == id; p++) {
          add(elements<T>(dy) + places[p].second * dim + first, sum.data(), width);
        }
        round(sum.data(), elements<T>(dweight) + id * dim + first, width);
      }
    });
  });
  return dweight;
}

struct Embedding : torch::autograd::Function<Embedding> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& weight, const at::Tensor& ids,
                            int64_t padding) {
    const at::Tensor y = embed(weight, ids, padding);
    context->save_for_backward({ids});
    context->saved_data["count"] = weight.size(0);
    context->saved_data["padding"] = padding;
    return y;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("embedding");
    const int64_t count = context->saved_data["count"].toInt(), padding = context->saved_data["padding"].toInt();
    const at::Tensor ids = context->get_saved_variables()[0].contiguous();
    return {embeddingBackward(gradients[0].contiguous(), ids, count, padding), {}, {}};
  }
};

at::Tensor embeddingAutograd(const at::Tensor& weight, const at::Tensor& ids, int64_t padding) {
  return Embedding::apply(weight, ids, padding);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) { m.def("embedding(Tensor weight, Tensor ids, int padding_idx) -> Tensor"); }
TORCH_LIBRARY_IMPL(tslm, CPU, m) { m.impl("embedding", TORCH_FN(embed)); }
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) { m.impl("embedding", TORCH_FN(embeddingAutograd)); }

}  // namespace tslm
