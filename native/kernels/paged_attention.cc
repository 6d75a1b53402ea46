// Attention over keys and values that lie in pages (Kwon et al. 2023): every row of a batch is a sequence of its own, with some
// tokens that are new and many that are in the cache, and a list of the pages where those are. New keys and values are put in
// their places first; then each new token meets all keys up to its own:
//
//     o = softmax(c tanh(scale q kᵀ / c) + slope · position) v
//
// A token's result has the same bits however its sequence was cut into steps and whatever else is in the batch: sums over
// keys are made in the order of positions. In bfloat16 pages hold keys and values in the order in which products read
// their second factor (`block.h`), so that nothing is packed when they are met; else plainly.
#include <torch/library.h>

#include "attention.h"
#include "isa.h"

namespace tslm {
namespace attention {
namespace {

// Heads of a page, [pages, kvHeads, …]: keys [panels of 32 keys][steps of 32 of dim][1024], values [panels of 32 of
// dim][steps of 32 keys][1024], zero where dim ends; or [keys][dim] both.
struct Pages {
  void *keys, *values;
  int64_t kvHeads, dim, size;  // size: positions in a page
  bool isPacked;

  int64_t headSize() const { return size * (isPacked ? blocksOf(dim) * kBlock : dim); }
  template <class T>
  T* keysOf(int64_t page, int64_t kv) const { return static_cast<T*>(keys) + (page * kvHeads + kv) * headSize(); }
  template <class T>
  T* valuesOf(int64_t page, int64_t kv) const { return static_cast<T*>(values) + (page * kvHeads + kv) * headSize(); }
};

// A row of the plan: the sequence's new tokens in the batch, how many it has in the cache, and its pages.
struct Sequence {
  const int32_t* row;
  int64_t first() const { return row[0]; }
  int64_t count() const { return row[1]; }
  int64_t past() const { return row[2]; }
  int64_t page(int64_t index) const { return row[3 + index]; }
};

struct Options {
  float scale, softcap;  // softcap 0: none
  int64_t window;        // 0: all
  const float* slopes;   // of each head, or null

  Range keysOf(int64_t position) const {
    return {window > 0 && position + 1 > window ? position + 1 - window : 0, position + 1};
  }
};

struct Views {
  HeadsView query, key, value, result;
};

// Where element (line, column) of a packed second factor with `steps` steps of lines is.
inline int64_t placeInPacked(int64_t line, int64_t column, int64_t steps) {
  const int64_t block = column / kBlock * steps + line / kBlock;
  const int64_t i = line % kBlock, j = column % kBlock;
  return block * kStepSize + j / 16 * (kStepSize / 2) + i / 2 * kBlock + j % 16 * 2 + i % 2;
}

void append(const Pages& pages, const HeadsView& key, const HeadsView& value, int64_t token, int64_t kv, int64_t page,
            int64_t slot) {
  const int64_t dim = pages.dim, keySteps = blocksOf(dim), valueSteps = pages.size / kBlock;
  const bfloat16 *k = key.head(0, kv) + token * key.timeStride, *v = value.head(0, kv) + token * value.timeStride;
  auto *keys = pages.keysOf<bfloat16>(page, kv), *values = pages.valuesOf<bfloat16>(page, kv);
  // What a page held before meets a weight of zero, and zero times what is no number is none.
  if (slot == 0) std::memset(values, 0, pages.headSize() * sizeof(bfloat16));
  for (int64_t d = 0; d < dim; d++) {
    keys[placeInPacked(d, slot, keySteps)] = k[d];
    values[placeInPacked(slot, d, valueSteps)] = v[d];
  }
}

void scoreRow(float* x, const Options& o, float slope, int64_t first, Range seen, int64_t width) {
  vectorised([=]() TSLM_INSIDE {
    constexpr float kNothing = -std::numeric_limits<float>::infinity();
    const int64_t begin = seen.begin - first, end = seen.end - first;
    for (int64_t j = 0; j < begin; j++) x[j] = kNothing;
    for (int64_t j = begin; j < end; j++) x[j] *= o.scale;
    if (o.softcap > 0) for (int64_t j = begin; j < end; j++) x[j] = o.softcap * std::tanh(x[j] / o.softcap);
    if (o.slopes) for (int64_t j = begin; j < end; j++) x[j] += slope * static_cast<float>(first + j);
    for (int64_t j = end; j < width; j++) x[j] = kNothing;
  });
}

// Rows [row, row + 32) of a sequence's queries, which are its tokens times the heads that share keys and values.
void attendBlock(const Pages& pages, const Views& views, const Options& o, const Sequence& s, int64_t heads, int64_t kv,
                 int64_t row) {
  const int64_t dim = pages.dim, steps = blocksOf(dim), group = heads / pages.kvHeads, panelsOfPage = pages.size / kBlock;
  const int64_t rows = std::min(kBlock, s.count() * group - row);
  const Range panels = blocksAround(
      {o.keysOf(s.past() + row / group).begin, o.keysOf(s.past() + (row + rows - 1) / group).end});
  const int64_t first = panels.begin * kBlock, stride = (panels.end - panels.begin) * kBlock, outStride = steps * kBlock;
  Scratch& space = scratch();
  float* scores = room(space.scores, kBlock * stride);
  float* sums = room(space.sums, kBlock * outStride);
  bfloat16* weights = room(space.weights, kBlock * stride);
  bfloat16* queries = room(space.panel, steps * kStepSize);
  const auto headOf = [&](int64_t i) { return kv * group + (row + i) % group; };
  const auto tokenOf = [&](int64_t i) { return s.first() + (row + i) / group; };
  for (int64_t i = 0; i < kBlock; i++) {
    const bfloat16* query = i < rows ? views.query.head(0, headOf(i)) + tokenOf(i) * views.query.timeStride : nullptr;
    for (int64_t step = 0; step < steps; step++) {
      bfloat16* out = queries + step * kStepSize + i * kBlock;
      const int64_t count = query ? std::min(kBlock, dim - step * kBlock) : 0;
      if (count > 0) std::memcpy(out, query + step * kBlock, count * sizeof(bfloat16));
      std::memset(out + count, 0, (kBlock - count) * sizeof(bfloat16));
    }
  }
  const MultiplyBlock multiply = multiplyBlock();
  for (int64_t j = panels.begin; j < panels.end; j++) {
    const bfloat16* keys = pages.keysOf<bfloat16>(s.page(j / panelsOfPage), kv) + j % panelsOfPage * steps * kStepSize;
    multiply({queries, kBlock, kStepSize}, keys, steps, scores + j * kBlock - first, stride, false, rows);
  }
  for (int64_t i = 0; i < rows; i++) {
    const Range seen = o.keysOf(s.past() + (row + i) / group);
    scoreRow(scores + i * stride, o, o.slopes ? o.slopes[headOf(i)] : 0.0f, first, seen, stride);
    softmaxRow(scores + i * stride, weights + i * stride, stride);
  }
  for (int64_t panel = panels.begin; panel < panels.end;) {
    const int64_t page = panel / panelsOfPage, inPage = panel % panelsOfPage;
    const int64_t few = std::min(panels.end - panel, panelsOfPage - inPage);
    const bfloat16* values = pages.valuesOf<bfloat16>(s.page(page), kv);
    for (int64_t j = 0; j < steps; j++) {
      multiply({weights + panel * kBlock - first, stride, kBlock}, values + (j * panelsOfPage + inPage) * kStepSize, few,
               sums + j * kBlock, outStride, panel > panels.begin, rows);
    }
    panel += few;
  }
  for (int64_t i = 0; i < rows; i++) {
    bfloat16* out = views.result.head(0, headOf(i)) + tokenOf(i) * views.result.timeStride;
    storeRows(sums + i * outStride, outStride, out, 0, 1, dim);
  }
}

struct Block {
  int64_t sequence, kv, row;
};

void attendPacked(const Pages& pages, const Views& views, const Options& o, const std::vector<Sequence>& sequences,
                  int64_t heads) {
  std::vector<Block> blocks;
  for (size_t i = 0; i < sequences.size(); i++) {
    const int64_t rows = sequences[i].count() * (heads / pages.kvHeads);
    for (int64_t kv = 0; kv < pages.kvHeads; kv++) {
      for (int64_t row = 0; row < rows; row += kBlock) blocks.push_back({static_cast<int64_t>(i), kv, row});
    }
  }
  parallelFor(0, pages.kvHeads, 1, [&](int64_t begin, int64_t end) {
    for (const Sequence& s : sequences) {
      for (int64_t t = 0; t < s.count(); t++) {
        const int64_t position = s.past() + t;
        for (int64_t kv = begin; kv < end; kv++) {
          append(pages, views.key, views.value, s.first() + t, kv, s.page(position / pages.size), position % pages.size);
        }
      }
    }
  });
  parallelFor(0, static_cast<int64_t>(blocks.size()), 1, [&](int64_t begin, int64_t end) {
    const TileScope tiles;
    for (int64_t i = begin; i < end; i++) {
      attendBlock(pages, views, o, sequences[blocks[i].sequence], heads, blocks[i].kv, blocks[i].row);
    }
  });
}

// Pages as plain [keys][dim], in any element type and on any processor: a query and a head at a time.
template <class T>
TSLM_INLINE void attendPlainOf(const Pages& pages, const T* query, const Options& o, float slope, const Sequence& s,
                               int64_t position, int64_t kv, float* scores, float* sums, T* out) {
  const int64_t dim = pages.dim;
  const Range seen = o.keysOf(position);
  float top = -std::numeric_limits<float>::infinity();
  for (int64_t j = seen.begin; j < seen.end; j++) {
    const T* key = pages.keysOf<T>(s.page(j / pages.size), kv) + j % pages.size * dim;
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t d = 0; d < dim; d++) sum += load(query + d) * load(key + d);
    float x = sum * o.scale;
    if (o.softcap > 0) x = o.softcap * std::tanh(x / o.softcap);
    x += slope * static_cast<float>(j);
    scores[j - seen.begin] = x;
    top = top < x ? x : top;
  }
  float total = 0;
  for (int64_t j = 0; j < seen.end - seen.begin; j++) {
    scores[j] = exponential(scores[j] - top);
    total += scores[j];
  }
  for (int64_t d = 0; d < dim; d++) sums[d] = 0;
  for (int64_t j = seen.begin; j < seen.end; j++) {
    const T* value = pages.valuesOf<T>(s.page(j / pages.size), kv) + j % pages.size * dim;
    const float weight = scores[j - seen.begin] / total;
    for (int64_t d = 0; d < dim; d++) sums[d] += weight * load(value + d);
  }
  for (int64_t d = 0; d < dim; d++) store(out + d, sums[d]);
}
TSLM_CLONES void attendQuery(const Pages& pages, const float* query, const Options& o, float slope, const Sequence& s,
                             int64_t position, int64_t kv, float* scores, float* sums, float* out) {
  attendPlainOf(pages, query, o, slope, s, position, kv, scores, sums, out);
}
TSLM_CLONES void attendQuery(const Pages& pages, const bfloat16* query, const Options& o, float slope, const Sequence& s,
                             int64_t position, int64_t kv, float* scores, float* sums, bfloat16* out) {
  attendPlainOf(pages, query, o, slope, s, position, kv, scores, sums, out);
}

template <class T>
void attendPlain(const Pages& pages, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                 const at::Tensor& result, const Options& o, const std::vector<Sequence>& sequences) {
  const int64_t dim = pages.dim, heads = query.size(1), group = heads / pages.kvHeads;
  const auto at = [](const at::Tensor& x, int64_t head, int64_t token) {
    return elements<T>(x) + head * x.stride(1) + token * x.stride(2);
  };
  for (const Sequence& s : sequences) {
    parallelFor(0, pages.kvHeads, 1, [&](int64_t begin, int64_t end) {
      std::vector<float> scores(static_cast<size_t>(s.past() + s.count())), sums(static_cast<size_t>(dim));
      for (int64_t kv = begin; kv < end; kv++) {
        for (int64_t t = 0; t < s.count(); t++) {
          const int64_t position = s.past() + t, page = s.page(position / pages.size), slot = position % pages.size;
          std::memcpy(pages.keysOf<T>(page, kv) + slot * dim, at(key, kv, s.first() + t), dim * sizeof(T));
          std::memcpy(pages.valuesOf<T>(page, kv) + slot * dim, at(value, kv, s.first() + t), dim * sizeof(T));
        }
        for (int64_t t = 0; t < s.count(); t++) {
          for (int64_t head = kv * group; head < (kv + 1) * group; head++) {
            attendQuery(pages, at(query, head, s.first() + t), o, o.slopes ? o.slopes[head] : 0.0f, s, s.past() + t, kv,
                        scores.data(), sums.data(), at(result, head, s.first() + t));
          }
        }
      }
    });
  }
}

// Throws unless every sequence lies in the batch and in its pages: what follows reads memory by these numbers.
std::vector<Sequence> sequencesOf(const at::Tensor& plan, int64_t tokens, int64_t pageCount, int64_t pageSize) {
  TORCH_CHECK(plan.dim() == 2 && plan.size(1) > 3 && plan.scalar_type() == at::kInt && plan.is_contiguous(),
              "paged_attention takes a plan int32 [sequences, 3 + pages]");
  std::vector<Sequence> sequences;
  for (int64_t i = 0; i < plan.size(0); i++) {
    const Sequence s{elements<int32_t>(plan) + i * plan.size(1)};
    const int64_t pages = blocksOf(s.past() + s.count(), pageSize);
    TORCH_CHECK(s.first() >= 0 && s.count() >= 0 && s.past() >= 0 && s.first() + s.count() <= tokens && pages <= plan.size(1) - 3,
                "paged_attention: sequence ", i, " of the plan does not lie in the batch or in its pages");
    for (int64_t j = 0; j < pages; j++) {
      TORCH_CHECK(s.page(j) >= 0 && s.page(j) < pageCount, "paged_attention: there is no page ", s.page(j));
    }
    sequences.push_back(s);
  }
  return sequences;
}

at::Tensor pagedAttention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, at::Tensor keys,
                          at::Tensor values, const at::Tensor& plan, int64_t pageSize, double scale, int64_t window,
                          double softcap, const Optional<at::Tensor>& slopes) {
  const int64_t heads = query.size(1), kvHeads = key.size(1), tokens = query.size(2), dim = query.size(3);
  TORCH_CHECK(query.dim() == 4 && query.size(0) == 1 && key.sizes() == value.sizes() && key.size(0) == 1 &&
                  key.size(2) == tokens && key.size(3) == dim && kvHeads > 0 && heads % kvHeads == 0,
              "paged_attention takes queries [1, heads, tokens, dim] and keys and values [1, kv heads, tokens, dim], not ",
              query.sizes(), ", ", key.sizes(), " and ", value.sizes());
  const bool isPacked = query.scalar_type() == at::kBFloat16 && isa() != Isa::kNone;
  const Pages pages{keys.data_ptr(), values.data_ptr(), kvHeads, dim, pageSize, isPacked};
  for (const at::Tensor& x : {keys, values}) {
    TORCH_CHECK(x.dim() == 3 && x.size(1) == kvHeads && x.size(2) == pages.headSize() && x.is_contiguous() &&
                    x.scalar_type() == query.scalar_type() && pageSize % kBlock == 0,
                "paged_attention takes pages [pages, ", kvHeads, ", ", pages.headSize(), "], not ", x.sizes());
  }
  TORCH_CHECK(!slopes || (slopes->scalar_type() == at::kFloat && slopes->numel() == heads && slopes->is_contiguous()),
              "paged_attention takes a float32 slope for each head");
  const std::vector<Sequence> sequences = sequencesOf(plan, tokens, keys.size(0), pageSize);
  const Options options{static_cast<float>(scale), static_cast<float>(softcap), window,
                        slopes ? elements<float>(*slopes) : nullptr};
  const at::Tensor q = withVectors(query), k = withVectors(key), v = withVectors(value);
  at::Tensor result = at::empty({1, tokens, heads, dim}, q.options()).transpose(1, 2);
  if (isPacked) {
    attendPacked(pages, {HeadsView(q), HeadsView(k), HeadsView(v), HeadsView(result)}, options, sequences, heads);
    return result;
  }
  withElementType("paged_attention", query.scalar_type(), [&](auto zero) {
    attendPlain<decltype(zero)>(pages, q, k, v, result, options, sequences);
  });
  return result;
}

}  // namespace
}  // namespace attention

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def(
      "paged_attention(Tensor query, Tensor key, Tensor value, Tensor(a!) keys, Tensor(b!) values, Tensor plan, int page_size, "
      "float scale, int window, float softcap, Tensor? slopes) -> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) { m.impl("paged_attention", TORCH_FN(attention::pagedAttention)); }

}  // namespace tslm
