#include "block.h"

#include <cstring>

#include "intrinsics.h"
#include "isa.h"
#include "tiers.h"

namespace tslm {

namespace {

// Tiers without instructions for bfloat16: of each step both factors become floats in the first cache, and are multiplied as such.
using Eight = float __attribute__((vector_size(32)));
using Sixteen = float __attribute__((vector_size(64)));
template <class V>
struct WordsOf;
template <>
struct WordsOf<Eight> {
  using Type = uint32_t __attribute__((vector_size(32)));
};
template <>
struct WordsOf<Sixteen> {
  using Type = uint32_t __attribute__((vector_size(64)));
};

template <class V>
TSLM_INLINE V vectorAt(const float* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// [32 rows, 32 columns] of floats; B in pairs of rows as packed, 16 columns a half.
TSLM_INLINE void floatsOfB(const bfloat16* b, float* out) {
  for (int half = 0; half < 2; half++) {
    for (int pair = 0; pair < 16; pair++) {
      const bfloat16* two = b + kStepSize / 2 * half + 32 * pair;
      float* even = out + 64 * pair + 16 * half;
      for (int j = 0; j < 16; j++) {
        uint32_t both;
        std::memcpy(&both, two + 2 * j, sizeof both);
        even[j] = bits<float>(both << 16);
        even[32 + j] = bits<float>(both & 0xffff0000u);
      }
    }
  }
}

// kRows rows of C [.., 32], kWidth vectors of columns at a time.
template <class V, int kRows, int kWidth>
TSLM_INLINE void multiplyRows(const float* a, const float* b, float* c, int64_t ldc, bool accumulate) {
  constexpr int kLanes = sizeof(V) / sizeof(float);
  for (int column = 0; column < kBlock; column += kLanes * kWidth) {
    V sum[kRows][kWidth];
    for (int i = 0; i < kRows; i++) {
      for (int w = 0; w < kWidth; w++) sum[i][w] = accumulate ? vectorAt<V>(c + i * ldc + column + kLanes * w) : V{};
    }
#pragma GCC unroll 4
    for (int k = 0; k < kBlock; k++) {
      V right[kWidth];
      for (int w = 0; w < kWidth; w++) right[w] = vectorAt<V>(b + k * kBlock + column + kLanes * w);
      for (int i = 0; i < kRows; i++) {
        const V left = a[i * kBlock + k] - V{};  // once for all columns
        for (int w = 0; w < kWidth; w++) sum[i][w] += left * right[w];
      }
    }
    for (int i = 0; i < kRows; i++) {
      for (int w = 0; w < kWidth; w++) std::memcpy(c + i * ldc + column + kLanes * w, &sum[i][w], sizeof(V));
    }
  }
}

// A step of A as floats, [rows, 32], and zeros up to a multiple of kRows.
template <int kRows>
TSLM_INLINE void floatsOfA(BlockA a, int64_t s, int64_t rows, float* out) {
  for (int64_t i = 0; i < rows; i++) {
    const bfloat16* line = a.data + s * a.stepStride + i * a.rowStride;
    for (int64_t j = 0; j < kBlock; j++) out[i * kBlock + j] = load(line + j);
  }
  const int64_t filled = (rows + kRows - 1) / kRows * kRows;
  std::memset(out + rows * kBlock, 0, static_cast<size_t>((filled - rows) * kBlock) * sizeof(float));
}

// Of the rows of a block kRows at a time; 32 is no multiple of six, so that the last two are done by themselves.
template <class V, int kRows, int kWidth>
TSLM_INLINE void multiplyFloats(BlockA a, const bfloat16* b, int64_t steps, float* c, int64_t ldc, bool accumulate, int64_t rows) {
  constexpr int kRest = kBlock % kRows == 0 ? kRows : kBlock % kRows;
  alignas(64) float left[kStepSize + 8 * kBlock], right[kStepSize];
  for (int64_t s = 0; s < steps; s++, b += kStepSize) {
    const bool adds = accumulate || s > 0;
    floatsOfB(b, right);
    floatsOfA<kRows>(a, s, rows, left);
    for (int64_t i = 0; i < rows; i += kRows) {
      if (i + kRows <= kBlock) multiplyRows<V, kRows, kWidth>(left + i * kBlock, right, c + i * ldc, ldc, adds);
      else multiplyRows<V, kRest, kWidth>(left + i * kBlock, right, c + i * ldc, ldc, adds);
    }
  }
}

// A few rows, as in decoding some texts together: B becomes floats in registers, on its way into sums that stay there from the first step
// to the last. Each sum is made in the order of `multiplyRows`.
template <class V, int kRows, int kWidth>
TSLM_INLINE void multiplyFewRows(BlockA a, const bfloat16* b, int64_t steps, float* c, int64_t ldc, bool accumulate) {
  constexpr int kLanes = sizeof(V) / sizeof(float);
  alignas(64) float left[kRows * kBlock];
  for (int column = 0; column < kBlock; column += kLanes * kWidth) {
    V sum[kRows][kWidth];
    for (int i = 0; i < kRows; i++) {
      for (int w = 0; w < kWidth; w++) sum[i][w] = accumulate ? vectorAt<V>(c + i * ldc + column + kLanes * w) : V{};
    }
    for (int64_t s = 0; s < steps; s++) {
      floatsOfA<1>(a, s, kRows, left);
      const bfloat16* step = b + s * kStepSize;
#pragma GCC unroll 4
      for (int pair = 0; pair < kBlock / 2; pair++) {
        V even[kWidth], odd[kWidth];
        for (int w = 0; w < kWidth; w++) {
          const int at = column + kLanes * w;
          const bfloat16* two = step + kStepSize / 2 * (at / 16) + kBlock * pair + 2 * (at % 16);
          if (at % 16 == 0) __builtin_prefetch(two + kStepSize);  // a line of 64 bytes, of the next step
          typename WordsOf<V>::Type both;
          std::memcpy(&both, two, sizeof both);
          even[w] = bits<V>(both << 16);
          odd[w] = bits<V>(both & 0xffff0000u);
        }
        for (int i = 0; i < kRows; i++) {
          const V first = left[i * kBlock + 2 * pair] - V{}, second = left[i * kBlock + 2 * pair + 1] - V{};
          for (int w = 0; w < kWidth; w++) {
            sum[i][w] += first * even[w];
            sum[i][w] += second * odd[w];
          }
        }
      }
    }
    for (int i = 0; i < kRows; i++) {
      for (int w = 0; w < kWidth; w++) std::memcpy(c + i * ldc + column + kLanes * w, &sum[i][w], sizeof(V));
    }
  }
}

// One row through the first cache, which brings most of B at once; two to five in 4 to 10 sums; else 8 rows of 32 columns in 16 of
// 32 registers, 6 of 16 columns in 12 of 16.
#if defined(__x86_64__)
TSLM_FOR_AVX512 void multiplyAvx512F(BlockA a, const bfloat16* b, int64_t steps, float* c, int64_t ldc, bool accumulate, int64_t rows) {
  switch (rows) {
    case 1: return multiplyFloats<Sixteen, 1, 2>(a, b, steps, c, ldc, accumulate, rows);
    case 2: return multiplyFewRows<Sixteen, 2, 2>(a, b, steps, c, ldc, accumulate);
    case 3: return multiplyFewRows<Sixteen, 3, 2>(a, b, steps, c, ldc, accumulate);
    case 4: return multiplyFewRows<Sixteen, 4, 2>(a, b, steps, c, ldc, accumulate);
    default: return multiplyFloats<Sixteen, 8, 2>(a, b, steps, c, ldc, accumulate, rows);
  }
}
#endif
TSLM_FOR_AVX2 void multiplyAvx2(BlockA a, const bfloat16* b, int64_t steps, float* c, int64_t ldc, bool accumulate, int64_t rows) {
  switch (rows) {
    case 1: return multiplyFloats<Eight, 1, 4>(a, b, steps, c, ldc, accumulate, rows);
    case 2: return multiplyFewRows<Eight, 2, 2>(a, b, steps, c, ldc, accumulate);
    case 3: return multiplyFewRows<Eight, 3, 2>(a, b, steps, c, ldc, accumulate);
    case 4: return multiplyFewRows<Eight, 4, 2>(a, b, steps, c, ldc, accumulate);
    case 5: return multiplyFewRows<Eight, 5, 2>(a, b, steps, c, ldc, accumulate);
    default: return multiplyFloats<Eight, 6, 2>(a, b, steps, c, ldc, accumulate, rows);
  }
}

// In float32: sums stay in registers from the first step to the last.
template <class V, int kRows, int kWidth>
TSLM_INLINE void multiplyFloatRows(BlockOf<float> a, const float* b, int64_t steps, float* c, int64_t ldc, bool accumulate) {
  constexpr int kLanes = sizeof(V) / sizeof(float);
  for (int column = 0; column < kBlock; column += kLanes * kWidth) {
    V sum[kRows][kWidth];
    for (int i = 0; i < kRows; i++) {
      for (int w = 0; w < kWidth; w++) sum[i][w] = accumulate ? vectorAt<V>(c + i * ldc + column + kLanes * w) : V{};
    }
    for (int64_t s = 0; s < steps; s++) {
      const float *left = a.data + s * a.stepStride, *right = b + s * kStepSize + column;
#pragma GCC unroll 4
      for (int k = 0; k < kBlock; k++) {
        V columns[kWidth];
        for (int w = 0; w < kWidth; w++) columns[w] = vectorAt<V>(right + k * kBlock + kLanes * w);
        for (int i = 0; i < kRows; i++) {
          const V one = left[i * a.rowStride + k] - V{};
          for (int w = 0; w < kWidth; w++) sum[i][w] += one * columns[w];
        }
      }
    }
    for (int i = 0; i < kRows; i++) {
      for (int w = 0; w < kWidth; w++) std::memcpy(c + i * ldc + column + kLanes * w, &sum[i][w], sizeof(V));
    }
  }
}

template <class V, int kRows, int kWidth>
TSLM_INLINE void multiplyFloat(BlockOf<float> a, const float* b, int64_t steps, float* c, int64_t ldc, bool accumulate, int64_t rows) {
  constexpr int kRest = kBlock % kRows == 0 ? kRows : kBlock % kRows;
  for (int64_t i = 0; i < rows; i += kRows) {
    const BlockOf<float> own{a.data + i * a.rowStride, a.rowStride, a.stepStride};
    if (i + kRows <= kBlock) multiplyFloatRows<V, kRows, kWidth>(own, b, steps, c + i * ldc, ldc, accumulate);
    else multiplyFloatRows<V, kRest, kWidth>(own, b, steps, c + i * ldc, ldc, accumulate);
  }
}

#if defined(__x86_64__)
TSLM_FOR_AVX512 void multiplyFloatWide(BlockOf<float> a, const float* b, int64_t steps, float* c, int64_t ldc, bool accumulate,
                                       int64_t rows) {
  multiplyFloat<Sixteen, 8, 2>(a, b, steps, c, ldc, accumulate, rows);
}
#endif
TSLM_FOR_AVX2 void multiplyFloatNarrow(BlockOf<float> a, const float* b, int64_t steps, float* c, int64_t ldc, bool accumulate,
                                       int64_t rows) {
  multiplyFloat<Eight, 6, 2>(a, b, steps, c, ldc, accumulate, rows);
}

}  // namespace

MultiplyBlocks<float> multiplyFloatBlock() {
#if defined(__x86_64__)
  if (isa() >= Isa::kAvx512) return multiplyFloatWide;
#endif
  return multiplyFloatNarrow;
}

#if defined(__x86_64__)
namespace {

// Intel's manual, volume 1, chapter 18: eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t startRow = 0;
  uint8_t reserved[14] = {};
  uint16_t bytesPerRow[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

__attribute__((target("amx-tile"))) void loadTileConfig() {
  static const TileConfig config;
  _tile_loadconfig(&config);
}
__attribute__((target("amx-tile"))) void releaseTiles() { _tile_release(); }

// The upper half alone.
__attribute__((target("amx-tile,amx-bf16"))) void multiplyHalfAmx(BlockA a, const bfloat16* b, int64_t steps, float* c,
                                                                  int64_t ldc, bool accumulate) {
  const int64_t rowBytes = ldc * 4, aBytes = a.rowStride * 2;
  if (accumulate) {
    _tile_loadd(0, c, rowBytes);
    _tile_loadd(1, c + 16, rowBytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
  }
  const bfloat16* rows = a.data;
  for (int64_t s = 0; s < steps; s++) {
    _tile_loadd(4, rows, aBytes);
    _tile_loadd(6, b, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, b + kStepSize / 2, 64);
    _tile_dpbf16ps(1, 4, 7);
    rows += a.stepStride;
    b += kStepSize;
  }
  _tile_stored(0, c, rowBytes);
  _tile_stored(1, c + 16, rowBytes);
}

// Tiles 0–3 hold C, 4 and 5 the halves of A, 6 and 7 those of B.
__attribute__((target("amx-tile,amx-bf16"))) void multiplyAmx(BlockA a, const bfloat16* b, int64_t steps, float* c,
                                                              int64_t ldc, bool accumulate, int64_t rows) {
  if (rows <= 16) return multiplyHalfAmx(a, b, steps, c, ldc, accumulate);
  const int64_t rowBytes = ldc * 4;
  float* const lower = c + 16 * ldc;
  if (accumulate) {
    _tile_loadd(0, c, rowBytes);
    _tile_loadd(1, c + 16, rowBytes);
    _tile_loadd(2, lower, rowBytes);
    _tile_loadd(3, lower + 16, rowBytes);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  const int64_t aBytes = a.rowStride * 2;
  const bfloat16* top = a.data;
  const bfloat16* bottom = a.data + 16 * a.rowStride;
  for (int64_t s = 0; s < steps; s++) {
    _tile_loadd(4, top, aBytes);
    _tile_loadd(6, b, 64);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, b + kStepSize / 2, 64);
    _tile_dpbf16ps(1, 4, 7);
    _tile_loadd(5, bottom, aBytes);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
    top += a.stepStride;
    bottom += a.stepStride;
    b += kStepSize;
  }
  _tile_stored(0, c, rowBytes);
  _tile_stored(1, c + 16, rowBytes);
  _tile_stored(2, lower, rowBytes);
  _tile_stored(3, lower + 16, rowBytes);
}

// kRows rows at a time, two sums in registers each, fed by a pair of A's elements and 16 columns of B.
template <int kRows>
__attribute__((target("avx512f,avx512bf16"))) void multiplyPairs(BlockA a, const bfloat16* b, int64_t steps, float* c, int64_t ldc,
                                                                 bool accumulate, int64_t rowCount) {
  for (int64_t first = 0; first < rowCount; first += kRows) {
    __m512 sum[kRows][2];
    for (int i = 0; i < kRows; i++) {
      for (int half = 0; half < 2; half++) {
        const float* place = c + (first + i) * ldc + 16 * half;
        sum[i][half] = accumulate ? _mm512_loadu_ps(place) : _mm512_setzero_ps();
      }
    }
    for (int64_t s = 0; s < steps; s++) {
      const bfloat16* rows = a.data + first * a.rowStride + s * a.stepStride;
      const bfloat16* columns = b + s * kStepSize;
      for (int pair = 0; pair < 16; pair++) {
        const auto left = (__m512bh)_mm512_loadu_si512(columns + 32 * pair);
        const auto right = (__m512bh)_mm512_loadu_si512(columns + kStepSize / 2 + 32 * pair);
        for (int i = 0; i < kRows; i++) {
          int32_t two;
          std::memcpy(&two, rows + i * a.rowStride + 2 * pair, sizeof two);
          const auto both = (__m512bh)_mm512_set1_epi32(two);
          sum[i][0] = _mm512_dpbf16_ps(sum[i][0], both, left);
          sum[i][1] = _mm512_dpbf16_ps(sum[i][1], both, right);
        }
      }
    }
    for (int i = 0; i < kRows; i++) {
      for (int half = 0; half < 2; half++) _mm512_storeu_ps(c + (first + i) * ldc + 16 * half, sum[i][half]);
    }
  }
}

void multiplyAvx512(BlockA a, const bfloat16* b, int64_t steps, float* c, int64_t ldc, bool accumulate, int64_t rows) {
  if (rows == 1) return multiplyPairs<1>(a, b, steps, c, ldc, accumulate, rows);
  multiplyPairs<8>(a, b, steps, c, ldc, accumulate, rows);
}

// Intel's processors multiply pairs of bfloat16 at less than the rate of floats, AMD's at twice that (docs/LOG.md): a table of one
// line, since a measurement could come out otherwise the next time, and with it the bits of a run that goes on.
bool multipliesPairsFaster() {
  __builtin_cpu_init();
  return __builtin_cpu_is("amd") != 0;
}

}  // namespace

MultiplyBlock multiplyBlock() {
  switch (isa()) {
    case Isa::kAmx: return multiplyAmx;
    case Isa::kAvx512Bf16: {
      static const bool pairs = multipliesPairsFaster();
      return pairs ? multiplyAvx512 : multiplyAvx512F;
    }
    case Isa::kAvx512: return multiplyAvx512F;
    default: return multiplyAvx2;
  }
}
TileScope::TileScope() {
  if (isa() == Isa::kAmx) loadTileConfig();
}
TileScope::~TileScope() {
  if (isa() == Isa::kAmx) releaseTiles();
}
#else
MultiplyBlock multiplyBlock() { return multiplyAvx2; }  // its vectors, as many registers as they need
TileScope::TileScope() = default;
TileScope::~TileScope() = default;
#endif

}  // namespace tslm
