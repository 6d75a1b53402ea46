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

constexpr const char* kNames[] = {"", "neon", "avx2", "avx512", "avx512_bf16", "amx"};

#if defined(__x86_64__)
#if defined(__linux__)
// The kernel saves the tiles of a thread only for processes that ask for it.
bool mayUseTiles() {
  constexpr int kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

bool hasFlag(unsigned leaf, unsigned part, bool inD, unsigned bit) {
  unsigned a, b, c, d;
  return __get_cpuid_count(leaf, part, &a, &b, &c, &d) && ((inD ? d : a) & (1u << bit)) != 0;
}
#endif

Isa best() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return Isa::kNone;
  const bool isWide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
  if (!isWide) return Isa::kAvx2;
#if defined(__linux__)
  if (!hasFlag(7, 1, false, 5)) return Isa::kAvx512;
  return hasFlag(7, 0, true, 22) && hasFlag(7, 0, true, 24) && mayUseTiles() ? Isa::kAmx : Isa::kAvx512Bf16;
#else
  return Isa::kAvx512;
#endif
}
#elif defined(__aarch64__)
Isa best() { return Isa::kNeon; }
#else
Isa best() { return Isa::kNone; }
#endif

Isa detect() {
  const Isa own = best();
  const char* given = std::getenv("TSLM_ISA");
  if (!given) return own;
  if (std::strcmp(given, "none") == 0) return Isa::kNone;
  for (int i = 1; i <= static_cast<int>(own); i++) {
    if (std::strcmp(given, kNames[i]) == 0) return static_cast<Isa>(i);
  }
  return own;  // more than there is: who asked is told (`src/torch/native.ts`)
}

}  // namespace

const Isa kDetectedIsa = detect();

const char* isaName() { return kNames[static_cast<int>(isa())]; }

}  // namespace tslm
