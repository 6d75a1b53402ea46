// Loops that are compiled once for each tier of `isa.h`: `vectorised([=]() TSLM_INSIDE { … })` runs the one for this processor. What is
// captured by reference might be what the loop writes, for all that the compiler knows; copies are not.
#pragma once

#include "isa.h"
#include "vector.h"

#if defined(__x86_64__)
#define TSLM_FOR_AVX2 __attribute__((target("avx2,fma")))
#define TSLM_FOR_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma,prefer-vector-width=512")))
#else
#define TSLM_FOR_AVX2
#define TSLM_FOR_AVX512
#endif
// Of a lambda: its body becomes part of each tier's loop.
#define TSLM_INSIDE __attribute__((always_inline))

namespace tslm {

template <class Body>
TSLM_FOR_AVX512 auto inAvx512(Body body) { return body(); }
template <class Body>
TSLM_FOR_AVX2 auto inAvx2(Body body) { return body(); }

template <class Body>
TSLM_INLINE auto vectorised(Body body) {
#if defined(__x86_64__)
  if (isa() >= Isa::kAvx512) return inAvx512(body);
  if (isa() == Isa::kAvx2) return inAvx2(body);
#endif
  return body();
}

}  // namespace tslm
