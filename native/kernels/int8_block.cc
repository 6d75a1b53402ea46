#include "int8_block.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "intrinsics.h"
#include "isa.h"
#include "tiers.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#if defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#endif

namespace tslm {

namespace {

constexpr int64_t kFours = kBlock / 4;
constexpr int64_t kRowOfFours = 4 * kBlock;  // bytes

inline const bfloat16* int8ScalesOf(const uint8_t* step) { return reinterpret_cast<const bfloat16*>(step + kStepSize); }

TSLM_INLINE void int8RowsOf(Int8Rows a, const uint8_t* b, float* c, int64_t ldc, int64_t rows) {
  for (int64_t i = 0; i < rows; i++) {
    const Int8Rows own = a.from(i);
    float sums[kBlock] = {};
    for (int64_t s = 0; s < a.steps; s++) {
      const auto* step = reinterpret_cast<const int8_t*>(b + s * kInt8Step);
      const bfloat16* scales = int8ScalesOf(b + s * kInt8Step);
      int32_t dots[kBlock] = {};
      for (int64_t four = 0; four < kFours; four++) {
        const int8_t* left = own.values + s * kBlock + 4 * four;
        const int8_t* right = step + kRowOfFours * four;
        for (int64_t j = 0; j < kBlock; j++) {
          for (int64_t t = 0; t < 4; t++) dots[j] += static_cast<int32_t>(left[t]) * right[4 * j + t];
        }
      }
      for (int64_t j = 0; j < kBlock; j++) sums[j] += static_cast<float>(dots[j]) * (own.scales[s] * load(scales + j));
    }
    std::memcpy(c + i * ldc, sums, sizeof sums);
  }
}

template <class T>
TSLM_INLINE void quantizeInt8Of(const T* x, int64_t count, Int8Rows out) {
  for (int64_t s = 0; s < out.steps; s++) {
    const int64_t width = std::min(kBlock, count - s * kBlock);
    float group[kBlock] = {};
    for (int64_t j = 0; j < width; j++) group[j] = load(x + s * kBlock + j);
    float largest = 0;
    bool isFinite = true;
    for (int64_t j = 0; j < kBlock; j++) {
      const float size = std::fabs(group[j]);
      largest = largest < size ? size : largest;
      isFinite &= size <= std::numeric_limits<float>::max();
    }
    // Too small a group to be divided by is nothing beside the others.
    const bool isKept = isFinite && largest > 1e-30f;
    const float factor = isKept ? 127.0f / largest : 0.0f;
    int32_t sum = 0;
    for (int64_t j = 0; j < kBlock; j++) {
      // In double, where the product is exact: fused with the sum or not, it is rounded once.
      constexpr double kRound = 6755399441055744.0;  // 1.5 · 2^52: adding it rounds to an integer
      const double scaled = isKept ? static_cast<double>(group[j]) * factor : 0.0;
      const auto value = static_cast<int32_t>((scaled + kRound) - kRound);
      out.values[s * kBlock + j] = static_cast<int8_t>(value);
      sum += value;
    }
    out.scales[s] = isFinite ? (isKept ? largest / 127.0f : 0.0f) : std::numeric_limits<float>::quiet_NaN();
    out.sums[s] = sum;
  }
}

template <class T>
void packInt8Of(const T* weight, int64_t stride, int64_t n, int64_t k, int64_t first, uint8_t* out) {
  for (int64_t s = 0; s * kBlock < k; s++, out += kInt8Step) {
    std::memset(out, 0, kInt8Step);
    auto* values = reinterpret_cast<int8_t*>(out);
    auto* scales = reinterpret_cast<bfloat16*>(out + kStepSize);
    const int64_t width = std::min(kBlock, k - s * kBlock);
    for (int64_t j = 0; j < std::min(kBlock, n - first); j++) {
      const T* line = weight + (first + j) * stride + s * kBlock;
      float largest = 0;
      bool isFinite = true;
      for (int64_t i = 0; i < width; i++) {
        const float size = std::fabs(load(line + i));
        largest = std::max(largest, size);
        isFinite &= size <= std::numeric_limits<float>::max();
      }
      // Values are those of the scale as it is kept, rounded.
      store(scales + j, isFinite ? largest / 127.0f : std::numeric_limits<float>::quiet_NaN());
      const float scale = load(scales + j);
      if (!isFinite || scale < 1e-30f) continue;
      for (int64_t i = 0; i < width; i++) {
        const float value = std::min(127.0f, std::max(-127.0f, std::nearbyint(load(line + i) / scale)));
        values[kRowOfFours * (i / 4) + 4 * j + i % 4] = static_cast<int8_t>(value);
      }
    }
  }
}

TSLM_CLONES void int8RowsAnywhere(Int8Rows a, const uint8_t* b, float* c, int64_t ldc, int64_t rows) { int8RowsOf(a, b, c, ldc, rows); }

#if defined(__x86_64__)

#define TSLM_FOR_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma")))

// Sizes of A times B with A's signs: sums of two such products fit 16 bits.
template <int kRows>
TSLM_FOR_AVX2 void int8RowsAvx2(Int8Rows a, const uint8_t* b, float* c, int64_t ldc) {
  const __m256i ones = _mm256_set1_epi16(1);
  const int64_t stride = a.steps * kBlock;
  for (int64_t s = 0; s < a.steps; s++, b += kInt8Step) {
    __m256i dots[kRows][4];
    for (int r = 0; r < kRows; r++) {
      for (int v = 0; v < 4; v++) dots[r][v] = _mm256_setzero_si256();
    }
#pragma GCC unroll 8
    for (int four = 0; four < kFours; four++) {
      __m256i left[kRows], size[kRows];
      for (int r = 0; r < kRows; r++) {
        int32_t values;
        std::memcpy(&values, a.values + r * stride + s * kBlock + 4 * four, sizeof values);
        left[r] = _mm256_set1_epi32(values);
        size[r] = _mm256_abs_epi8(left[r]);
      }
      for (int v = 0; v < 4; v++) {
        const __m256i right = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b + kRowOfFours * four + 32 * v));
        for (int r = 0; r < kRows; r++) {
          const __m256i pairs = _mm256_maddubs_epi16(size[r], _mm256_sign_epi8(right, left[r]));
          dots[r][v] = _mm256_add_epi32(dots[r][v], _mm256_madd_epi16(pairs, ones));
        }
      }
    }
    for (int v = 0; v < 4; v++) {
      const __m128i rounded = _mm_loadu_si128(reinterpret_cast<const __m128i*>(int8ScalesOf(b) + 8 * v));
      const __m256 scales = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(rounded), 16));
      for (int r = 0; r < kRows; r++) {
        float* place = c + r * ldc + 8 * v;
        const __m256 sum = s > 0 ? _mm256_loadu_ps(place) : _mm256_setzero_ps();
        const __m256 scale = _mm256_mul_ps(_mm256_set1_ps(a.scales[r * a.steps + s]), scales);
        _mm256_storeu_ps(place, _mm256_fmadd_ps(_mm256_cvtepi32_ps(dots[r][v]), scale, sum));
      }
    }
  }
}

void multiplyInt8Avx2(Int8Rows a, const uint8_t* b, float* c, int64_t ldc, int64_t rows) {
  int64_t i = 0;
  for (; i + 2 <= rows; i += 2) int8RowsAvx2<2>(a.from(i), b, c + i * ldc, ldc);
  if (i < rows) int8RowsAvx2<1>(a.from(i), b, c + i * ldc, ldc);
}

// The instruction takes one factor without a sign: B + 128, whose 128 Σ a is taken off before.
template <int kRows>
TSLM_FOR_VNNI void int8RowsVnni(Int8Rows a, const uint8_t* b, float* c, int64_t ldc) {
  const __m512i offset = _mm512_set1_epi8(-128);
  const int64_t stride = a.steps * kBlock;
  for (int64_t s = 0; s < a.steps; s++, b += kInt8Step) {
    __m512i dots[kRows][2];
    for (int r = 0; r < kRows; r++) dots[r][0] = dots[r][1] = _mm512_set1_epi32(-128 * a.sums[r * a.steps + s]);
#pragma GCC unroll 8
    for (int four = 0; four < kFours; four++) {
      const __m512i first = _mm512_xor_si512(_mm512_loadu_si512(b + kRowOfFours * four), offset);
      const __m512i second = _mm512_xor_si512(_mm512_loadu_si512(b + kRowOfFours * four + 64), offset);
      for (int r = 0; r < kRows; r++) {
        int32_t values;
        std::memcpy(&values, a.values + r * stride + s * kBlock + 4 * four, sizeof values);
        const __m512i left = _mm512_set1_epi32(values);
        dots[r][0] = _mm512_dpbusd_epi32(dots[r][0], first, left);
        dots[r][1] = _mm512_dpbusd_epi32(dots[r][1], second, left);
      }
    }
    for (int v = 0; v < 2; v++) {
      const __m256i rounded = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(int8ScalesOf(b) + 16 * v));
      const __m512 scales = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(rounded), 16));
      for (int r = 0; r < kRows; r++) {
        float* place = c + r * ldc + 16 * v;
        const __m512 sum = s > 0 ? _mm512_loadu_ps(place) : _mm512_setzero_ps();
        const __m512 scale = _mm512_mul_ps(_mm512_set1_ps(a.scales[r * a.steps + s]), scales);
        _mm512_storeu_ps(place, _mm512_fmadd_ps(_mm512_cvtepi32_ps(dots[r][v]), scale, sum));
      }
    }
  }
}

void multiplyInt8Vnni(Int8Rows a, const uint8_t* b, float* c, int64_t ldc, int64_t rows) {
  int64_t i = 0;
  for (; i + 8 <= rows; i += 8) int8RowsVnni<8>(a.from(i), b, c + i * ldc, ldc);
  for (; i + 2 <= rows; i += 2) int8RowsVnni<2>(a.from(i), b, c + i * ldc, ldc);
  if (i < rows) int8RowsVnni<1>(a.from(i), b, c + i * ldc, ldc);
}

bool hasVnni() {
  __builtin_cpu_init();
  return isa() >= Isa::kAvx512 && __builtin_cpu_supports("avx512vnni");
}

#elif defined(__aarch64__) && defined(__GNUC__) && !defined(__clang__)

// Armv8.2's products of fours, which take both factors with their signs.
#define TSLM_FOR_DOTPROD __attribute__((target("arch=armv8.2-a+dotprod")))

template <int kRows>
TSLM_FOR_DOTPROD void int8RowsDotprod(Int8Rows a, const uint8_t* b, float* c, int64_t ldc) {
  const int64_t stride = a.steps * kBlock;
  for (int64_t s = 0; s < a.steps; s++, b += kInt8Step) {
    int32x4_t dots[kRows][8];
    for (int r = 0; r < kRows; r++) {
      for (int v = 0; v < 8; v++) dots[r][v] = vdupq_n_s32(0);
    }
#pragma GCC unroll 8
    for (int four = 0; four < kFours; four++) {
      int8x16_t left[kRows];
      for (int r = 0; r < kRows; r++) {
        int32_t values;
        std::memcpy(&values, a.values + r * stride + s * kBlock + 4 * four, sizeof values);
        left[r] = vreinterpretq_s8_s32(vdupq_n_s32(values));
      }
      for (int v = 0; v < 8; v++) {
        const int8x16_t right = vld1q_s8(reinterpret_cast<const int8_t*>(b + kRowOfFours * four + 16 * v));
        for (int r = 0; r < kRows; r++) dots[r][v] = vdotq_s32(dots[r][v], right, left[r]);
      }
    }
    for (int v = 0; v < 8; v++) {
      const float32x4_t scales = vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(int8ScalesOf(b) + 4 * v), 16));
      for (int r = 0; r < kRows; r++) {
        float* place = c + r * ldc + 4 * v;
        const float32x4_t sum = s > 0 ? vld1q_f32(place) : vdupq_n_f32(0);
        const float32x4_t scale = vmulq_n_f32(scales, a.scales[r * a.steps + s]);
        vst1q_f32(place, vfmaq_f32(sum, vcvtq_f32_s32(dots[r][v]), scale));
      }
    }
  }
}

void multiplyInt8Dotprod(Int8Rows a, const uint8_t* b, float* c, int64_t ldc, int64_t rows) {
  int64_t i = 0;
  for (; i + 2 <= rows; i += 2) int8RowsDotprod<2>(a.from(i), b, c + i * ldc, ldc);
  if (i < rows) int8RowsDotprod<1>(a.from(i), b, c + i * ldc, ldc);
}

bool hasDotprod() {
#if defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
#else
  return true;  // Apple's, all of them
#endif
}

#endif

struct Int8Tier {
  const char* name;
  MultiplyInt8 multiply;
};

Int8Tier int8Tier() {
#if defined(__x86_64__)
  if (hasVnni()) return {"vnni", multiplyInt8Vnni};
  if (isa() >= Isa::kAvx2) return {"avx2", multiplyInt8Avx2};
#elif defined(__aarch64__) && defined(__GNUC__) && !defined(__clang__)
  if (isa() == Isa::kNeon && hasDotprod()) return {"dotprod", multiplyInt8Dotprod};
#endif
  return {"", multiplyInt8Anywhere};
}

const Int8Tier& detectedInt8Tier() {
  static const Int8Tier tier = int8Tier();
  return tier;
}

}  // namespace

MultiplyInt8 multiplyInt8() { return detectedInt8Tier().multiply; }
const char* int8Name() { return detectedInt8Tier().name; }

void multiplyInt8Anywhere(Int8Rows a, const uint8_t* b, float* c, int64_t ldc, int64_t rows) { int8RowsAnywhere(a, b, c, ldc, rows); }

void quantizeInt8Row(const float* x, int64_t count, Int8Rows out) {
  vectorised([=]() TSLM_INSIDE { quantizeInt8Of(x, count, out); });
}
void quantizeInt8Row(const bfloat16* x, int64_t count, Int8Rows out) {
  vectorised([=]() TSLM_INSIDE { quantizeInt8Of(x, count, out); });
}
void packInt8(const float* weight, int64_t stride, int64_t n, int64_t k, int64_t first, uint8_t* out) {
  packInt8Of(weight, stride, n, k, first, out);
}
void packInt8(const bfloat16* weight, int64_t stride, int64_t n, int64_t k, int64_t first, uint8_t* out) {
  packInt8Of(weight, stride, n, k, first, out);
}

}  // namespace tslm
