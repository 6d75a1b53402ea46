// Products of matrices of any size, A [m, k] · B [k, n], by the blocks of `block.h`: factors bfloat16, or float32 that is
// rounded on the way in; sums in float32, handed block by block to an epilogue that says what becomes of them.
//
// Each thread has a range of rows and columns of the result. A stretch of B is packed to stay in the second cache, a
// stretch of 32 rows of A to stay in the first, and is multiplied with all of B's that are there.
#pragma once

#include <ATen/core/Tensor.h>

#include "../version.h"
#include "block.h"
#include "parallel.h"

namespace tslm {

// A view of a matrix; one of the strides is 1. A second factor may be packed as a whole, once for many products: then the
// elements are in the order of `block.h`, [panels of 32 columns][steps][32 · 32], and there are no strides.
struct Matrix {
  const void* data;
  bool isFloat;  // else bfloat16
  int64_t rowStride;
  int64_t columnStride;
  bool isPacked = false;

  Matrix transposed() const { return {data, isFloat, columnStride, rowStride}; }
};

// A tensor [rows, columns] whose rows or columns are contiguous.
Matrix matrixOf(const at::Tensor& tensor);

// Sums of the rows `row` … and the columns `column` … of the result; the block's rows are `stride` apart.
struct Sums {
  const float* data;
  int64_t stride;
  int64_t row, column;
  int64_t rows, columns;  // 32 or, at the edges, fewer
};

// Throws where this processor has no products of ours.
void requireProducts(const char* kernel);

// What a thread works in: grows, and stays for the next product.
struct Workspace {
  bfloat16* a = nullptr;
  bfloat16* b = nullptr;
  float* c = nullptr;
  size_t sizeA = 0, sizeB = 0, sizeC = 0;
  void reserve(size_t a, size_t b, size_t c);
  ~Workspace();
};
Workspace& workspace();

inline int64_t blocksOf(int64_t size, int64_t block = kBlock) { return (size + block - 1) / block; }

// Columns [column, column + 32) of B from row `first` on, `steps` steps.
void packB(const Matrix& b, int64_t k, int64_t n, int64_t first, int64_t steps, int64_t column, bfloat16* out);
void packA(const Matrix& a, int64_t m, int64_t k, int64_t row, int64_t first, int64_t steps, bfloat16* out);
// Rows [row, row + 32) of A from column `first` on: where they are, if blocks can read them there, else packed.
BlockA panelOfA(const Matrix& a, int64_t m, int64_t k, int64_t row, int64_t first, int64_t steps, bfloat16* out);
// A that blocks cannot read where it is, packed as a whole when it is read more than once: [row panels][steps].
class PackedA {
 public:
  PackedA(const Matrix& a, int64_t m, int64_t k);
  BlockA panel(int64_t row, int64_t step) const {
    return {elements_ + (row / kBlock * steps_ + step) * kStepSize, kBlock, kStepSize};
  }

 private:
  at::Tensor memory_;
  const bfloat16* elements_;
  int64_t steps_;
};

struct Range {
  int64_t begin, end;
};

// The share of a thread: a grid of `count` ranges of whole blocks.
struct Grid {
  int64_t alongRows, alongColumns;
};
Grid gridFor(int64_t m, int64_t n, int64_t threads);
inline Range share(int64_t size, int64_t parts, int64_t index) {
  const int64_t blocks = blocksOf(size);
  const int64_t begin = blocks * index / parts * kBlock, end = blocks * (index + 1) / parts * kBlock;
  return {begin, end < size ? end : size};
}

constexpr int64_t kStepsInFirstCache = 8;               // of 32 rows of A: 16 KB, beside what streams past it
constexpr int64_t kElementsInSecondCache = 384 * 1024;  // of B: 768 KB
constexpr int64_t kPanelsOfStream = 8;
constexpr int64_t kMostSteps = 64;                      // of B at once, before sums are put aside for the next part

// How a range of columns is worked through: stretches of `panels` blocks of columns, parts of `steps`.
struct Plan {
  int64_t parts, steps, panels;
};
Plan planFor(int64_t allSteps, int64_t columns);

template <class Epilogue>
void multiplyRange(const Matrix& a, const PackedA* packed, const Matrix& b, int64_t m, int64_t n, int64_t k, Range rows,
                   Range columns, Epilogue& epilogue) {
  const int64_t allSteps = blocksOf(k);
  const int64_t panelsOfRows = blocksOf(rows.end - rows.begin);
  // A packed B that meets one panel of A is read once, from first to last element.
  const bool isStream = b.isPacked && panelsOfRows == 1;
  const Plan plan = isStream ? Plan{1, allSteps, kPanelsOfStream} : planFor(allSteps, columns.end - columns.begin);
  const int64_t stepsAtOnce = isStream ? allSteps : kStepsInFirstCache;
  const int64_t stride = plan.panels * kBlock + 16;
  Workspace& space = workspace();
  // With one part the sums of 32 rows are done at once; with several they wait for the next part.
  space.reserve(stepsAtOnce * kStepSize, b.isPacked ? 0 : plan.panels * plan.steps * kStepSize,
                (plan.parts > 1 ? panelsOfRows : 1) * kBlock * stride);
  const MultiplyBlock multiply = multiplyBlock();
  const TileScope tiles;
  for (int64_t left = columns.begin; left < columns.end; left += plan.panels * kBlock) {
    const int64_t width = std::min(plan.panels * kBlock, columns.end - left), panelCount = blocksOf(width);
    for (int64_t part = 0; part < plan.parts; part++) {
      const int64_t firstStep = part * plan.steps, steps = std::min(plan.steps, allSteps - firstStep);
      const bfloat16* factor = space.b;
      int64_t panelStride = steps * kStepSize;
      if (b.isPacked) {
        factor = static_cast<const bfloat16*>(b.data) + (left / kBlock * allSteps + firstStep) * kStepSize;
        panelStride = allSteps * kStepSize;
      } else {
        for (int64_t j = 0; j < panelCount; j++) {
          packB(b, k, n, firstStep * kBlock, steps, left + j * kBlock, space.b + j * panelStride);
        }
      }
      const bool isLastPart = part + 1 == plan.parts;
      for (int64_t i = 0; i < panelsOfRows; i++) {
        const int64_t row = rows.begin + i * kBlock;
        float* sums = space.c + (plan.parts > 1 ? i * kBlock * stride : 0);
        for (int64_t s = 0; s < steps; s += stepsAtOnce) {
          const int64_t few = std::min(stepsAtOnce, steps - s);
          const BlockA panel = packed ? packed->panel(row, firstStep + s)
                                      : panelOfA(a, m, k, row, (firstStep + s) * kBlock, few, space.a);
          const bool isLast = isLastPart && s + few >= steps;
          for (int64_t j = 0; j < panelCount; j++) {
            float* c = sums + j * kBlock;
            multiply(panel, factor + j * panelStride + s * kStepSize, few, c, stride, part > 0 || s > 0, std::min(kBlock, rows.end - row));
            if (!isLast) continue;
            const int64_t column = left + j * kBlock;
            epilogue(Sums{c, stride, row, column, std::min(kBlock, rows.end - row), std::min(kBlock, columns.end - column)});
          }
        }
      }
    }
  }
}

// `epilogue(const Sums&)` is called once for each block of the result, from several threads.
template <class Epilogue>
void multiply(const Matrix& a, const Matrix& b, int64_t m, int64_t n, int64_t k, Epilogue epilogue) {
  if (m == 0 || n == 0) return;
  const int64_t threads = m * n * k < 65536 || inParallel() ? 1 : at::get_num_threads();
  const Grid grid = gridFor(m, n, threads);
  const bool isReadable = !a.isFloat && a.columnStride == 1;
  const int64_t columnsOfThread = std::min(n, blocksOf(blocksOf(n), grid.alongColumns) * kBlock);  // at most
  const int64_t readings = blocksOf(columnsOfThread, planFor(blocksOf(k), columnsOfThread).panels * kBlock);
  Optional<PackedA> packed;
  if (!isReadable && readings > 1) packed.emplace(a, m, k);
  parallelFor(0, grid.alongRows * grid.alongColumns, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      const Range rows = share(m, grid.alongRows, i / grid.alongColumns);
      const Range columns = share(n, grid.alongColumns, i % grid.alongColumns);
      if (rows.begin < rows.end && columns.begin < columns.end) {
        multiplyRange(a, packed ? &*packed : nullptr, b, m, n, k, rows, columns, epilogue);
      }
    }
  });
}

}  // namespace tslm
