// The pool of threads (`native/kernels/parallel.cc`) by itself, for a sanitizer that sees all of it: two workers with loops of their own, some of
// which throw, and pauses in which its threads fall asleep.
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <thread>
#include <vector>

#include "parallel.cc"

namespace {

constexpr int64_t kRounds = 300;

bool work() {
  std::vector<int64_t> sums(50000);
  int caught = 0;
  for (int64_t round = 0; round < kRounds; round++) {
    tslm::parallelFor(0, static_cast<int64_t>(sums.size()), 100, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) sums[i] += i;
    });
    if (round % 50 == 0) usleep(2000);
    if (round % 100 != 99) continue;
    try {
      tslm::parallelFor(0, 4, 1, [](int64_t begin, int64_t end) {
        if (begin <= 2 && 2 < end) throw std::runtime_error("the third part");
      });
    } catch (const std::runtime_error&) {
      caught++;
    }
  }
  for (size_t i = 0; i < sums.size(); i++) {
    if (sums[i] != kRounds * static_cast<int64_t>(i)) return false;
  }
  return caught == 3;
}

}  // namespace

int main() {
  bool isRight[2] = {};
  std::thread other([&] { isRight[1] = work(); });
  isRight[0] = work();
  other.join();
  std::puts(isRight[0] && isRight[1] ? "right" : "wrong");
  std::fflush(stdout);
  _exit(0);  // its threads live as long as the process
}
