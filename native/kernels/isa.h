// What this processor multiplies with, from the least on. All tiers read and write the same: bfloat16 in the order of `block.h`, sums in
// float32. Tiers without instructions for bfloat16 make floats of it where it lies in the first cache.
#pragma once

namespace tslm {

enum class Isa { kNone, kNeon, kAvx2, kAvx512, kAvx512Bf16, kAmx };

// Found when the bridge is loaded; read in the innermost loops.
extern const Isa kDetectedIsa;

// The best of this processor; TSLM_ISA=avx512_bf16, avx512, avx2 or none asks for less.
inline Isa isa() { return kDetectedIsa; }

// Its name, as TSLM_ISA says it; empty for none.
const char* isaName();

}  // namespace tslm
