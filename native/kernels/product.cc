#include "product.h"

#include <ATen/ops/empty.h>
#include <sys/mman.h>

#include <cstdlib>

#include "isa.h"
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

void requireProducts(const char* kernel) {
  TORCH_CHECK(isa() != Isa::kNone, kernel, " needs a processor with AVX2, AVX-512, AMX or NEON (and TSLM_ISA not 'none')");
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

Plan planFor(int64_t allSteps, int64_t columns) {
  const int64_t wanted = blocksOf(columns);
  const auto panelsWith = [&](int64_t steps) {
    const int64_t most = std::max<int64_t>(1, kElementsInSecondCache / (steps * kStepSize));
    return blocksOf(wanted, blocksOf(wanted, most));  // stretches of even width
  };
  if (allSteps <= kMostSteps) return {1, allSteps, panelsWith(allSteps)};
  // Sums are written and read once a part: the wider a stretch the fewer factors are read for that.
  const int64_t fewest = std::max<int64_t>(16, kElementsInSecondCache / (wanted * kStepSize));
  const int64_t parts = blocksOf(allSteps, std::min(fewest, kMostSteps)), steps = blocksOf(allSteps, parts);
  return {parts, steps, panelsWith(steps)};
}

PackedA::PackedA(const Matrix& a, int64_t m, int64_t k) : steps_(blocksOf(k)) {
  const int64_t panels = blocksOf(m);
  memory_ = at::empty({panels * steps_ * kStepSize}, at::TensorOptions().dtype(at::kBFloat16));
  auto* out = static_cast<bfloat16*>(memory_.data_ptr());
  elements_ = out;
  // Several panels side by side read whole cache lines of a matrix that is stored by columns, and its neighbours.
  constexpr int64_t kPanels = 4;
  parallelFor(0, blocksOf(panels, kPanels), 1, [&](int64_t begin, int64_t end) {
    for (int64_t first = begin * kPanels; first < std::min(end * kPanels, panels); first += kPanels) {
      for (int64_t step = 0; step < steps_; step++) {
        for (int64_t i = first; i < std::min(first + kPanels, panels); i++) {
          packA(a, m, k, i * kBlock, step * kBlock, 1, out + (i * steps_ + step) * kStepSize);
        }
      }
    }
  });
}

namespace {

// How steps of 32 × 32 elements are packed: A or B, from lines that are its rows or its columns.
template <class T>
struct Packing {
  using Pack = void (*)(const T* lines, int64_t stride, int64_t valid, int64_t count, bfloat16* out);
  Pack aRows, aColumns, bRows, bColumns;
};

template <class T>
Packing<T> packingHere() {
#if defined(__x86_64__)
  if (isa() >= Isa::kAvx512Bf16) return {packARows<T>, packAColumns<T>, packBRows<T>, packBColumns<T>};
#endif
  return {anywhere::packARows<T>, anywhere::packAColumns<T>, anywhere::packBRows<T>, anywhere::packBColumns<T>};
}

// Asked for at every product.
template <class T>
const Packing<T>& packing() {
  static const Packing<T> own = packingHere<T>();
  return own;
}

// A factor step by step, each from its first row or column on.
template <class T>
void packBOf(const Matrix& b, int64_t k, int64_t n, int64_t first, int64_t steps, int64_t column, bfloat16* out) {
  const Packing<T>& pack = packing<T>();
  const int64_t width = std::min(kBlock, n - column);
  for (int64_t s = 0; s < steps; s++, first += kBlock, out += kStepSize) {
    const int64_t height = std::min(kBlock, k - first);
    const T* corner = static_cast<const T*>(b.data) + first * b.rowStride + column * b.columnStride;
    if (b.columnStride == 1) pack.bRows(corner, b.rowStride, height, width, out);
    else pack.bColumns(corner, b.columnStride, width, height, out);
  }
}

template <class T>
void packAOf(const Matrix& a, int64_t m, int64_t k, int64_t row, int64_t first, int64_t steps, bfloat16* out) {
  const Packing<T>& pack = packing<T>();
  const int64_t height = std::min(kBlock, m - row);
  for (int64_t s = 0; s < steps; s++, first += kBlock, out += kStepSize) {
    const int64_t width = std::min(kBlock, k - first);
    const T* corner = static_cast<const T*>(a.data) + row * a.rowStride + first * a.columnStride;
    if (a.columnStride == 1) pack.aRows(corner, a.rowStride, height, width, out);
    else pack.aColumns(corner, a.columnStride, width, height, out);
  }
}

}  // namespace

void packB(const Matrix& b, int64_t k, int64_t n, int64_t first, int64_t steps, int64_t column, bfloat16* out) {
  (b.isFloat ? packBOf<float> : packBOf<bfloat16>)(b, k, n, first, steps, column, out);
}

void packA(const Matrix& a, int64_t m, int64_t k, int64_t row, int64_t first, int64_t steps, bfloat16* out) {
  (a.isFloat ? packAOf<float> : packAOf<bfloat16>)(a, m, k, row, first, steps, out);
}

BlockA panelOfA(const Matrix& a, int64_t m, int64_t k, int64_t row, int64_t first, int64_t steps, bfloat16* out) {
  const bool isInside = row + kBlock <= m && first + steps * kBlock <= k;
  if (!a.isFloat && a.columnStride == 1 && isInside) {
    return {static_cast<const bfloat16*>(a.data) + row * a.rowStride + first, a.rowStride, kBlock};
  }
  packA(a, m, k, row, first, steps, out);
  return {out, kBlock, kStepSize};
}

}  // namespace tslm
