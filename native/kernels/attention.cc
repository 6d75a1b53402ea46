// Scaled dot-product attention in bfloat16 (Vaswani et al. 2017, 3.2.1) without a matrix of all pairs in memory: the
// scores of 32 queries at a time, or of 32 keys, are made, used and forgotten (Dao et al. 2022). With p the softmax of
// s = scale q kᵀ + bias over the keys that a query sees:
//
//     o = p v
//     ds = p ∘ (do vᵀ − Σ_d do o),   dq = scale ds k,   dk = scale dsᵀ q,   dv = pᵀ do
//
// What is kept for the way back is log Σ e^s of each query. The way back goes over the keys of each block of queries for
// dq, and over the queries of each block of keys for dk and dv: scores are made twice, and nothing is transposed.
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <cmath>
#include <vector>

#include "linear.h"

namespace tslm {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Heads [batch, heads, time, dim] with contiguous vectors, wherever they lie.
struct HeadsView {
  bfloat16* data;
  int64_t batchStride, headStride, timeStride;

  explicit HeadsView(const at::Tensor& x)
      : data(elements<bfloat16>(x)), batchStride(x.stride(0)), headStride(x.stride(1)), timeStride(x.stride(2)) {}
  bfloat16* head(int64_t batch, int64_t head) const { return data + batch * batchStride + head * headStride; }
  Matrix matrix(int64_t b, int64_t h) const { return {head(b, h), false, timeStride, 1}; }
};

// What is added to scores: float32, [batch, heads, queries, keys] with strides, those of repeated dimensions 0.
struct Bias {
  const float* data = nullptr;
  int64_t strides[4] = {};

  Bias() = default;
  explicit Bias(const at::Tensor& expanded) : data(elements<float>(expanded)) {
    for (int i = 0; i < 4; i++) strides[i] = expanded.stride(i);
  }
  const float* head(int64_t batch, int64_t head) const {
    return data ? data + batch * strides[0] + head * strides[1] : nullptr;
  }
};

struct Shape {
  int64_t batch, heads, kvHeads, queries, keys, dim;
  float scale;
  bool causal;
  int64_t window;  // 0: all

  // The keys that a query sees: it is one of the last of the keys' positions.
  Range keysOf(int64_t query) const {
    const int64_t position = keys - queries + query;
    const int64_t end = causal ? position + 1 : keys;
    return {window > 0 && position + 1 > window ? position + 1 - window : 0, end};
  }
  // The queries that see a key.
  Range queriesOf(int64_t key) const {
    const int64_t own = key - (keys - queries);
    const int64_t begin = causal && own > 0 ? own : 0;
    return {begin, window > 0 ? std::max(begin, std::min(queries, own + window)) : queries};
  }
};

// A matrix packed as a second factor: panels of 32 columns, each with all rows.
struct Packed {
  std::vector<bfloat16> data;
  int64_t steps = 0;

  void pack(const Matrix& b, int64_t rows, int64_t columns) {
    steps = blocksOf(rows);
    const int64_t panels = blocksOf(columns);
    data.resize(static_cast<size_t>(panels * steps * kStepSize));
    for (int64_t j = 0; j < panels; j++) packB(b, rows, columns, 0, steps, j * kBlock, data.data() + j * steps * kStepSize);
  }
  const bfloat16* panel(int64_t j, int64_t step = 0) const { return data.data() + (j * steps + step) * kStepSize; }
};

// What a thread needs for one head.
struct Scratch {
  Packed keysAcross, keysDown, valuesAcross, valuesDown;        // kᵀ, k, vᵀ, v
  Packed queriesAcross, queriesDown, gradientsAcross, gradientsDown;  // qᵀ, q, doᵀ, do
  std::vector<float> scores, products, sums, delta;
  std::vector<bfloat16> weights, slopes, panel;
};

Scratch& scratch() {
  thread_local Scratch space;
  return space;
}

template <class T>
T* room(std::vector<T>& buffer, int64_t size) {
  if (static_cast<int64_t>(buffer.size()) < size) buffer.resize(static_cast<size_t>(size));
  return buffer.data();
}

// Row by row x ← scale x (+ bias); −∞ outside `visible`.
TSLM_AVX512_LOOP void scaleRow(float* x, float scale, const float* bias, int64_t biasStride, Range visible, int64_t width) {
  constexpr float kNothing = -std::numeric_limits<float>::infinity();
  for (int64_t j = 0; j < visible.begin; j++) x[j] = kNothing;
  if (!bias) {
    for (int64_t j = visible.begin; j < visible.end; j++) x[j] *= scale;
  } else if (biasStride == 1) {
    for (int64_t j = visible.begin; j < visible.end; j++) x[j] = x[j] * scale + bias[j];
  } else {
    for (int64_t j = visible.begin; j < visible.end; j++) x[j] = x[j] * scale + bias[j * biasStride];
  }
  for (int64_t j = visible.end; j < width; j++) x[j] = kNothing;
}

// The softmax of a row, rounded; returns log Σ eˣ.
TSLM_AVX512_LOOP float softmaxRow(float* x, bfloat16* p, int64_t width) {
  float top = -std::numeric_limits<float>::infinity();
#pragma omp simd reduction(max : top)
  for (int64_t j = 0; j < width; j++) top = top < x[j] ? x[j] : top;
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t j = 0; j < width; j++) {
    x[j] = exponential(x[j] - top);
    sum += x[j];
  }
  const float factor = 1.0f / sum;
  for (int64_t j = 0; j < width; j++) store(p + j, x[j] * factor);
  return top + std::log(sum);
}

// A row of p from its scores, and of ds from do vᵀ; `logSum` and `delta` are the row's.
TSLM_AVX512_LOOP void backwardRow(const float* x, const float* dp, float logSum, float delta, float scale, bfloat16* ds,
                                  int64_t width) {
  for (int64_t j = 0; j < width; j++) store(ds + j, exponential(x[j] - logSum) * (dp[j] - delta) * scale);
}

// The same along a key: each query has its own.
TSLM_AVX512_LOOP void backwardColumn(const float* x, const float* dp, const float* logSum, const float* delta,
                                     float scale, bfloat16* p, bfloat16* ds, int64_t width, int64_t padded) {
  for (int64_t j = 0; j < width; j++) {
    const float weight = exponential(x[j] - logSum[j]);
    store(p + j, weight);
    store(ds + j, weight * (dp[j] - delta[j]) * scale);
  }
  for (int64_t j = width; j < padded; j++) p[j] = ds[j] = 0;
}

TSLM_AVX512_LOOP float dotRow(const bfloat16* a, const bfloat16* b, int64_t count) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t j = 0; j < count; j++) sum += load(a + j) * load(b + j);
  return sum;
}

TSLM_AVX512_LOOP void storeRows(const float* sums, int64_t stride, bfloat16* out, int64_t outStride, int64_t rows,
                                int64_t columns) {
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) store(out + i * outStride + j, sums[i * stride + j]);
  }
}

// The products of 32 rows of `a` with columns [begin, end) of a packed matrix → rows that are `stride` apart.
void productsOf(MultiplyBlock multiply, const Matrix& a, int64_t m, int64_t k, int64_t row, const Packed& b,
                Range panels, float* out, int64_t stride, std::vector<bfloat16>& buffer) {
  const int64_t steps = blocksOf(k);
  const BlockA rows = panelOfA(a, m, k, row, 0, steps, room(buffer, steps * kStepSize));
  for (int64_t j = panels.begin; j < panels.end; j++) {
    multiply(rows, b.panel(j), steps, out + (j - panels.begin) * kBlock, stride, false);
  }
}

// Weights [32, steps · 32] times rows of a packed matrix from `firstStep` on → [32, dim]
void mixturesOf(MultiplyBlock multiply, const bfloat16* weights, int64_t stride, const Packed& b, int64_t firstStep,
                int64_t steps, int64_t dim, float* out, bool accumulate = false) {
  const int64_t outStride = blocksOf(dim) * kBlock;
  for (int64_t j = 0; j < blocksOf(dim); j++) {
    multiply({weights, stride, kBlock}, b.panel(j, firstStep), steps, out + j * kBlock, outStride, accumulate);
  }
}

// Whole blocks of 32 that hold `range`.
Range blocksAround(Range range) { return {range.begin / kBlock, blocksOf(range.end)}; }

struct Operands {
  Shape shape;
  HeadsView query, key, value, result;
  Bias bias;
  float* logSums;  // [batch, heads, queries]
};

void forwardHead(const Operands& o, int64_t b, int64_t h) {
  const Shape& shape = o.shape;
  const int64_t kv = h / (shape.heads / shape.kvHeads), dim = shape.dim, keys = shape.keys;
  Scratch& space = scratch();
  const MultiplyBlock multiply = multiplyBlock();
  const TileScope tiles;
  space.keysAcross.pack(o.key.matrix(b, kv).transposed(), dim, keys);
  space.valuesDown.pack(o.value.matrix(b, kv), keys, dim);
  const int64_t stride = blocksOf(keys) * kBlock, outStride = blocksOf(dim) * kBlock;
  float* scores = room(space.scores, kBlock * stride);
  float* sums = room(space.sums, kBlock * outStride);
  bfloat16* weights = room(space.weights, kBlock * stride);
  const float* bias = o.bias.head(b, h);
  float* logSums = o.logSums + (b * shape.heads + h) * shape.queries;
  for (int64_t row = 0; row < shape.queries; row += kBlock) {
    const int64_t rows = std::min(kBlock, shape.queries - row);
    const Range panels = blocksAround({shape.keysOf(row).begin, shape.keysOf(row + rows - 1).end});
    const int64_t first = panels.begin * kBlock, width = (panels.end - panels.begin) * kBlock;
    productsOf(multiply, o.query.matrix(b, h), shape.queries, dim, row, space.keysAcross, panels, scores, stride,
               space.panel);
    for (int64_t i = 0; i < kBlock; i++) {
      if (i >= rows) {
        std::memset(weights + i * stride, 0, width * sizeof(bfloat16));
        continue;
      }
      const Range seen = shape.keysOf(row + i);
      const float* biasRow = bias ? bias + (row + i) * o.bias.strides[2] + first * o.bias.strides[3] : nullptr;
      scaleRow(scores + i * stride, shape.scale, biasRow, o.bias.strides[3], {seen.begin - first, seen.end - first}, width);
      logSums[row + i] = softmaxRow(scores + i * stride, weights + i * stride, width);
    }
    mixturesOf(multiply, weights, stride, space.valuesDown, panels.begin, panels.end - panels.begin, dim, sums);
    storeRows(sums, outStride, o.result.head(b, h) + row * o.result.timeStride, o.result.timeStride, rows, dim);
  }
}

// So few queries that packing the keys would cost more than meeting them: each is read once, where it is.
constexpr int64_t kFewQueries = 8;

TSLM_AVX512_LOOP void addScaledRow(float* sums, float weight, const bfloat16* value, int64_t dim) {
  for (int64_t j = 0; j < dim; j++) sums[j] += weight * load(value + j);
}

void forwardFewQueries(const Operands& o, int64_t b, int64_t h) {
  const Shape& shape = o.shape;
  const int64_t kv = h / (shape.heads / shape.kvHeads), dim = shape.dim;
  Scratch& space = scratch();
  float* scores = room(space.scores, shape.keys);
  float* sums = room(space.sums, dim);
  bfloat16* weights = room(space.weights, shape.keys);
  const float* bias = o.bias.head(b, h);
  const bfloat16 *keys = o.key.head(b, kv), *values = o.value.head(b, kv);
  for (int64_t i = 0; i < shape.queries; i++) {
    const Range seen = shape.keysOf(i);
    const int64_t count = seen.end - seen.begin;
    const bfloat16* query = o.query.head(b, h) + i * o.query.timeStride;
    for (int64_t j = 0; j < count; j++) scores[j] = dotRow(query, keys + (seen.begin + j) * o.key.timeStride, dim);
    const float* biasRow = bias ? bias + i * o.bias.strides[2] + seen.begin * o.bias.strides[3] : nullptr;
    scaleRow(scores, shape.scale, biasRow, o.bias.strides[3], {0, count}, count);
    o.logSums[(b * shape.heads + h) * shape.queries + i] = softmaxRow(scores, weights, count);
    std::fill_n(sums, dim, 0.0f);
    for (int64_t j = 0; j < count; j++) {
      addScaledRow(sums, load(weights + j), values + (seen.begin + j) * o.value.timeStride, dim);
    }
    storeRows(sums, dim, o.result.head(b, h) + i * o.result.timeStride, o.result.timeStride, 1, dim);
  }
}

struct Gradients {
  HeadsView result;  // do
  HeadsView query, key, value;
};

// dq of one head; leaves Σ do o of each query in `delta`.
void backwardQueries(const Operands& o, const Gradients& g, int64_t b, int64_t h, Scratch& space, float* delta) {
  const Shape& shape = o.shape;
  const int64_t dim = shape.dim, keys = shape.keys;
  const MultiplyBlock multiply = multiplyBlock();
  const int64_t stride = blocksOf(keys) * kBlock, outStride = blocksOf(dim) * kBlock;
  float* scores = room(space.scores, kBlock * stride);
  float* products = room(space.products, kBlock * stride);
  float* sums = room(space.sums, kBlock * outStride);
  bfloat16* slopes = room(space.slopes, kBlock * stride);
  const float* bias = o.bias.head(b, h);
  const float* logSums = o.logSums + (b * shape.heads + h) * shape.queries;
  for (int64_t row = 0; row < shape.queries; row += kBlock) {
    const int64_t rows = std::min(kBlock, shape.queries - row);
    const Range panels = blocksAround({shape.keysOf(row).begin, shape.keysOf(row + rows - 1).end});
    const int64_t first = panels.begin * kBlock, width = (panels.end - panels.begin) * kBlock;
    productsOf(multiply, o.query.matrix(b, h), shape.queries, dim, row, space.keysAcross, panels, scores, stride,
               space.panel);
    productsOf(multiply, g.result.matrix(b, h), shape.queries, dim, row, space.valuesAcross, panels, products, stride,
               space.panel);
    for (int64_t i = 0; i < kBlock; i++) {
      if (i >= rows) {
        std::memset(slopes + i * stride, 0, width * sizeof(bfloat16));
        continue;
      }
      const int64_t query = row + i;
      delta[query] = dotRow(g.result.head(b, h) + query * g.result.timeStride,
                            o.result.head(b, h) + query * o.result.timeStride, dim);
      const Range seen = shape.keysOf(query);
      const float* biasRow = bias ? bias + query * o.bias.strides[2] + first * o.bias.strides[3] : nullptr;
      scaleRow(scores + i * stride, shape.scale, biasRow, o.bias.strides[3], {seen.begin - first, seen.end - first}, width);
      backwardRow(scores + i * stride, products + i * stride, logSums[query], delta[query], shape.scale,
                  slopes + i * stride, width);
    }
    mixturesOf(multiply, slopes, stride, space.keysDown, panels.begin, panels.end - panels.begin, dim, sums);
    storeRows(sums, outStride, g.query.head(b, h) + row * g.query.timeStride, g.query.timeStride, rows, dim);
  }
}

// What one head of queries adds to dk and dv, [keys, dim] in float32.
void backwardKeys(const Operands& o, const Gradients& g, int64_t b, int64_t h, Scratch& space, const float* delta,
                  float* dk, float* dv, bool accumulate) {
  const Shape& shape = o.shape;
  const int64_t kv = h / (shape.heads / shape.kvHeads), dim = shape.dim, queries = shape.queries;
  const MultiplyBlock multiply = multiplyBlock();
  space.queriesAcross.pack(o.query.matrix(b, h).transposed(), dim, queries);
  space.queriesDown.pack(o.query.matrix(b, h), queries, dim);
  space.gradientsAcross.pack(g.result.matrix(b, h).transposed(), dim, queries);
  space.gradientsDown.pack(g.result.matrix(b, h), queries, dim);
  const int64_t stride = blocksOf(queries) * kBlock, outStride = blocksOf(dim) * kBlock;
  float* scores = room(space.scores, kBlock * stride);
  float* products = room(space.products, kBlock * stride);
  bfloat16* weights = room(space.weights, kBlock * stride);
  bfloat16* slopes = room(space.slopes, kBlock * stride);
  const float* bias = o.bias.head(b, h);
  const float* logSums = o.logSums + (b * shape.heads + h) * queries;
  for (int64_t row = 0; row < shape.keys; row += kBlock) {
    const int64_t rows = std::min(kBlock, shape.keys - row);
    const Range panels = blocksAround({shape.queriesOf(row).begin, shape.queriesOf(row + rows - 1).end});
    const int64_t first = panels.begin * kBlock, padded = (panels.end - panels.begin) * kBlock;
    const int64_t width = std::min(padded, queries - first);
    float *dkRows = dk + row * outStride, *dvRows = dv + row * outStride;
    if (width <= 0) {
      if (!accumulate) {
        std::memset(dkRows, 0, kBlock * outStride * sizeof(float));
        std::memset(dvRows, 0, kBlock * outStride * sizeof(float));
      }
      continue;
    }
    productsOf(multiply, o.key.matrix(b, kv), shape.keys, dim, row, space.queriesAcross, panels, scores, stride, space.panel);
    productsOf(multiply, o.value.matrix(b, kv), shape.keys, dim, row, space.gradientsAcross, panels, products, stride,
               space.panel);
    for (int64_t i = 0; i < kBlock; i++) {
      if (i >= rows) {
        std::memset(weights + i * stride, 0, padded * sizeof(bfloat16));
        std::memset(slopes + i * stride, 0, padded * sizeof(bfloat16));
        continue;
      }
      const Range seen = shape.queriesOf(row + i);
      const float* biasColumn = bias ? bias + (row + i) * o.bias.strides[3] + first * o.bias.strides[2] : nullptr;
      scaleRow(scores + i * stride, shape.scale, biasColumn, o.bias.strides[2], {seen.begin - first, seen.end - first}, width);
      backwardColumn(scores + i * stride, products + i * stride, logSums + first, delta + first, shape.scale,
                     weights + i * stride, slopes + i * stride, width, padded);
    }
    mixturesOf(multiply, weights, stride, space.gradientsDown, panels.begin, panels.end - panels.begin, dim, dvRows, accumulate);
    mixturesOf(multiply, slopes, stride, space.queriesDown, panels.begin, panels.end - panels.begin, dim, dkRows, accumulate);
  }
}

void backwardGroup(const Operands& o, const Gradients& g, int64_t b, int64_t kv) {
  const Shape& shape = o.shape;
  const int64_t group = shape.heads / shape.kvHeads, outStride = blocksOf(shape.dim) * kBlock;
  Scratch& space = scratch();
  const TileScope tiles;
  space.keysAcross.pack(o.key.matrix(b, kv).transposed(), shape.dim, shape.keys);
  space.keysDown.pack(o.key.matrix(b, kv), shape.keys, shape.dim);
  space.valuesAcross.pack(o.value.matrix(b, kv).transposed(), shape.dim, shape.keys);
  const int64_t size = blocksOf(shape.keys) * kBlock * outStride;
  std::vector<float> both(static_cast<size_t>(2 * size));
  float *dk = both.data(), *dv = dk + size;
  float* delta = room(space.delta, shape.queries);
  for (int64_t i = 0; i < group; i++) {
    const int64_t h = kv * group + i;
    backwardQueries(o, g, b, h, space, delta);
    backwardKeys(o, g, b, h, space, delta, dk, dv, i > 0);
  }
  storeRows(dk, outStride, g.key.head(b, kv), g.key.timeStride, shape.keys, shape.dim);
  storeRows(dv, outStride, g.value.head(b, kv), g.value.timeStride, shape.keys, shape.dim);
}

// Vectors contiguous, whatever else is not.
at::Tensor withVectors(const at::Tensor& x) { return x.stride(-1) == 1 || x.size(-1) == 1 ? x : x.contiguous(); }

// [batch, heads, time, dim] that lies in memory as [batch, time, heads, dim], as the next projection reads it
at::Tensor emptyHeads(const at::Tensor& like, int64_t batch, int64_t heads, int64_t time, int64_t dim) {
  return at::empty({batch, time, heads, dim}, like.options()).transpose(1, 2);
}

Shape shapeOf(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, double scale, bool causal,
              int64_t window) {
  TORCH_CHECK(query.dim() == 4 && key.dim() == 4 && value.dim() == 4 && key.sizes() == value.sizes() &&
                  query.size(0) == key.size(0) && query.size(3) == key.size(3) && key.size(1) > 0 &&
                  query.size(1) % key.size(1) == 0,
              "attention takes queries [batch, heads, time, dim] and keys and values [batch, kv heads, keys, dim], not ",
              query.sizes(), ", ", key.sizes(), " and ", value.sizes());
  for (const at::Tensor& x : {query, key, value}) {
    TORCH_CHECK(x.scalar_type() == at::kBFloat16, "attention takes bfloat16, not ", x.scalar_type());
  }
  TORCH_CHECK(key.size(2) > 0 && (!causal || query.size(2) <= key.size(2)),
              "attention takes at least one key, and for causal no more queries than keys");
  TORCH_CHECK(window >= 0 && (window == 0 || causal), "attention takes a window of at least 0, with causal only");
  return {query.size(0), query.size(1), key.size(1), query.size(2), key.size(2), query.size(3),
          static_cast<float>(scale), causal, window};
}

at::Tensor expandedBias(const Optional<at::Tensor>& bias, const Shape& shape) {
  if (!bias || !bias->defined()) return {};
  return bias->to(at::kFloat).expand({shape.batch, shape.heads, shape.queries, shape.keys});
}

struct Result {
  at::Tensor context, logSums;
};

Result forwardOf(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value, const Optional<at::Tensor>& bias,
                 const Shape& shape) {
  const at::Tensor q = withVectors(query), k = withVectors(key), v = withVectors(value), added = expandedBias(bias, shape);
  Result result{emptyHeads(q, shape.batch, shape.heads, shape.queries, shape.dim),
                at::empty({shape.batch, shape.heads, shape.queries}, q.options().dtype(at::kFloat))};
  const Operands operands{shape, HeadsView(q), HeadsView(k), HeadsView(v), HeadsView(result.context),
                          added.defined() ? Bias(added) : Bias(), elements<float>(result.logSums)};
  at::parallel_for(0, shape.batch * shape.heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      (shape.queries <= kFewQueries ? forwardFewQueries : forwardHead)(operands, i / shape.heads, i % shape.heads);
    }
  });
  return result;
}

void backwardInto(const at::Tensor& gradient, const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                  const at::Tensor& bias, const Result& result, const Shape& shape, const at::Tensor& dq,
                  const at::Tensor& dk, const at::Tensor& dv) {
  const at::Tensor q = withVectors(query), k = withVectors(key), v = withVectors(value), d = withVectors(gradient);
  const at::Tensor added = expandedBias(bias.defined() ? Optional<at::Tensor>(bias) : Optional<at::Tensor>(), shape);
  const Operands operands{shape, HeadsView(q), HeadsView(k), HeadsView(v), HeadsView(result.context),
                          added.defined() ? Bias(added) : Bias(), elements<float>(result.logSums)};
  const Gradients gradients{HeadsView(d), HeadsView(dq), HeadsView(dk), HeadsView(dv)};
  at::parallel_for(0, shape.batch * shape.kvHeads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) backwardGroup(operands, gradients, i / shape.kvHeads, i % shape.kvHeads);
  });
}

at::Tensor attention(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                     const Optional<at::Tensor>& bias, double scale, bool causal, int64_t window) {
  return forwardOf(query, key, value, bias, shapeOf(query, key, value, scale, causal, window)).context;
}

struct Attention : torch::autograd::Function<Attention> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& query, const at::Tensor& key,
                            const at::Tensor& value, const Optional<at::Tensor>& bias, double scale, bool causal,
                            int64_t window) {
    TORCH_CHECK(!bias || !bias->requires_grad(), "attention gives no gradient of its bias");
    const Result result = forwardOf(query, key, value, bias, shapeOf(query, key, value, scale, causal, window));
    context->save_for_backward({query, key, value, bias ? *bias : at::Tensor(), result.context, result.logSums});
    context->saved_data["scale"] = scale;
    context->saved_data["causal"] = causal;
    context->saved_data["window"] = window;
    return result.context;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("attention");
    const auto saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2];
    const Shape shape = shapeOf(q, k, v, context->saved_data["scale"].toDouble(), context->saved_data["causal"].toBool(),
                                context->saved_data["window"].toInt());
    const at::Tensor dq = emptyHeads(q, shape.batch, shape.heads, shape.queries, shape.dim);
    const at::Tensor dk = emptyHeads(k, shape.batch, shape.kvHeads, shape.keys, shape.dim);
    const at::Tensor dv = emptyHeads(v, shape.batch, shape.kvHeads, shape.keys, shape.dim);
    backwardInto(gradients[0], q, k, v, saved[3], {saved[4], saved[5]}, shape, dq, dk, dv);
    return {dq, dk, dv, {}, {}, {}, {}};
  }
};

at::Tensor attentionAutograd(const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
                             const Optional<at::Tensor>& bias, double scale, bool causal, int64_t window) {
  return Attention::apply(query, key, value, bias, scale, causal, window);
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

at::Tensor attentionPacked(const at::Tensor& input, int64_t heads, int64_t kvHeads, bool byHead,
                           const Optional<at::Tensor>& bias, double scale, bool causal, int64_t window) {
  checkPacked(input, heads, kvHeads, byHead);
  const auto [q, k, v] = partsOf(input.contiguous(), heads, kvHeads, byHead);
  return attention(q, k, v, bias, scale, causal, window);
}

struct AttentionPacked : torch::autograd::Function<AttentionPacked> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& input, int64_t heads, int64_t kvHeads,
                            bool byHead, const Optional<at::Tensor>& bias, double scale, bool causal, int64_t window) {
    TORCH_CHECK(!bias || !bias->requires_grad(), "attention gives no gradient of its bias");
    checkPacked(input, heads, kvHeads, byHead);
    const at::Tensor qkv = input.contiguous();
    const auto [q, k, v] = partsOf(qkv, heads, kvHeads, byHead);
    const Result result = forwardOf(q, k, v, bias, shapeOf(q, k, v, scale, causal, window));
    context->save_for_backward({qkv, bias ? *bias : at::Tensor(), result.context, result.logSums});
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
    const Shape shape = shapeOf(q, k, v, context->saved_data["scale"].toDouble(), context->saved_data["causal"].toBool(),
                                context->saved_data["window"].toInt());
    backwardInto(gradients[0], q, k, v, saved[1], {saved[2], saved[3]}, shape, dq, dk, dv);
    return {gradient, {}, {}, {}, {}, {}, {}, {}};
  }
};

at::Tensor attentionPackedAutograd(const at::Tensor& qkv, int64_t heads, int64_t kvHeads, bool byHead,
                                   const Optional<at::Tensor>& bias, double scale, bool causal, int64_t window) {
  return AttentionPacked::apply(qkv, heads, kvHeads, byHead, bias, scale, causal, window);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def(
      "attention(Tensor query, Tensor key, Tensor value, Tensor? bias, float scale, bool causal, int window) -> Tensor");
  m.def(
      "attention_packed(Tensor qkv, int heads, int kv_heads, bool by_head, Tensor? bias, float scale, bool causal, "
      "int window) -> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) {
  m.impl("attention", TORCH_FN(attention));
  m.impl("attention_packed", TORCH_FN(attentionPacked));
}
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) {
  m.impl("attention", TORCH_FN(attentionAutograd));
  m.impl("attention_packed", TORCH_FN(attentionPackedAutograd));
}

}  // namespace tslm
