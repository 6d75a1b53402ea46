// What both ways of attention work with: heads where they lie in memory, which keys a query sees, packed factors, and
// rows of scores. The formulas are in `attention.cc`.
#pragma once

#include <cmath>
#include <cstring>
#include <type_traits>
#include <vector>

#include "linear.h"

namespace tslm::attention {

// Heads [batch, heads, time, dim] with contiguous vectors, wherever they lie.
template <class T>
struct HeadsOf {
  T* data;
  int64_t batchStride, headStride, timeStride;

  explicit HeadsOf(const at::Tensor& x)
      : data(elements<T>(x)), batchStride(x.stride(0)), headStride(x.stride(1)), timeStride(x.stride(2)) {}
  T* head(int64_t batch, int64_t head) const { return data + batch * batchStride + head * headStride; }
  Matrix matrix(int64_t b, int64_t h) const { return {head(b, h), std::is_same<T, float>::value, timeStride, 1}; }
};
using HeadsView = HeadsOf<bfloat16>;

// Vectors contiguous, whatever else is not.
inline at::Tensor withVectors(const at::Tensor& x) {
  return x.stride(-1) == 1 || x.size(-1) == 1 ? x : x.contiguous();
}

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
  // Where the document of each position begins and ends, [batch, keys]; null: all positions are one document.
  const int64_t *starts = nullptr, *ends = nullptr;

  // With the documents of one sequence of the batch.
  Shape of(int64_t b) const {
    Shape own = *this;
    if (starts) own.starts += b * keys, own.ends += b * keys;
    return own;
  }
  // The keys that a query sees: it is one of the last of the keys' positions.
  Range keysOf(int64_t query) const {
    const int64_t position = keys - queries + query;
    const int64_t end = causal ? position + 1 : ends ? ends[position] : keys;
    const int64_t begin = window > 0 && position + 1 > window ? position + 1 - window : 0;
    return {starts ? std::max(begin, starts[position]) : begin, end};
  }
  // The queries that see a key.
  Range queriesOf(int64_t key) const {
    const int64_t past = keys - queries, own = key - past;
    const int64_t first = causal ? own : starts ? starts[key] - past : 0;
    const int64_t begin = std::max<int64_t>(first, 0), last = ends ? std::min(queries, ends[key] - past) : queries;
    return {begin, std::max(begin, window > 0 ? std::min(last, own + window) : last)};
  }
};

// Blocks of each element type: how they are multiplied, and how factors come to lie.
template <class T>
struct Blocks;

template <>
struct Blocks<bfloat16> {
  static MultiplyBlock multiply() { return multiplyBlock(); }
  static void pack(const Matrix& b, int64_t k, int64_t n, int64_t steps, int64_t column, bfloat16* out) {
    packB(b, k, n, 0, steps, column, out);
  }
  static BlockA rows(const Matrix& a, int64_t m, int64_t k, int64_t row, int64_t steps, bfloat16* out) {
    return panelOfA(a, m, k, row, 0, steps, out);
  }
};

template <>
struct Blocks<float> {
  static MultiplyBlocks<float> multiply() { return multiplyFloatBlock(); }
  static void pack(const Matrix& b, int64_t k, int64_t n, int64_t steps, int64_t column, float* out);
  static BlockOf<float> rows(const Matrix& a, int64_t m, int64_t k, int64_t row, int64_t steps, float* out);
};

// A matrix packed as a second factor: panels of 32 columns, each with all rows.
template <class T>
struct PackedOf {
  std::vector<T> data;
  int64_t steps = 0;

  void pack(const Matrix& b, int64_t rows, int64_t columns) {
    steps = blocksOf(rows);
    const int64_t panels = blocksOf(columns);
    data.resize(static_cast<size_t>(panels * steps * kStepSize));
    for (int64_t j = 0; j < panels; j++) Blocks<T>::pack(b, rows, columns, steps, j * kBlock, data.data() + j * steps * kStepSize);
  }
  const T* panel(int64_t j, int64_t step = 0) const { return data.data() + (j * steps + step) * kStepSize; }
};

// What a thread needs for one head.
template <class T>
struct ScratchOf {
  PackedOf<T> keysAcross, keysDown, valuesAcross, valuesDown;        // kᵀ, k, vᵀ, v
  PackedOf<T> queriesAcross, queriesDown, gradientsAcross, gradientsDown;  // qᵀ, q, doᵀ, do
  std::vector<float> scores, products, sums, delta;
  std::vector<T> weights, slopes, panel;
};
using Scratch = ScratchOf<bfloat16>;

template <class T>
ScratchOf<T>& scratchOf() {
  thread_local ScratchOf<T> space;
  return space;
}
inline Scratch& scratch() { return scratchOf<bfloat16>(); }

template <class T>
T* room(std::vector<T>& buffer, int64_t size) {
  if (static_cast<int64_t>(buffer.size()) < size) buffer.resize(static_cast<size_t>(size));
  return buffer.data();
}

// Row by row x ← scale x (+ bias); −∞ outside `visible`.
inline void scaleRow(float* x, float scale, const float* bias, int64_t biasStride, Range visible, int64_t width) {
  vectorised([=]() TSLM_INSIDE {
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
  });
}

// What makes weights of scores again: e^(x − top) · factor. Log Σ eˣ alone would not: where a mask hides all of a row with the
// lowest float, the logarithm of the sum is lost beside it.
struct Normalizer {
  float top, factor;
};

// The softmax of a row, in bfloat16 rounded.
template <class T>
inline Normalizer softmaxRow(float* x, T* p, int64_t width) {
  return vectorised([=]() TSLM_INSIDE {
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
    return Normalizer{top, factor};
  });
}

template <class T>
inline float dotRow(const T* a, const T* b, int64_t count) {
  return vectorised([=]() TSLM_INSIDE {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < count; j++) sum += load(a + j) * load(b + j);
    return sum;
  });
}

template <class T>
inline void storeRows(const float* sums, int64_t stride, T* out, int64_t outStride, int64_t rows, int64_t columns) {
  vectorised([=]() TSLM_INSIDE {
    for (int64_t i = 0; i < rows; i++) {
      for (int64_t j = 0; j < columns; j++) store(out + i * outStride + j, sums[i * stride + j]);
    }
  });
}

// The products of 32 rows of `a` with columns [begin, end) of a packed matrix → rows that are `stride` apart.
template <class T>
inline void productsOf(MultiplyBlocks<T> multiply, const Matrix& a, int64_t m, int64_t k, int64_t row, const PackedOf<T>& b,
                       Range panels, float* out, int64_t stride, std::vector<T>& buffer) {
  const int64_t steps = blocksOf(k);
  const BlockOf<T> rows = Blocks<T>::rows(a, m, k, row, steps, room(buffer, steps * kStepSize));
  for (int64_t j = panels.begin; j < panels.end; j++) {
    multiply(rows, b.panel(j), steps, out + (j - panels.begin) * kBlock, stride, false, kBlock);
  }
}

// Weights [32, steps · 32] times rows of a packed matrix from `firstStep` on → [32, dim]
template <class T>
inline void mixturesOf(MultiplyBlocks<T> multiply, const T* weights, int64_t stride, const PackedOf<T>& b, int64_t firstStep,
                       int64_t steps, int64_t dim, float* out, bool accumulate = false) {
  const int64_t outStride = blocksOf(dim) * kBlock;
  for (int64_t j = 0; j < blocksOf(dim); j++) {
    multiply({weights, stride, kBlock}, b.panel(j, firstStep), steps, out + j * kBlock, outStride, accumulate, kBlock);
  }
}

// Whole blocks of 32 that hold `range`.
inline Range blocksAround(Range range) { return {range.begin / kBlock, blocksOf(range.end)}; }

// Documents that lie one after another in each sequence, [batch, keys]: where that of each position begins, and ends.
struct Documents {
  at::Tensor starts, ends;
  Documents() = default;
  Documents(const Optional<at::Tensor>& given, int64_t batch, int64_t keys);
};

template <class T>
struct Operands {
  Shape shape;
  HeadsOf<T> query, key, value, result;
  Bias bias;
  // Of each row's softmax, [batch, heads, queries].
  float *tops, *factors;
  void normalize(int64_t row, const Normalizer& by) const {
    tops[row] = by.top;
    factors[row] = by.factor;
  }
};

template <class T>
struct Gradients {
  HeadsOf<T> result;  // do
  HeadsOf<T> query, key, value;
};

// So few queries that packing the keys would cost more than meeting them: each is read once, where it is.
constexpr int64_t kFewQueries = 8;

// One head of queries, and the normalizer of each.
template <class T>
void forwardHead(const Operands<T>& o, int64_t batch, int64_t head);
template <class T>
void forwardFewQueries(const Operands<T>& o, int64_t batch, int64_t head);

// One head of keys and values, and the queries that share it.
template <class T>
void backwardGroup(const Operands<T>& o, const Gradients<T>& g, int64_t batch, int64_t kvHead);

}  // namespace tslm::attention
