#include "product.h"

#include <sys/mman.h>

#include <cstdlib>

#include "pack.h"

namespace tslm {
namespace {

template <class T>
void grow(T*& data, size_t& size, size_t needed) {
  if (needed <= size) return;
  std::free(data);
  // One page instead of hundreds: looking pages up costs as much as reading them.
  constexpr size_t kHugePage = size_t{1} << 21;
  const size_t bytes = (needed * sizeof(T) + kHugePage - 1) / kHugePage * kHugePage;
  data = static_cast<T*>(std::aligned_alloc(kHugePage, bytes));
  TORCH_CHECK(data != nullptr, "out of memory: no room for ", needed, " elements to multiply in");
#ifdef MADV_HUGEPAGE
  madvise(data, bytes, MADV_HUGEPAGE);
#endif
  size = needed;
}

}  // namespace

void Workspace::reserve(size_t neededA, size_t neededB, size_t neededC) {
  grow(a, sizeA, neededA);
  grow(b, sizeB, neededB);
  grow(c, sizeC, neededC);
}

Workspace::~Workspace() {
  std::free(a);
  std::free(b);
  std::free(c);
}

Workspace& workspace() {
  thread_local Workspace space;
  return space;
}

Matrix matrixOf(const at::Tensor& tensor) {
  const bool isFloat = tensor.scalar_type() == at::kFloat;
  TORCH_CHECK(tensor.dim() == 2 && (isFloat || tensor.scalar_type() == at::kBFloat16),
              "a product takes float32 or bfloat16 matrices");
  return {tensor.data_ptr(), isFloat, tensor.stride(0), tensor.stride(1)};
}

// Reading A costs a thread its rows, packing B its columns; the latter weighs more.
Grid gridFor(int64_t m, int64_t n, int64_t threads) {
  Grid best{1, 1};
  double least = -1;
  for (int64_t along = 1; along <= threads; along++) {
    if (threads % along != 0) continue;
    const Grid grid{along, threads / along};
    const double rows = static_cast<double>(blocksOf(blocksOf(m), grid.alongRows));
    const double columns = static_cast<double>(blocksOf(blocksOf(n), grid.alongColumns));
    // Blocks that the slowest thread computes, and what it reads for them.
    const double cost = rows * columns * 32 + rows + 2 * columns;
    if (least >= 0 && cost >= least) continue;
    least = cost;
    best = grid;
  }
  return best;
}

void fetchPanel(const Matrix& a, int64_t m, int64_t k, int64_t row, int64_t first, int64_t steps, int64_t part,
                int64_t parts) {
  const int64_t height = std::min(kBlock, m - row), width = std::min(steps * kBlock, k - first);
  if (height <= 0 || width <= 0) return;
  const bool byRows = a.columnStride == 1;
  const int64_t elementSize = a.isFloat ? 4 : 2, lines = byRows ? height : width;
  const int64_t lineBytes = (byRows ? width : height) * elementSize;
  const int64_t stride = (byRows ? a.rowStride : a.columnStride) * elementSize;
  const char* corner = static_cast<const char*>(a.data) + (row * a.rowStride + first * a.columnStride) * elementSize;
  for (int64_t i = lines * part / parts; i < lines * (part + 1) / parts; i++) {
    for (int64_t offset = 0; offset < lineBytes; offset += 64) __builtin_prefetch(corner + i * stride + offset, 0, 2);
  }
}

#if defined(__x86_64__)
namespace {

template <class T>
TSLM_AVX512 void packBOf(const T* data, const Matrix& b, int64_t k, int64_t n, int64_t first, int64_t steps,
                         int64_t column, bfloat16* out) {
  const int64_t width = std::min(kBlock, n - column);
  for (int64_t s = 0; s < steps; s++, first += kBlock, out += kStepSize) {
    const int64_t height = std::min(kBlock, k - first);
    const T* corner = data + first * b.rowStride + column * b.columnStride;
    if (b.columnStride == 1) packBRows(corner, b.rowStride, height, width, out);
    else packBColumns(corner, b.columnStride, width, height, out);
  }
}

template <class T>
TSLM_AVX512 void packAOf(const T* data, const Matrix& a, int64_t m, int64_t k, int64_t row, int64_t first, int64_t steps,
                         bfloat16* out) {
  const int64_t height = std::min(kBlock, m - row);
  for (int64_t s = 0; s < steps; s++, first += kBlock, out += kStepSize) {
    const int64_t width = std::min(kBlock, k - first);
    const T* corner = data + row * a.rowStride + first * a.columnStride;
    if (a.columnStride == 1) packARows(corner, a.rowStride, height, width, out);
    else packAColumns(corner, a.columnStride, width, height, out);
  }
}

}  // namespace

void packB(const Matrix& b, int64_t k, int64_t n, int64_t first, int64_t steps, int64_t column, bfloat16* out) {
  if (b.isFloat) packBOf(static_cast<const float*>(b.data), b, k, n, first, steps, column, out);
  else packBOf(static_cast<const bfloat16*>(b.data), b, k, n, first, steps, column, out);
}

BlockA panelOfA(const Matrix& a, int64_t m, int64_t k, int64_t row, int64_t first, int64_t steps, bfloat16* out) {
  const bool isInside = row + kBlock <= m && first + steps * kBlock <= k;
  if (!a.isFloat && a.columnStride == 1 && isInside) {
    return {static_cast<const bfloat16*>(a.data) + row * a.rowStride + first, a.rowStride, kBlock};
  }
  if (a.isFloat) packAOf(static_cast<const float*>(a.data), a, m, k, row, first, steps, out);
  else packAOf(static_cast<const bfloat16*>(a.data), a, m, k, row, first, steps, out);
  return {out, kBlock, kStepSize};
}
#else
void packB(const Matrix&, int64_t, int64_t, int64_t, int64_t, int64_t, bfloat16*) {}
BlockA panelOfA(const Matrix&, int64_t, int64_t, int64_t, int64_t, int64_t, bfloat16*) { return {}; }
#endif

}  // namespace tslm
