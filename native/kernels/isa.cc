#include "isa.h"

#include <cstdlib>
#include <cstring>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace tslm {
namespace {

#if defined(__x86_64__) && defined(__linux__)
// The kernel saves the tiles of a thread only for processes that ask for it.
bool mayUseTiles() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

Isa detect() {
  const char* given = std::getenv("TSLM_ISA");
  // No products of ours in AVX2 yet: what stands for them are libtorch's operators and its BLAS (`src/torch/cpu.ts`).
  if (given && (std::strcmp(given, "none") == 0 || std::strcmp(given, "avx2") == 0)) return Isa::kNone;
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl")) return Isa::kNone;
  unsigned a, b, c, d;
  const bool hasBf16 = __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & (1u << 5));
  if (!hasBf16) return Isa::kNone;
  const bool hasTiles = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & (1u << 22)) && (d & (1u << 24));
  const bool wantsTiles = !(given && std::strcmp(given, "avx512") == 0);
  return hasTiles && wantsTiles && mayUseTiles() ? Isa::kAmx : Isa::kAvx512Bf16;
}
#else
Isa detect() { return Isa::kNone; }
#endif

}  // namespace

Isa isa() {
  static const Isa detected = detect();
  return detected;
}

}  // namespace tslm
