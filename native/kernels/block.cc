#include "block.h"

#include <stdexcept>

#include "isa.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tslm {

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

// Eight rows at a time: 16 sums in registers, each fed by a pair of A's elements and 16 columns of B.
__attribute__((target("avx512f,avx512bf16"))) void multiplyAvx512(BlockA a, const bfloat16* b, int64_t steps, float* c,
                                                                  int64_t ldc, bool accumulate, int64_t rowCount) {
  constexpr int kRows = 8;
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

}  // namespace

MultiplyBlock multiplyBlock() { return isa() == Isa::kAmx ? multiplyAmx : multiplyAvx512; }
TileScope::TileScope() {
  if (isa() == Isa::kAmx) loadTileConfig();
}
TileScope::~TileScope() {
  if (isa() == Isa::kAmx) releaseTiles();
}
#else
MultiplyBlock multiplyBlock() { throw std::logic_error("no products of bfloat16 for this processor"); }
TileScope::TileScope() = default;
TileScope::~TileScope() = default;
#endif

}  // namespace tslm
