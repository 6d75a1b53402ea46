// Arithmetic for loops that the compiler vectorises: conversions of bfloat16 and an exponential without branches or
// calls. TSLM_CLONES compiles a function once for each level of the x86-64 instruction set; the loader takes the best
// that the processor runs. Elsewhere (arm64, clang) the baseline of the architecture is compiled.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>

// A sanitizer is not there yet when the loader asks which to take.
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__) && !defined(TSLM_SANITIZED)
#if __GNUC__ >= 12
#define TSLM_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define TSLM_CLONES __attribute__((target_clones("default", "avx2", "avx512f")))
#endif
#else
#define TSLM_CLONES
#endif
#define TSLM_INLINE inline __attribute__((always_inline))

namespace tslm {

template <class To, class From>
TSLM_INLINE To bits(From value) {
  static_assert(sizeof(To) == sizeof(From), "only between types of one size");
  To result;
  std::memcpy(&result, &value, sizeof(To));
  return result;
}

// Elements are read and written by these two; `bfloat16` is the bare 16 bits, which vectorise where the class does not.
using bfloat16 = uint16_t;

TSLM_INLINE float load(const float* p) { return *p; }
TSLM_INLINE float load(const bfloat16* p) { return bits<float>(static_cast<uint32_t>(*p) << 16); }

TSLM_INLINE void store(float* p, float value) { *p = value; }
// Rounds to the nearest, ties to even; a NaN stays one.
TSLM_INLINE void store(bfloat16* p, float value) {
  const uint32_t u = bits<uint32_t>(value);
  const uint32_t rounded = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
  *p = static_cast<bfloat16>(value != value ? 0x7fc0 : rounded);
}

// e^x with a relative error below 3e-7; 0 below -87.33, infinite above 88.37, NaN for NaN. x = n ln 2 + r with
// |r| ≤ ln 2 / 2: e^r by a polynomial, 2^n by the exponent's bits.
TSLM_INLINE float exponential(float x) {
  constexpr float kRound = 12582912.0f;  // 1.5 · 2^23: adding it rounds to an integer
  const float low = x < -87.33f ? -87.33f : x;
  const float inside = low > 88.37f ? 88.37f : low;
  const float n = (inside * 1.44269504f + kRound) - kRound;
  const float r = (inside - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.3981999e-3f;
  p = p * r + 8.3334519e-3f;
  p = p * r + 4.1665795e-2f;
  p = p * r + 1.6666665e-1f;
  p = p * r + 0.5f;
  p = (p * r) * r + r + 1.0f;
  const float power = bits<float>(static_cast<uint32_t>(static_cast<int32_t>(n) + 127) << 23);
  const float result = x < -87.33f ? 0.0f : p * power;
  return x > 88.37f ? std::numeric_limits<float>::infinity() : result;
}

}  // namespace tslm
