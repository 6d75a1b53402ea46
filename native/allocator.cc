// The CPU allocator under every tensor: counts live and peak bytes, and keeps large blocks for reuse. A training step
// frees and asks for the same large blocks again and again; from the system each would come back as untouched pages,
// and faulting them in costs as much as the arithmetic.
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <vector>

#include "env.h"
#include "memory.h"

namespace tslm {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kLarge = size_t{1} << 18;  // from here on blocks are kept
constexpr size_t kHugePage = size_t{1} << 21;
constexpr int kStepsPerOctave = 8;  // size classes: at most 1/8 of a block is wasted
constexpr int kClasses = 64 * kStepsPerOctave;

std::atomic<int64_t> live{0};
std::atomic<int64_t> peak{0};
std::atomic<int64_t> cached{0};
std::mutex mutex;
std::array<std::vector<void*>, kClasses> freeBlocks;

// A block starts with this header, kAlignment bytes before the data.
struct Header {
  size_t size;    // bytes that count as live
  int sizeClass;  // -1: a small block, straight from malloc
};
static_assert(sizeof(Header) <= kAlignment, "the header must fit before the data");

int classOf(size_t size) {
  const int octave = 63 - __builtin_clzll(size);
  const size_t step = (size_t{1} << octave) / kStepsPerOctave;
  const size_t steps = (size - (size_t{1} << octave) + step - 1) / step;
  return octave * kStepsPerOctave + static_cast<int>(steps);
}

size_t sizeOfClass(int sizeClass) {
  const int octave = sizeClass / kStepsPerOctave;
  const size_t base = size_t{1} << octave;
  return base + (base / kStepsPerOctave) * (sizeClass % kStepsPerOctave);
}

void* fromSystem(size_t size) {
  void* block = nullptr;
  const bool huge = size >= kHugePage;
  const int status = posix_memalign(&block, huge ? kHugePage : kAlignment, size);
  TORCH_CHECK(status == 0, "out of memory: could not allocate ", size, " bytes");
#ifdef MADV_HUGEPAGE
  if (huge) madvise(block, size, MADV_HUGEPAGE);
#endif
  return block;
}

void* takeBlock(int sizeClass) {
  {
    std::lock_guard<std::mutex> lock(mutex);
    auto& blocks = freeBlocks[sizeClass];
    if (!blocks.empty()) {
      void* block = blocks.back();
      blocks.pop_back();
      cached -= sizeOfClass(sizeClass);
      return block;
    }
  }
  return fromSystem(sizeOfClass(sizeClass));
}

void release(void* data) {
  if (data == nullptr) return;
  auto* header = reinterpret_cast<Header*>(static_cast<char*>(data) - kAlignment);
  live -= header->size;
  if (header->sizeClass < 0) {
    free(header);
    return;
  }
  const int sizeClass = header->sizeClass;
  std::lock_guard<std::mutex> lock(mutex);
  cached += sizeOfClass(sizeClass);
  freeBlocks[sizeClass].push_back(header);
}

c10::DataPtr allocateBytes(size_t size) {
  const c10::Device device(c10::DeviceType::CPU);
  if (size == 0) return {nullptr, nullptr, &release, device};
  const size_t whole = size + kAlignment;
  const int sizeClass = whole >= kLarge ? classOf(whole) : -1;
  auto* header = static_cast<Header*>(sizeClass < 0 ? fromSystem(whole) : takeBlock(sizeClass));
  header->size = size;
  header->sizeClass = sizeClass;
  const int64_t now = live += size;
  int64_t before = peak;
  while (now > before && !peak.compare_exchange_weak(before, now)) {
  }
  void* data = reinterpret_cast<char*>(header) + kAlignment;
  return {data, data, &release, device};
}

// `allocate` lost its const between libtorch 1.13 and 2.3, which also added `copy_data`: both forms are here.
struct CountingAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t size) const { return allocateBytes(size); }
  c10::DataPtr allocate(size_t size) { return allocateBytes(size); }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* target, const void* source, std::size_t count) const { std::memcpy(target, source, count); }
};

}  // namespace

void installAllocator() {
  static CountingAllocator allocator;
  static std::once_flag once;
  std::call_once(once, [] { c10::SetCPUAllocator(&allocator, /*priority=*/1); });
}

MemoryStats memoryStats() { return {live, peak, cached}; }

void resetPeakMemory() { peak = live.load(); }

void emptyCache() {
  std::lock_guard<std::mutex> lock(mutex);
  for (auto& blocks : freeBlocks) {
    for (void* block : blocks) free(block);
    blocks.clear();
    blocks.shrink_to_fit();
  }
  cached = 0;
}

}  // namespace tslm
