// Scaled dot-product attention in bfloat16 or float32 (Vaswani et al. 2017, 3.2.1) without a matrix of all pairs in memory: the
// scores of 32 queries at a time, or of 32 keys, are made, used and forgotten (Dao et al. 2022). With p the softmax of
// s = scale q kᵀ + bias over the keys that a query sees, which are those of its own document where several lie one after
// another in a sequence:
//
//     o = p v
//     ds = p ∘ (do vᵀ − Σ_d do o),   dq = scale ds k,   dk = scale dsᵀ q,   dv = pᵀ do
//
// What is kept for the way back is log Σ e^s of each query. The way back goes over the keys of each block of queries for
// dq, and over the queries of each block of keys for dk and dv: scores are made twice, and nothing is transposed.
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "attention.h"

namespace tslm {
namespace attention {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// [batch, heads, time, dim] that lies in memory as [batch, time, heads, dim], as the next projection reads it
at::Tensor emptyHeads(const at::Tensor& like, int64_t batch, int64_t heads, int64_t time, int64_t dim) {
  return at::empty({batch, time, heads, dim}, like.options()).transpose(1, 2);
}

Shape shapeOf(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, double scale, bool causal,
              int64_t window) {
  requireProducts("attention");
  TORCH_CHECK(query.dim() == 4 && key.dim() == 4 && value.dim() == 4 && key.sizes() == value.sizes() &&
                  query.size(0) == key.size(0) && query.size(3) == key.size(3) && key.size(1) > 0 &&
                  query.size(1) % key.size(1) == 0,
              "attention takes queries [batch, heads, time, dim] and keys and values [batch, kv heads, keys, dim], not ",
              query.sizes(), ", ", key.sizes(), " and ", value.sizes());
  for (const at::Tensor& x : {query, key, value}) {
    TORCH_CHECK((x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kFloat) && x.scalar_type() == query.scalar_type(),
                "attention takes bfloat16 or float32, all three the same, not ", x.scalar_type());
  }
  TORCH_CHECK(key.size(2) > 0 && (!causal || query.size(2) <= key.size(2)),
              "attention takes at least one key, and for causal no more queries than keys");
  TORCH_CHECK(window >= 0 && (window == 0 || causal), "attention takes a window of at least 0, with causal only");
  return {query.size(0), query.size(1), key.size(1), query.size(2), key.size(2), query.size(3),
          static_cast<float>(scale), causal, window};
}

}  // namespace

// Each position's document begins at it or is that of the position before.
Documents::Documents(const Optional<at::Tensor>& given, int64_t batch, int64_t keys) {
  if (!given || !given->defined()) return;
  TORCH_CHECK(given->scalar_type() == at::kLong && given->dim() == 2 && given->size(0) == batch && given->size(1) == keys,
              "attention takes starts of documents as int64 [", batch, ", ", keys, "], not ", given->sizes());
  starts = given->contiguous();
  ends = at::empty_like(starts);
  for (int64_t b = 0; b < batch; b++) {
    const int64_t* begin = elements<int64_t>(starts) + b * keys;
    int64_t* end = elements<int64_t>(ends) + b * keys;
    for (int64_t t = keys; t-- > 0;) {
      TORCH_CHECK(begin[t] == t || (t > 0 && begin[t] == begin[t - 1]), "attention: position ", t,
                  " is in a document that starts at ", begin[t], ", the one before in another");
      end[t] = t + 1 == keys || begin[t + 1] == t + 1 ? t + 1 : end[t + 1];
    }
  }
}

namespace {

Shape withDocuments(Shape shape, const Documents& documents) {
  if (!documents.starts.defined()) return shape;
  shape.starts = elements<int64_t>(documents.starts);
  shape.ends = elements<int64_t>(documents.ends);
  return shape;
}

at::Tensor expandedBias(const Optional<at::Tensor>& bias, const Shape& shape) {
  if (!bias || !bias->defined()) return {};
  return bias->to(at::kFloat).expand({shape.batch, shape.heads, shape.queries, shape.keys});
}

Bias biasOf(const at::Tensor& added) { return added.defined() ? Bias(added) : Bias(); }

struct Result {
  at::Tensor context, normalizers;
};

Result forwardOf(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const Optional<at::Tensor>& bias,
                 const Shape& shape) {
  const at::Tensor q = withVectors(query), k = withVectors(key), v = withVectors(value), added = expandedBias(bias, shape);
  Result result{emptyHeads(q, shape.batch, shape.heads, shape.queries, shape.dim),
                at::empty({2, shape.batch, shape.heads, shape.queries}, q.options().dtype(at::kFloat))};
  withElementType("attention", q.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const Operands<T> operands{shape,         HeadsOf<T>(q),          HeadsOf<T>(k), HeadsOf<T>(v), HeadsOf<T>(result.context),
                               biasOf(added), elements<float>(result.normalizers[0]), elements<float>(result.normalizers[1])};
    parallelFor(0, shape.batch * shape.heads, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        (shape.queries <= kFewQueries ? forwardFewQueries<T> : forwardHead<T>)(operands, i / shape.heads, i % shape.heads);
      }
    });
  });
  return result;
}

void backwardInto(const at::Tensor& gradient, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                  const at::Tensor& bias, const Result& result, const Shape& shape, const at::Tensor& dq,
                  const at::Tensor& dk, const at::Tensor& dv) {
  const at::Tensor q = withVectors(query), k = withVectors(key), v = withVectors(value), d = withVectors(gradient);
  const at::Tensor added = expandedBias(bias.defined() ? Optional<at::Tensor>(bias) : Optional<at::Tensor>(), shape);
  withElementType("attention", q.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const Operands<T> operands{shape,         HeadsOf<T>(q),          HeadsOf<T>(k), HeadsOf<T>(v), HeadsOf<T>(result.context),
                               biasOf(added), elements<float>(result.normalizers[0]), elements<float>(result.normalizers[1])};
    const Gradients<T> gradients{HeadsOf<T>(d), HeadsOf<T>(dq), HeadsOf<T>(dk), HeadsOf<T>(dv)};
    parallelFor(0, shape.batch * shape.kvHeads, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) backwardGroup(operands, gradients, i / shape.kvHeads, i % shape.kvHeads);
    });
  });
}

at::Tensor attend(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                  const Optional<at::Tensor>& bias, double scale, bool causal, int64_t window,
                  const Optional<at::Tensor>& starts) {
  const Documents documents(starts, key.size(0), key.size(2));
  const Shape shape = withDocuments(shapeOf(query, key, value, scale, causal, window), documents);
  return forwardOf(query, key, value, bias, shape).context;
}

struct Attention : torch::autograd::Function<Attention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& query, const at::Tensor& key,
                            const at::Tensor& value, const Optional<at::Tensor>& bias, double scale, bool causal,
                            int64_t window, const Optional<at::Tensor>& starts) {
    TORCH_CHECK(!bias || !bias->requires_grad(), "attention gives no gradient of its bias");
    const Documents documents(starts, key.size(0), key.size(2));
    const Shape shape = withDocuments(shapeOf(query, key, value, scale, causal, window), documents);
    const Result result = forwardOf(query, key, value, bias, shape);
    context->save_for_backward(
        {query, key, value, bias ? *bias : at::Tensor(), result.context, result.normalizers, documents.starts});
    context->saved_data["scale"] = scale;
    context->saved_data["causal"] = causal;
    context->saved_data["window"] = window;
    return result.context;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("attention");
    const auto saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2];
    const Documents documents(saved[6], k.size(0), k.size(2));
    const Shape shape = withDocuments(
        shapeOf(q, k, v, context->saved_data["scale"].toDouble(), context->saved_data["causal"].toBool(),
                context->saved_data["window"].toInt()),
        documents);
    const at::Tensor dq = emptyHeads(q, shape.batch, shape.heads, shape.queries, shape.dim);
    const at::Tensor dk = emptyHeads(k, shape.batch, shape.kvHeads, shape.keys, shape.dim);
    const at::Tensor dv = emptyHeads(v, shape.batch, shape.kvHeads, shape.keys, shape.dim);
    backwardInto(gradients[0], q, k, v, saved[3], {saved[4], saved[5]}, shape, dq, dk, dv);
    return {dq, dk, dv, {}, {}, {}, {}, {}};
  }
};

at::Tensor attentionAutograd(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                             const Optional<at::Tensor>& bias, double scale, bool causal, int64_t window,
                             const Optional<at::Tensor>& starts) {
  return Attention::apply(query, key, value, bias, scale, causal, window, starts);
}

// Queries, keys and values as one projection gives them, [batch, time, (heads + 2 kvHeads) dim]: all queries before all
// keys before all values, or the three of a head together.
struct Parts {
  at::Tensor query, key, value;
};
Parts partsOf(const at::Tensor& qkv, int64_t heads, int64_t kvHeads, bool byHead) {
  const int64_t batch = qkv.size(0), time = qkv.size(1), dim = qkv.size(2) / (heads + 2 * kvHeads);
  if (byHead) {
    const at::Tensor split = qkv.view({batch, time, heads, 3, dim}).permute({3, 0, 2, 1, 4});
    return {split.select(0, 0), split.select(0, 1), split.select(0, 2)};
  }
  const at::Tensor split = qkv.view({batch, time, heads + 2 * kvHeads, dim}).transpose(1, 2);
  return {split.narrow(1, 0, heads), split.narrow(1, heads, kvHeads), split.narrow(1, heads + kvHeads, kvHeads)};
}

void checkPacked(const at::Tensor& qkv, int64_t heads, int64_t kvHeads, bool byHead) {
  TORCH_CHECK(qkv.dim() == 3 && heads > 0 && kvHeads > 0 && qkv.size(2) % (heads + 2 * kvHeads) == 0 &&
                  (!byHead || heads == kvHeads),
              "attention_packed takes [batch, time, (heads + 2 kv heads) dim], not ", qkv.sizes(), " for ", heads, " and ",
              kvHeads, " heads");
}

at::Tensor attendPacked(const at::Tensor& input, int64_t heads, int64_t kvHeads, bool byHead,
                        const Optional<at::Tensor>& bias, double scale, bool causal, int64_t window,
                        const Optional<at::Tensor>& starts) {
  checkPacked(input, heads, kvHeads, byHead);
  const auto [q, k, v] = partsOf(input.contiguous(), heads, kvHeads, byHead);
  return attend(q, k, v, bias, scale, causal, window, starts);
}

struct AttentionPacked : torch::autograd::Function<AttentionPacked> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, int64_t heads, int64_t kvHeads,
                            bool byHead, const Optional<at::Tensor>& bias, double scale, bool causal, int64_t window,
                            const Optional<at::Tensor>& starts) {
    TORCH_CHECK(!bias || !bias->requires_grad(), "attention gives no gradient of its bias");
    checkPacked(input, heads, kvHeads, byHead);
    const at::Tensor qkv = input.contiguous();
    const auto [q, k, v] = partsOf(qkv, heads, kvHeads, byHead);
    const Documents documents(starts, k.size(0), k.size(2));
    const Shape shape = withDocuments(shapeOf(q, k, v, scale, causal, window), documents);
    const Result result = forwardOf(q, k, v, bias, shape);
    context->save_for_backward({qkv, bias ? *bias : at::Tensor(), result.context, result.normalizers, documents.starts});
    context->saved_data["heads"] = heads;
    context->saved_data["kvHeads"] = kvHeads;
    context->saved_data["byHead"] = byHead;
    context->saved_data["scale"] = scale;
    context->saved_data["causal"] = causal;
    context->saved_data["window"] = window;
    return result.context;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("attention_packed");
    const auto saved = context->get_saved_variables();
    const int64_t heads = context->saved_data["heads"].toInt(), kvHeads = context->saved_data["kvHeads"].toInt();
    const bool byHead = context->saved_data["byHead"].toBool();
    const at::Tensor gradient = at::empty(saved[0].sizes(), saved[0].options());
    const auto [q, k, v] = partsOf(saved[0], heads, kvHeads, byHead);
    const auto [dq, dk, dv] = partsOf(gradient, heads, kvHeads, byHead);
    const Documents documents(saved[4], k.size(0), k.size(2));
    const Shape shape = withDocuments(
        shapeOf(q, k, v, context->saved_data["scale"].toDouble(), context->saved_data["causal"].toBool(),
                context->saved_data["window"].toInt()),
        documents);
    backwardInto(gradients[0], q, k, v, saved[1], {saved[2], saved[3]}, shape, dq, dk, dv);
    return {gradient, {}, {}, {}, {}, {}, {}, {}, {}};
  }
};

at::Tensor attentionPackedAutograd(const at::Tensor& qkv, int64_t heads, int64_t kvHeads, bool byHead,
                                   const Optional<at::Tensor>& bias, double scale, bool causal, int64_t window,
                                   const Optional<at::Tensor>& starts) {
  return AttentionPacked::apply(qkv, heads, kvHeads, byHead, bias, scale, causal, window, starts);
}

}  // namespace
}  // namespace attention

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def(
      "attention(Tensor query, Tensor key, Tensor value, Tensor? bias, float scale, bool causal, int window, "
      "Tensor? document_starts) -> Tensor");
  m.def(
      "attention_packed(Tensor qkv, int heads, int kv_heads, bool by_head, Tensor? bias, float scale, bool causal, "
      "int window, Tensor? document_starts) -> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) {
  m.impl("attention", TORCH_FN(attention::attend));
  m.impl("attention_packed", TORCH_FN(attention::attendPacked));
}
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) {
  m.impl("attention", TORCH_FN(attention::attentionAutograd));
  m.impl("attention_packed", TORCH_FN(attention::attentionPackedAutograd));
}

}  // namespace tslm
