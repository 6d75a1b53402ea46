// From the gradient of the mixtures to those of queries, keys and values; see `attention.cc`.
#include "attention.h"

namespace tslm::attention {
namespace {

// A row of p from its scores, and of ds from do vᵀ; `by` and `delta` are the row's.
template <class T>
void backwardRow(const float* x, const float* dp, Normalizer by, float delta, float scale, T* ds, int64_t width) {
  vectorised([=]() TSLM_INSIDE {
    for (int64_t j = 0; j < width; j++) store(ds + j, exponential(x[j] - by.top) * by.factor * (dp[j] - delta) * scale);
  });
}

// The same along a key: each query has its own.
template <class T>
void backwardColumn(const float* x, const float* dp, const float* tops, const float* factors, const float* delta, float scale,
                    T* p, T* ds, int64_t width, int64_t padded) {
  vectorised([=]() TSLM_INSIDE {
    for (int64_t j = 0; j < width; j++) {
      const float weight = exponential(x[j] - tops[j]) * factors[j];
      store(p + j, weight);
      store(ds + j, weight * (dp[j] - delta[j]) * scale);
    }
    for (int64_t j = width; j < padded; j++) p[j] = ds[j] = 0;
  });
}

// dq of one head; leaves Σ do o of each query in `delta`.
template <class T>
void backwardQueries(const Operands<T>& o, const Gradients<T>& g, int64_t b, int64_t h, ScratchOf<T>& space, float* delta) {
  const Shape shape = o.shape.of(b);
  const int64_t dim = shape.dim, keys = shape.keys;
  const MultiplyBlocks<T> multiply = Blocks<T>::multiply();
  const int64_t stride = blocksOf(keys) * kBlock, outStride = blocksOf(dim) * kBlock;
  float* scores = room(space.scores, kBlock * stride);
  float* products = room(space.products, kBlock * stride);
  float* sums = room(space.sums, kBlock * outStride);
  T* slopes = room(space.slopes, kBlock * stride);
  const float* bias = o.bias.head(b, h);
  const int64_t firstRow = (b * shape.heads + h) * shape.queries;
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
        std::memset(slopes + i * stride, 0, width * sizeof(T));
        continue;
      }
      const int64_t query = row + i;
      delta[query] = dotRow(g.result.head(b, h) + query * g.result.timeStride,
                            o.result.head(b, h) + query * o.result.timeStride, dim);
      const Range seen = shape.keysOf(query);
      const float* biasRow = bias ? bias + query * o.bias.strides[2] + first * o.bias.strides[3] : nullptr;
      scaleRow(scores + i * stride, shape.scale, biasRow, o.bias.strides[3], {seen.begin - first, seen.end - first}, width);
      const Normalizer by{o.tops[firstRow + query], o.factors[firstRow + query]};
      backwardRow(scores + i * stride, products + i * stride, by, delta[query], shape.scale,
                  slopes + i * stride, width);
    }
    mixturesOf(multiply, slopes, stride, space.keysDown, panels.begin, panels.end - panels.begin, dim, sums);
    storeRows(sums, outStride, g.query.head(b, h) + row * g.query.timeStride, g.query.timeStride, rows, dim);
  }
}

// What one head of queries adds to dk and dv, [keys, dim] in float32.
template <class T>
void backwardKeys(const Operands<T>& o, const Gradients<T>& g, int64_t b, int64_t h, ScratchOf<T>& space, const float* delta,
                  float* dk, float* dv, bool accumulate) {
  const Shape shape = o.shape.of(b);
  const int64_t kv = h / (shape.heads / shape.kvHeads), dim = shape.dim, queries = shape.queries;
  const MultiplyBlocks<T> multiply = Blocks<T>::multiply();
  space.queriesAcross.pack(o.query.matrix(b, h).transposed(), dim, queries);
  space.queriesDown.pack(o.query.matrix(b, h), queries, dim);
  space.gradientsAcross.pack(g.result.matrix(b, h).transposed(), dim, queries);
  space.gradientsDown.pack(g.result.matrix(b, h), queries, dim);
  const int64_t stride = blocksOf(queries) * kBlock, outStride = blocksOf(dim) * kBlock;
  float* scores = room(space.scores, kBlock * stride);
  float* products = room(space.products, kBlock * stride);
  T* weights = room(space.weights, kBlock * stride);
  T* slopes = room(space.slopes, kBlock * stride);
  const float* bias = o.bias.head(b, h);
  const float *tops = o.tops + (b * shape.heads + h) * queries, *factors = o.factors + (b * shape.heads + h) * queries;
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
        std::memset(weights + i * stride, 0, padded * sizeof(T));
        std::memset(slopes + i * stride, 0, padded * sizeof(T));
        continue;
      }
      const Range seen = shape.queriesOf(row + i);
      const float* biasColumn = bias ? bias + (row + i) * o.bias.strides[3] + first * o.bias.strides[2] : nullptr;
      scaleRow(scores + i * stride, shape.scale, biasColumn, o.bias.strides[2], {seen.begin - first, seen.end - first}, width);
      backwardColumn(scores + i * stride, products + i * stride, tops + first, factors + first, delta + first, shape.scale,
                     weights + i * stride, slopes + i * stride, width, padded);
    }
    mixturesOf(multiply, weights, stride, space.gradientsDown, panels.begin, panels.end - panels.begin, dim, dvRows, accumulate);
    mixturesOf(multiply, slopes, stride, space.queriesDown, panels.begin, panels.end - panels.begin, dim, dkRows, accumulate);
  }
}

}  // namespace

template <class T>
void backwardGroup(const Operands<T>& o, const Gradients<T>& g, int64_t b, int64_t kv) {
  const Shape& shape = o.shape;
  const int64_t group = shape.heads / shape.kvHeads, outStride = blocksOf(shape.dim) * kBlock;
  ScratchOf<T>& space = scratchOf<T>();
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

template void backwardGroup(const Operands<bfloat16>&, const Gradients<bfloat16>&, int64_t, int64_t);
template void backwardGroup(const Operands<float>&, const Gradients<float>&, int64_t, int64_t);

}  // namespace tslm::attention
