// What this processor multiplies bfloat16 with. Packing and blocks are written for AVX-512, so a machine has these
// products from AVX512-BF16 on; everywhere else libtorch's own are used.
#pragma once

namespace tslm {

enum class Isa { kNone, kAvx512Bf16, kAmx };

// The best of this processor; TSLM_ISA=avx512 or none asks for less.
Isa isa();

}  // namespace tslm
