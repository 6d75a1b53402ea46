#include "parallel.h"

#include <dlfcn.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>

namespace tslm {
namespace {

thread_local bool isInside = false;

inline void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// How often a thread looks before it sleeps: a fraction of a millisecond, longer than what lies between two loops of a step. A
// thread that spins on takes the time of others where there are more than cores.
constexpr int kLooks = 10000;

class Pool {
 public:
  // Chunk 0 is the caller's.
  void run(int64_t count, void (*chunk)(void*, int64_t), void* context) {
    while (threads_ < count - 1) start();
    chunk_ = chunk;
    context_ = context;
    error_ = nullptr;
    pending_.store(count - 1, std::memory_order_relaxed);
    const uint64_t now = state_.load(std::memory_order_relaxed);
    state_.store((now / kCounts + 1) * kCounts + static_cast<uint64_t>(count - 1));
    if (sleepers_.load() > 0) {
      const std::lock_guard<std::mutex> lock(mutex_);
      awake_.notify_all();
    }
    isInside = true;
    work(0);
    isInside = false;
    for (int looks = 0; pending_.load(std::memory_order_acquire) > 0; looks++) {
      if (looks < kLooks) pause();
      else std::this_thread::yield();
    }
    if (error_) std::rethrow_exception(error_);
  }

  std::mutex owner;

 private:
  // The low bits of the state say how many threads a loop needs, the others count the loops: read as one, so that a thread that
  // is late never takes part in a loop that is not its own.
  static constexpr uint64_t kCounts = 4096;

  void start() {
    const int64_t index = threads_++;
    const uint64_t seen = state_.load();
    std::thread([this, index, seen] { serve(index, seen); }).detach();
  }

  void serve(int64_t index, uint64_t seen) {
    isInside = true;
    for (;;) {
      seen = next(seen);
      if (index >= static_cast<int64_t>(seen % kCounts)) continue;
      work(index + 1);
      pending_.fetch_sub(1, std::memory_order_release);
    }
  }

  // The state when it is no longer `seen`.
  uint64_t next(uint64_t seen) {
    for (int looks = 0; looks < kLooks; looks++) {
      const uint64_t state = state_.load(std::memory_order_acquire);
      if (state != seen) return state;
      pause();
    }
    std::unique_lock<std::mutex> lock(mutex_);
    sleepers_++;
    awake_.wait(lock, [&] { return state_.load() != seen; });
    sleepers_--;
    return state_.load();
  }

  void work(int64_t index) {
    try {
      chunk_(context_, index);
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }

  int64_t threads_ = 0;
  void (*chunk_)(void*, int64_t) = nullptr;
  void* context_ = nullptr;
  std::exception_ptr error_;
  std::atomic<int64_t> pending_{0};
  std::atomic<uint64_t> state_{0};
  std::atomic<int> sleepers_{0};
  std::mutex mutex_;
  std::condition_variable awake_;
};

// Never destroyed, and its code never unloaded: its threads live as long as the process, also when the worker that loaded this
// library has ended.
Pool& pool() {
  static Pool* const only = [] {
    Dl_info info;
    if (dladdr(reinterpret_cast<void*>(&inParallel), &info) != 0) dlopen(info.dli_fname, RTLD_NOW | RTLD_NODELETE);
    return new Pool;
  }();
  return *only;
}

}  // namespace

bool inParallel() { return isInside; }

void runChunks(int64_t count, void (*chunk)(void*, int64_t), void* context) {
  Pool& threads = pool();
  const std::unique_lock<std::mutex> lock(threads.owner, std::try_to_lock);
  if (lock.owns_lock()) {
    threads.run(count, chunk, context);
    return;
  }
  for (int64_t i = 0; i < count; i++) chunk(context, i);
}

}  // namespace tslm
