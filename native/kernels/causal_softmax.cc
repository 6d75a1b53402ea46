// The probabilities of causal attention from its scores [..., queries, keys]: scaled, masked and normalised in one pass
// over each row. The queries are the last of the keys' positions, and each sees the keys up to its own:
//
//     p_j = e^{s x_j} / Σ_k e^{s x_k}   over the visible keys, 0 elsewhere
//
// Where several documents lie one after another, a query sees keys from the start of its own on.
//     dx_j = s p_j (dp_j − Σ_k p_k dp_k)
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <vector>

#include "tensor.h"

namespace tslm {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Rows are short and of every length: filled up to whole vectors with −∞, they leave no rest to compute one by one.
constexpr int64_t kVector = 32;
constexpr int64_t wholeVectors(int64_t count) { return (count + kVector - 1) / kVector * kVector; }

template <class T>
TSLM_INLINE void forwardOf(const T* __restrict x, float scale, T* __restrict p, float* __restrict row, int64_t visible) {
  constexpr float kNothing = -std::numeric_limits<float>::infinity();
  const int64_t filled = wholeVectors(visible);
  for (int64_t j = 0; j < visible; j++) row[j] = load(x + j) * scale;
  for (int64_t j = visible; j < filled; j++) row[j] = kNothing;
  float top = kNothing;
#pragma omp simd reduction(max : top)
  for (int64_t j = 0; j < filled; j++) top = top < row[j] ? row[j] : top;
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t j = 0; j < filled; j++) {
    row[j] = exponential(row[j] - top);
    sum += row[j];
  }
  const float factor = 1.0f / sum;
  for (int64_t j = 0; j < visible; j++) store(p + j, row[j] * factor);
}

template <class T>
TSLM_INLINE void backwardOf(const T* __restrict dp, const T* __restrict p, float scale, T* __restrict dx,
                            int64_t visible) {
  float dot = 0;
#pragma omp simd reduction(+ : dot)
  for (int64_t j = 0; j < visible; j++) dot += load(p + j) * load(dp + j);
  for (int64_t j = 0; j < visible; j++) store(dx + j, scale * load(p + j) * (load(dp + j) - dot));
}

TSLM_CLONES void forwardRow(const float* x, float scale, float* p, float* row, int64_t n) {
  forwardOf(x, scale, p, row, n);
}
TSLM_CLONES void forwardRow(const bfloat16* x, float scale, bfloat16* p, float* row, int64_t n) {
  forwardOf(x, scale, p, row, n);
}
TSLM_CLONES void backwardRow(const float* dp, const float* p, float scale, float* dx, int64_t n) {
  backwardOf(dp, p, scale, dx, n);
}
TSLM_CLONES void backwardRow(const bfloat16* dp, const bfloat16* p, float scale, bfloat16* dx, int64_t n) {
  backwardOf(dp, p, scale, dx, n);
}

// Calls `row(offset, visible, buffer)` for each row and zeroes what its query may not see in `result`.
template <class T, class Row>
void forQueries(const at::Tensor& result, const at::Tensor& starts, Row row) {
  const int64_t queries = result.size(-2), keys = result.size(-1);
  if (result.numel() == 0) return;
  const int64_t* start = starts.defined() ? elements<int64_t>(starts) : nullptr;
  const int64_t rowsOfSequence = result.numel() / keys / result.size(0);
  forRows(result.numel() / keys, keys, [&](int64_t begin, int64_t end) {
    std::vector<float> buffer(wholeVectors(keys));
    for (int64_t i = begin; i < end; i++) {
      const int64_t position = keys - queries + i % queries;
      const int64_t first = start ? start[i / rowsOfSequence * keys + position] : 0;
      T* out = elements<T>(result) + i * keys;
      row(i * keys + first, position + 1 - first, buffer.data());
      std::memset(out, 0, first * sizeof(T));
      std::memset(out + position + 1, 0, (keys - position - 1) * sizeof(T));
    }
  });
}

// Starts of documents [batch, keys], each at or before its position.
at::Tensor checkedStarts(const Optional<at::Tensor>& given, const at::Tensor& scores) {
  if (!given || !given->defined()) return {};
  const int64_t keys = scores.size(-1);
  TORCH_CHECK(given->scalar_type() == at::kLong && given->dim() == 2 && given->size(0) == scores.size(0) &&
                  given->size(1) == keys,
              "causal_softmax takes starts of documents as int64 [", scores.size(0), ", ", keys, "], not ", given->sizes());
  at::Tensor starts = given->contiguous();
  const int64_t* start = elements<int64_t>(starts);
  for (int64_t i = 0; i < starts.numel(); i++) {
    TORCH_CHECK(start[i] >= 0 && start[i] <= i % keys, "causal_softmax: position ", i % keys,
                " is in a document that starts at ", start[i]);
  }
  return starts;
}

at::Tensor causalSoftmax(const at::Tensor& scores, double scale, const Optional<at::Tensor>& documents) {
  TORCH_CHECK(scores.dim() >= 2 && scores.size(-2) <= scores.size(-1),
              "causal_softmax takes scores [..., queries, keys] with no more queries than keys, not ", scores.sizes());
  const at::Tensor x = scores.contiguous(), starts = checkedStarts(documents, x);
  at::Tensor p = at::empty_like(x);
  withElementType("causal_softmax", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    forQueries<T>(p, starts, [&](int64_t at, int64_t visible, float* buffer) {
      forwardRow(elements<T>(x) + at, static_cast<float>(scale), elements<T>(p) + at, buffer, visible);
    });
  });
  return p;
}

at::Tensor causalSoftmaxBackward(const at::Tensor& gradient, const at::Tensor& p, double scale, const at::Tensor& starts) {
  const at::Tensor dp = gradient.contiguous();
  at::Tensor dx = at::empty_like(p);
  withElementType("causal_softmax", p.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    forQueries<T>(dx, starts, [&](int64_t at, int64_t visible, float*) {
      backwardRow(elements<T>(dp) + at, elements<T>(p) + at, static_cast<float>(scale), elements<T>(dx) + at, visible);
    });
  });
  return dx;
}

struct CausalSoftmax : torch::autograd::Function<CausalSoftmax> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& scores, double scale,
                            const Optional<at::Tensor>& documents) {
    const at::Tensor p = causalSoftmax(scores, scale, documents);
    context->save_for_backward({p, checkedStarts(documents, scores)});
    context->saved_data["scale"] = scale;
    return p;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("causal_softmax");
    const double scale = context->saved_data["scale"].toDouble();
    const auto saved = context->get_saved_variables();
    return {causalSoftmaxBackward(gradients[0], saved[0], scale, saved[1]), {}, {}};
  }
};

at::Tensor causalSoftmaxAutograd(const at::Tensor& scores, double scale, const Optional<at::Tensor>& documents) {
  return CausalSoftmax::apply(scores, scale, documents);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) { m.def("causal_softmax(Tensor scores, float scale, Tensor? document_starts) -> Tensor"); }
TORCH_LIBRARY_IMPL(tslm, CPU, m) { m.impl("causal_softmax", TORCH_FN(causalSoftmax)); }
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) { m.impl("causal_softmax", TORCH_FN(causalSoftmaxAutograd)); }

}  // namespace tslm
