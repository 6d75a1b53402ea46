// Loops over ranges in several threads. One pool serves the whole process, however many workers compute: OpenMP gives each of
// them threads of its own and, with more threads than cores, wakes these by the system at every loop, which takes as long as
// a small product. A worker that finds the pool taken does its loop alone.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdint>

namespace tslm {

// Whether this thread is inside a loop: one within it runs in this thread.
bool inParallel();

// Calls `chunk(context, i)` for i below `count`, each in a thread of its own where there are such; rethrows what one throws.
void runChunks(int64_t count, void (*chunk)(void* context, int64_t index), void* context);

// Calls `body(begin, end)` for parts of the range that are at least `grain` long, as at::parallel_for does: as many parts as
// libtorch has threads (`at::set_num_threads`), the same one in the same thread each time.
template <class Body>
void parallelFor(int64_t begin, int64_t end, int64_t grain, const Body& body) {
  const int64_t size = end - begin;
  if (size <= 0) return;
  const int64_t most = (size + std::max<int64_t>(grain, 1) - 1) / std::max<int64_t>(grain, 1);
  const int64_t parts = inParallel() ? 1 : std::min<int64_t>(most, at::get_num_threads());
  if (parts <= 1) {
    body(begin, end);
    return;
  }
  struct Context {
    const Body& body;
    int64_t begin, end, length;
  } context{body, begin, end, (size + parts - 1) / parts};
  const auto chunk = [](void* p, int64_t i) {
    const auto& c = *static_cast<Context*>(p);
    const int64_t from = c.begin + i * c.length, to = std::min(c.end, from + c.length);
    if (from < to) c.body(from, to);
  };
  runChunks(parts, chunk, &context);
}

}  // namespace tslm
