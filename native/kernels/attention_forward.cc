// From queries, keys and values to their mixtures; see `attention.cc`.
#include "attention.h"

namespace tslm::attention {
namespace {

void addScaledRow(float* sums, float weight, const bfloat16* value, int64_t dim) {
  vectorised([=]() TSLM_INSIDE {
    for (int64_t j = 0; j < dim; j++) sums[j] += weight * load(value + j);
  });
}

}  // namespace

Scratch& scratch() {
  thread_local Scratch space;
  return space;
}

void forwardHead(const Operands& o, int64_t b, int64_t h) {
  const Shape shape = o.shape.of(b);
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

void forwardFewQueries(const Operands& o, int64_t b, int64_t h) {
  const Shape shape = o.shape.of(b);
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

}  // namespace tslm::attention
