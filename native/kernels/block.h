// The innermost product of matrices in bfloat16 or float32, on blocks that lie in the cache:
//
//     C[32, 32] (+)= A[32, 32 s] · B[32 s, 32]     in float32
//
// A is read where it is, 32 columns a step. B is packed: a step of 32 rows and 32 columns is two tiles of 16 columns,
// each [16 pairs of rows][16 columns][2], as both AMX and AVX512-BF16 take their second factor; in float32 [32 rows][32 columns].
#pragma once

#include <cstdint>

#include "vector.h"

namespace tslm {

constexpr int64_t kBlock = 32;                    // rows and columns of a block, and columns of A a step
constexpr int64_t kStepSize = kBlock * kBlock;    // elements of packed A or B a step

template <class T>
struct BlockOf {
  const T* data;
  int64_t rowStride;
  int64_t stepStride;  // from a step to the next
};
using BlockA = BlockOf<bfloat16>;

// `accumulate`: adds to what `c` holds. Rows of `c` are `ldc` apart; of those from `rows` on nothing is said. Each sum is
// made step by step in the same order, whatever the number of rows: a row's result does not depend on its neighbours.
template <class T>
using MultiplyBlocks = void (*)(BlockOf<T> a, const T* b, int64_t steps, float* c, int64_t ldc, bool accumulate, int64_t rows);
using MultiplyBlock = MultiplyBlocks<bfloat16>;

// The one for this processor. Call it between the two below, which set up a thread's tiles and give them back.
MultiplyBlock multiplyBlock();
// In float32; A has 32 rows that may be read.
MultiplyBlocks<float> multiplyFloatBlock();

class TileScope {
 public:
  TileScope();
  ~TileScope();
};

}  // namespace tslm
