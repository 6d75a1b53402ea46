// The CPU allocator under every tensor: counts live and peak bytes, and keeps large blocks for reuse. A training step
// frees and asks for the same large blocks again and again; from the system each would come back as untouched pages,
// and faulting them in costs as much as the arithmetic. Large blocks are cut from segments and joined again with their
// neighbours when they are freed, as in PyTorch's allocator for GPUs: what activations leave serves the gradients.
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>

#include "env.h"
#include "memory.h"

namespace tslm {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kLarge = size_t{1} << 18;  // from here on blocks are kept
constexpr size_t kPage = 4096;
constexpr size_t kHugePage = size_t{1} << 21;
constexpr size_t kSegment = size_t{1} << 26;

std::atomic<int64_t> live{0};
std::atomic<int64_t> peak{0};
std::atomic<int64_t> cached{0};
std::mutex mutex;

// A stretch of a segment, in a list with its neighbours.
struct Block {
  char* start;
  size_t size;
  bool isFree;
  Block *before, *after;
};

struct Smaller {
  bool operator()(const Block* a, const Block* b) const {
    return a->size != b->size ? a->size < b->size : a->start < b->start;
  }
};
std::set<Block*, Smaller> freeBlocks;

// A block's data starts with this header, kAlignment bytes before the tensor's.
struct Header {
  size_t size;   // bytes that count as live
  Block* block;  // null: a small one, straight from malloc
};
static_assert(sizeof(Header) <= kAlignment, "the header must fit before the data");

constexpr size_t roundUp(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

char* fromSystem(size_t size, size_t alignment) {
  void* data = nullptr;
  const int status = posix_memalign(&data, alignment, size);
  TORCH_CHECK(status == 0, "out of memory: could not allocate ", size, " bytes");
#ifdef MADV_HUGEPAGE
  if (alignment == kHugePage) madvise(data, size, MADV_HUGEPAGE);
#endif
  return static_cast<char*>(data);
}

// A segment for blocks of this size. Very large ones have it to themselves, so that they can be given back.
Block* newSegment(size_t size) {
  const size_t whole = size > kSegment / 2 ? roundUp(size, kHugePage) : kSegment;
  cached += whole;
  return new Block{fromSystem(whole, kHugePage), whole, true, nullptr, nullptr};
}

// The smallest free block that is large enough; what it has more stays free.
Block* takeBlock(size_t size) {
  std::lock_guard<std::mutex> lock(mutex);
  Block wanted{nullptr, size, true, nullptr, nullptr};
  const auto found = freeBlocks.lower_bound(&wanted);
  Block* block = found == freeBlocks.end() ? newSegment(size) : *found;
  if (found != freeBlocks.end()) freeBlocks.erase(found);
  if (block->size - size >= kLarge) {
    auto* rest = new Block{block->start + size, block->size - size, true, block, block->after};
    if (rest->after) rest->after->before = rest;
    block->after = rest;
    block->size = size;
    freeBlocks.insert(rest);
  }
  block->isFree = false;
  cached -= block->size;
  return block;
}

// `second`, the neighbour after `first`, becomes part of it.
void join(Block* first, Block* second) {
  first->size += second->size;
  first->after = second->after;
  if (first->after) first->after->before = first;
  delete second;
}

void giveBlock(Block* block) {
  std::lock_guard<std::mutex> lock(mutex);
  cached += block->size;
  block->isFree = true;
  if (block->after && block->after->isFree) {
    freeBlocks.erase(block->after);
    join(block, block->after);
  }
  if (block->before && block->before->isFree) {
    block = block->before;
    freeBlocks.erase(block);
    join(block, block->after);
  }
  freeBlocks.insert(block);
}

void release(void* data) {
  if (data == nullptr) return;
  auto* header = reinterpret_cast<Header*>(static_cast<char*>(data) - kAlignment);
  live -= header->size;
  if (header->block) giveBlock(header->block);
  else free(header);
}

c10::DataPtr allocateBytes(size_t size) {
  const c10::Device device(c10::DeviceType::CPU);
  if (size == 0) return {nullptr, nullptr, &release, device};
  const size_t whole = size + kAlignment;
  Block* block = whole >= kLarge ? takeBlock(roundUp(whole, kPage)) : nullptr;
  auto* header = reinterpret_cast<Header*>(block ? block->start : fromSystem(whole, kAlignment));
  header->size = size;
  header->block = block;
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

// Segments with nothing in them go back to the system.
void emptyCache() {
  std::lock_guard<std::mutex> lock(mutex);
  for (auto next = freeBlocks.begin(); next != freeBlocks.end();) {
    Block* block = *next;
    const bool isWhole = !block->before && !block->after;
    next = isWhole ? freeBlocks.erase(next) : std::next(next);
    if (!isWhole) continue;
    cached -= block->size;
    free(block->start);
    delete block;
  }
}

}  // namespace tslm
