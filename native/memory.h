// What the CPU allocator knows.
#pragma once

#include <cstdint>

namespace tslm {

struct MemoryStats {
  int64_t live;    // bytes in tensors now
  int64_t peak;    // most bytes at once since the last reset
  int64_t cached;  // bytes kept for reuse
};

MemoryStats memoryStats();
void resetPeakMemory();
void emptyCache();

}  // namespace tslm
