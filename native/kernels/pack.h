// Packing: a step of 32 × 32 elements, bfloat16 or rounded to it from float32, in the order that `block.h` reads. Lines
// are what is contiguous in memory: rows or columns of the matrix. What a matrix lacks at its edges becomes zero.
#pragma once

#include "block.h"
#include "intrinsics.h"
#include "tiers.h"

namespace tslm::anywhere {

// The same for every tier: plain loops.

// A from lines that are its rows.
template <class T>
inline void packARows(const T* lines, int64_t stride, int64_t valid, int64_t count, bfloat16* out) {
  vectorised([=]() TSLM_INSIDE {
    for (int64_t i = 0; i < kBlock; i++) {
      const int64_t width = i < valid ? count : 0;
      for (int64_t j = 0; j < width; j++) store(out + kBlock * i + j, load(lines + i * stride + j));
      for (int64_t j = width; j < kBlock; j++) out[kBlock * i + j] = 0;
    }
  });
}

// A from lines that are its columns.
template <class T>
inline void packAColumns(const T* lines, int64_t stride, int64_t valid, int64_t count, bfloat16* out) {
  vectorised([=]() TSLM_INSIDE {
    for (int64_t i = 0; i < kBlock; i++) {
      for (int64_t j = 0; j < kBlock; j++) {
        out[kBlock * i + j] = 0;
        if (i < count && j < valid) store(out + kBlock * i + j, load(lines + j * stride + i));
      }
    }
  });
}

// B from lines that are its rows: pairs of them, 16 columns a half.
template <class T>
inline void packBRows(const T* lines, int64_t stride, int64_t valid, int64_t count, bfloat16* out) {
  vectorised([=]() TSLM_INSIDE {
    bfloat16 rounded[2][kBlock];
    for (int64_t p = 0; p < kBlock / 2; p++) {
      for (int64_t odd = 0; odd < 2; odd++) {
        const int64_t line = 2 * p + odd, width = line < valid ? count : 0;
        for (int64_t j = 0; j < width; j++) store(rounded[odd] + j, load(lines + line * stride + j));
        for (int64_t j = width; j < kBlock; j++) rounded[odd][j] = 0;
      }
      for (int64_t half = 0; half < 2; half++) {
        bfloat16* pairs = out + kStepSize / 2 * half + kBlock * p;
        for (int64_t j = 0; j < kBlock / 2; j++) {
          pairs[2 * j] = rounded[0][kBlock / 2 * half + j];
          pairs[2 * j + 1] = rounded[1][kBlock / 2 * half + j];
        }
      }
    }
  });
}

// B from lines that are its columns.
template <class T>
inline void packBColumns(const T* lines, int64_t stride, int64_t valid, int64_t count, bfloat16* out) {
  vectorised([=]() TSLM_INSIDE {
    for (int64_t half = 0; half < 2; half++) {
      for (int64_t j = 0; j < kBlock / 2; j++) {
        const int64_t line = kBlock / 2 * half + j;
        bfloat16* column = out + kStepSize / 2 * half + 2 * j;
        bfloat16 rounded[kBlock] = {};
        if (line < valid) for (int64_t i = 0; i < count; i++) store(rounded + i, load(lines + line * stride + i));
        for (int64_t p = 0; p < kBlock / 2; p++) {
          column[kBlock * p] = rounded[2 * p];
          column[kBlock * p + 1] = rounded[2 * p + 1];
        }
      }
    }
  });
}

}  // namespace tslm::anywhere

#if defined(__x86_64__)
#define TSLM_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

namespace tslm {

// `count` elements of a line, 32 at the most.
TSLM_AVX512 inline __m512i loadLine(const bfloat16* line, int64_t count) {
  return count >= 32 ? _mm512_loadu_si512(line) : _mm512_maskz_loadu_epi16((1u << count) - 1, line);
}
TSLM_AVX512 inline __m512i loadLine(const float* line, int64_t count) {
  const uint32_t mask = count >= 32 ? ~0u : (1u << count) - 1;
  const __m512 low = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), line);
  const __m512 high = _mm512_maskz_loadu_ps(static_cast<__mmask16>(mask >> 16), line + (mask >> 16 ? 16 : 0));
  return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

// 16 × 16 elements of 32 bits, in registers.
TSLM_AVX512 inline void transpose16(__m512i r[16]) {
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    for (int j = 0; j < 2; j++) {
      r[i + 2 * j] = _mm512_unpacklo_epi64(t[i + j], t[i + 2 + j]);
      r[i + 2 * j + 1] = _mm512_unpackhi_epi64(t[i + j], t[i + 2 + j]);
    }
  }
  for (int j = 0; j < 4; j++) {
    t[j] = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x88);
    t[4 + j] = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xdd);
    t[8 + j] = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x88);
    t[12 + j] = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xdd);
  }
  for (int j = 0; j < 4; j++) {
    r[j] = _mm512_shuffle_i32x4(t[j], t[8 + j], 0x88);
    r[8 + j] = _mm512_shuffle_i32x4(t[j], t[8 + j], 0xdd);
    r[4 + j] = _mm512_shuffle_i32x4(t[4 + j], t[12 + j], 0x88);
    r[12 + j] = _mm512_shuffle_i32x4(t[4 + j], t[12 + j], 0xdd);
  }
}

// Lines 2p and 2p + 1 element by element: the first 16 pairs, and the others.
template <class T>
TSLM_AVX512 inline void pairLines(const T* lines, int64_t stride, int64_t valid, int64_t count, int p, __m512i& low,
                                  __m512i& high) {
  const __m512i first = 2 * p < valid ? loadLine(lines + 2 * p * stride, count) : _mm512_setzero_si512();
  const __m512i second = 2 * p + 1 < valid ? loadLine(lines + (2 * p + 1) * stride, count) : _mm512_setzero_si512();
  const __m512i order = _mm512_inserti64x4(
      _mm512_castsi256_si512(_mm256_setr_epi16(0, 32, 1, 33, 2, 34, 3, 35, 4, 36, 5, 37, 6, 38, 7, 39)),
      _mm256_setr_epi16(8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47), 1);
  low = _mm512_permutex2var_epi16(first, order, second);
  high = _mm512_permutex2var_epi16(first, _mm512_add_epi16(order, _mm512_set1_epi16(16)), second);
}

// A from lines that are its rows.
template <class T>
TSLM_AVX512 inline void packARows(const T* lines, int64_t stride, int64_t valid, int64_t count, bfloat16* out) {
  for (int64_t i = 0; i < 32; i++) {
    _mm512_storeu_si512(out + 32 * i, i < valid ? loadLine(lines + i * stride, count) : _mm512_setzero_si512());
  }
}

// A from lines that are its columns.
template <class T>
TSLM_AVX512 inline void packAColumns(const T* lines, int64_t stride, int64_t valid, int64_t count, bfloat16* out) {
  __m512i low[16], high[16];
  for (int p = 0; p < 16; p++) pairLines(lines, stride, valid, count, p, low[p], high[p]);
  transpose16(low);
  for (int i = 0; i < 16; i++) _mm512_storeu_si512(out + 32 * i, low[i]);
  transpose16(high);
  for (int i = 0; i < 16; i++) _mm512_storeu_si512(out + 512 + 32 * i, high[i]);
}

// B from lines that are its rows.
template <class T>
TSLM_AVX512 inline void packBRows(const T* lines, int64_t stride, int64_t valid, int64_t count, bfloat16* out) {
  for (int p = 0; p < 16; p++) {
    __m512i low, high;
    pairLines(lines, stride, valid, count, p, low, high);
    _mm512_storeu_si512(out + 32 * p, low);
    _mm512_storeu_si512(out + 512 + 32 * p, high);
  }
}

// B from lines that are its columns.
template <class T>
TSLM_AVX512 inline void packBColumns(const T* lines, int64_t stride, int64_t valid, int64_t count, bfloat16* out) {
  for (int64_t half = 0; half < 2; half++) {
    __m512i r[16];
    for (int64_t i = 0; i < 16; i++) {
      const int64_t line = 16 * half + i;
      r[i] = line < valid ? loadLine(lines + line * stride, count) : _mm512_setzero_si512();
    }
    transpose16(r);
    for (int i = 0; i < 16; i++) _mm512_storeu_si512(out + 512 * half + 32 * i, r[i]);
  }
}

}  // namespace tslm
#endif
