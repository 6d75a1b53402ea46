// The innermost product of matrices in eight bits, in groups of 32 along the inner dimension, each with a scale of its own:
//
//     c[i, j] = Σ_s fma(Σ_k a[i, s, k] b[s, k, j], scale_a[i, s] · scale_b[s, j], ·)
//
// The inner sum is a whole number and exact, and the outer one is made step by step: a row has the same bits whatever its neighbours,
// and in every tier that has a fused multiply-add.
#pragma once

#include <cstdint>

#include "block.h"

namespace tslm {

// A step of B, 32 rows and 32 columns: [8 fours of rows][32 columns][4], between −127 and 127, then 32 scales in bfloat16.
constexpr int64_t kInt8Step = kStepSize + 2 * kBlock;

// Rows of A: values [rows, steps · 32] between −127 and 127, of each group its scale and the sum of its values [rows, steps].
struct Int8Rows {
  int8_t* values;
  float* scales;
  int32_t* sums;
  int64_t steps;

  Int8Rows from(int64_t row) const {
    return {values + row * steps * kBlock, scales + row * steps, sums + row * steps, steps};
  }
};

// C [rows, 32], rows `ldc` apart.
using MultiplyInt8 = void (*)(Int8Rows a, const uint8_t* b, float* c, int64_t ldc, int64_t rows);

// The one for this processor, and one of plain loops.
MultiplyInt8 multiplyInt8();
void multiplyInt8Anywhere(Int8Rows a, const uint8_t* b, float* c, int64_t ldc, int64_t rows);

// What this processor multiplies eight bits with: `vnni`, `avx2`, `dotprod`, or nothing.
const char* int8Name();

// `count` elements of a row to groups of 32, the rest zero. A group with what is no finite number is none as a whole.
void quantizeInt8Row(const float* x, int64_t count, Int8Rows out);
void quantizeInt8Row(const bfloat16* x, int64_t count, Int8Rows out);

// Columns [first, first + 32) of B, which are lines of `weight` [n, k].
void packInt8(const float* weight, int64_t stride, int64_t n, int64_t k, int64_t first, uint8_t* out);
void packInt8(const bfloat16* weight, int64_t stride, int64_t n, int64_t k, int64_t first, uint8_t* out);

}  // namespace tslm
