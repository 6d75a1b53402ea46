// From queries, keys and values to their mixtures; see `attention.cc`.
#include "attention.h"

namespace tslm::attention {
namespace {

template <class T>
void addScaledRow(float* sums, float weight, const T* value, int64_t dim) {
  vectorised([=]() TSLM_INSIDE {
    for (int64_t j = 0; j < dim; j++) sums[j] += weight * load(value + j);
  });
}

}  // namespace

// Steps of 32 rows of B, 32 columns of each.
void Blocks<float>::pack(const Matrix& b, int64_t k, int64_t n, int64_t steps, int64_t column, float* out) {
  const auto* data = static_cast<const float*>(b.data);
  const int64_t width = std::min(kBlock, n - column), rowStride = b.rowStride, columnStride = b.columnStride;
  if (columnStride == 1) {
    for (int64_t i = 0; i < steps * kBlock; i++, out += kBlock) {
      const int64_t count = i < k ? width : 0;
      std::copy_n(data + (i < k ? i * rowStride + column : 0), count, out);
      std::fill(out + count, out + kBlock, 0.0f);
    }
    return;
  }
  std::fill_n(out, steps * kStepSize, 0.0f);
  vectorised([=]() TSLM_INSIDE {
    // Lines of B's columns, eight elements of each at a time.
    for (int64_t first = 0; first < k; first += 8) {
      const int64_t count = std::min<int64_t>(8, k - first);
      for (int64_t j = 0; j < width; j++) {
        const float* line = data + (column + j) * columnStride + first * rowStride;
        for (int64_t i = 0; i < count; i++) out[(first + i) * kBlock + j] = line[i * rowStride];
      }
    }
  });
}

BlockOf<float> Blocks<float>::rows(const Matrix& a, int64_t m, int64_t k, int64_t row, int64_t steps, float* out) {
  const float* data = static_cast<const float*>(a.data) + row * a.rowStride;
  if (row + kBlock <= m && steps * kBlock <= k) return {data, a.rowStride, kBlock};
  std::fill_n(out, steps * kStepSize, 0.0f);
  for (int64_t i = 0; i < std::min(kBlock, m - row); i++) {
    for (int64_t s = 0; s < steps; s++) {
      std::copy_n(data + i * a.rowStride + s * kBlock, std::min(kBlock, k - s * kBlock), out + s * kStepSize + i * kBlock);
    }
  }
  return {out, kBlock, kStepSize};
}

template <class T>
void forwardHead(const Operands<T>& o, int64_t b, int64_t h) {
  const Shape shape = o.shape.of(b);
  const int64_t kv = h / (shape.heads / shape.kvHeads), dim = shape.dim, keys = shape.keys;
  ScratchOf<T>& space = scratchOf<T>();
  const MultiplyBlocks<T> multiply = Blocks<T>::multiply();
  const TileScope tiles;
  space.keysAcross.pack(o.key.matrix(b, kv).transposed(), dim, keys);
  space.valuesDown.pack(o.value.matrix(b, kv), keys, dim);
  const int64_t stride = blocksOf(keys) * kBlock, outStride = blocksOf(dim) * kBlock;
  float* scores = room(space.scores, kBlock * stride);
  float* sums = room(space.sums, kBlock * outStride);
  T* weights = room(space.weights, kBlock * stride);
  const float* bias = o.bias.head(b, h);
  const int64_t firstRow = (b * shape.heads + h) * shape.queries;
  for (int64_t row = 0; row < shape.queries; row += kBlock) {
    const int64_t rows = std::min(kBlock, shape.queries - row);
    const Range panels = blocksAround({shape.keysOf(row).begin, shape.keysOf(row + rows - 1).end});
    const int64_t first = panels.begin * kBlock, width = (panels.end - panels.begin) * kBlock;
    productsOf(multiply, o.query.matrix(b, h), shape.queries, dim, row, space.keysAcross, panels, scores, stride,
               space.panel);
    for (int64_t i = 0; i < kBlock; i++) {
      if (i >= rows) {
        std::memset(weights + i * stride, 0, width * sizeof(T));
        continue;
      }
      const Range seen = shape.keysOf(row + i);
      const float* biasRow = bias ? bias + (row + i) * o.bias.strides[2] + first * o.bias.strides[3] : nullptr;
      scaleRow(scores + i * stride, shape.scale, biasRow, o.bias.strides[3], {seen.begin - first, seen.end - first}, width);
      o.normalize(firstRow + row + i, softmaxRow(scores + i * stride, weights + i * stride, width));
    }
    mixturesOf(multiply, weights, stride, space.valuesDown, panels.begin, panels.end - panels.begin, dim, sums);
    storeRows(sums, outStride, o.result.head(b, h) + row * o.result.timeStride, o.result.timeStride, rows, dim);
  }
}

template <class T>
void forwardFewQueries(const Operands<T>& o, int64_t b, int64_t h) {
  const Shape shape = o.shape.of(b);
  const int64_t kv = h / (shape.heads / shape.kvHeads), dim = shape.dim;
  ScratchOf<T>& space = scratchOf<T>();
  float* scores = room(space.scores, shape.keys);
  float* sums = room(space.sums, dim);
  T* weights = room(space.weights, shape.keys);
  const float* bias = o.bias.head(b, h);
  const T *keys = o.key.head(b, kv), *values = o.value.head(b, kv);
  for (int64_t i = 0; i < shape.queries; i++) {
    const Range seen = shape.keysOf(i);
    const int64_t count = seen.end - seen.begin;
    const T* query = o.query.head(b, h) + i * o.query.timeStride;
    for (int64_t j = 0; j < count; j++) scores[j] = dotRow(query, keys + (seen.begin + j) * o.key.timeStride, dim);
    const float* biasRow = bias ? bias + i * o.bias.strides[2] + seen.begin * o.bias.strides[3] : nullptr;
    scaleRow(scores, shape.scale, biasRow, o.bias.strides[3], {0, count}, count);
    o.normalize((b * shape.heads + h) * shape.queries + i, softmaxRow(scores, weights, count));
    std::fill_n(sums, dim, 0.0f);
    for (int64_t j = 0; j < count; j++) {
      addScaledRow(sums, load(weights + j), values + (seen.begin + j) * o.value.timeStride, dim);
    }
    storeRows(sums, dim, o.result.head(b, h) + i * o.result.timeStride, o.result.timeStride, 1, dim);
  }
}

template void forwardHead(const Operands<bfloat16>&, int64_t, int64_t);
template void forwardHead(const Operands<float>&, int64_t, int64_t);
template void forwardFewQueries(const Operands<bfloat16>&, int64_t, int64_t);
template void forwardFewQueries(const Operands<float>&, int64_t, int64_t);

}  // namespace tslm::attention
