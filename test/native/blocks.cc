// The innermost products (`native/kernels/block.cc`, `int8_block.cc`) by themselves, without libtorch, so that they compile and run for any
// processor: beside sums in double, and to the bit where a row is made alone, or by another tier.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "block.cc"
#include "int8_block.cc"
#include "isa.cc"
#include "pack.h"

namespace {

using namespace tslm;

int checks = 0;

void require(bool holds, const char* what, long rows, long steps) {
  checks++;
  if (holds) return;
  std::printf("%s: %ld rows, %ld steps: not as expected\n", what, rows, steps);
  std::exit(1);
}

std::mt19937 generator(7);
std::vector<float> normals(int64_t count) {
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(generator);
  return values;
}
float rounded(float value) {
  bfloat16 bits16;
  store(&bits16, value);
  return load(&bits16);
}

// C [32, 32] of A [32, k] and B [k, 32], whose elements went through `value`, in double.
template <class Value>
std::vector<double> exactProduct(const std::vector<float>& a, const std::vector<float>& b, int64_t k, Value value) {
  std::vector<double> c(kBlock * kBlock);
  for (int64_t i = 0; i < kBlock; i++) {
    for (int64_t j = 0; j < kBlock; j++) {
      for (int64_t t = 0; t < k; t++) c[i * kBlock + j] += double(value(a[i * k + t])) * value(b[t * kBlock + j]);
    }
  }
  return c;
}

bool areNear(const std::vector<float>& c, const std::vector<double>& exact, int64_t rows, int64_t k, double before) {
  for (int64_t i = 0; i < rows * kBlock; i++) {
    if (!(std::fabs(c[i] - exact[i] - before) < 1e-5 * static_cast<double>(k))) return false;
  }
  return true;
}

template <class T, class Multiply>
void checkBlock(const char* what, Multiply multiply, BlockOf<T> a, const T* b, const std::vector<double>& exact, int64_t steps) {
  std::vector<float> all(kStepSize, 0.0f);
  {
    const TileScope tiles;
    multiply(a, b, steps, all.data(), kBlock, false, kBlock);
  }
  require(areNear(all, exact, kBlock, steps * kBlock, 0), what, kBlock, steps);
  for (const int64_t rows : {1, 2, 3, 4, 5, 6, 7, 16, 31}) {
    std::vector<float> few(kStepSize, 0.5f);
    const TileScope tiles;
    multiply(a, b, steps, few.data(), kBlock, false, rows);
    require(std::memcmp(few.data(), all.data(), rows * kBlock * sizeof(float)) == 0, "a row alone", rows, steps);
    std::fill(few.begin(), few.end(), 0.5f);
    multiply(a, b, steps, few.data(), kBlock, true, rows);
    require(areNear(few, exact, rows, steps * kBlock, 0.5), "added", rows, steps);
  }
}

void checkBfloat16(int64_t steps) {
  const int64_t k = steps * kBlock;
  const std::vector<float> a = normals(kBlock * k), b = normals(k * kBlock);
  std::vector<float> aColumns(a.size()), bColumns(b.size());
  for (int64_t i = 0; i < kBlock; i++) {
    for (int64_t t = 0; t < k; t++) aColumns[t * kBlock + i] = a[i * k + t], bColumns[i * k + t] = b[t * kBlock + i];
  }
  std::vector<bfloat16> packedA(kBlock * k), packedB(kBlock * k), again(kBlock * k);
  for (int64_t s = 0; s < steps; s++) {
    anywhere::packARows(a.data() + s * kBlock, k, kBlock, kBlock, packedA.data() + s * kStepSize);
    anywhere::packAColumns(aColumns.data() + s * kStepSize, kBlock, kBlock, kBlock, again.data() + s * kStepSize);
  }
  require(packedA == again, "A by rows and by columns", kBlock, steps);
  for (int64_t s = 0; s < steps; s++) {
    anywhere::packBRows(b.data() + s * kStepSize, kBlock, kBlock, kBlock, packedB.data() + s * kStepSize);
    anywhere::packBColumns(bColumns.data() + s * kBlock, k, kBlock, kBlock, again.data() + s * kStepSize);
  }
  require(packedB == again, "B by rows and by columns", kBlock, steps);
  checkBlock<bfloat16>("bfloat16", multiplyBlock(), {packedA.data(), kBlock, kStepSize}, packedB.data(),
                       exactProduct(a, b, k, rounded), steps);
}

void checkFloat32(int64_t steps) {
  const int64_t k = steps * kBlock;
  const std::vector<float> a = normals(kBlock * k), b = normals(k * kBlock);
  checkBlock<float>("float32", multiplyFloatBlock(), {a.data(), k, kBlock}, b.data(),
                    exactProduct(a, b, k, [](float x) { return x; }), steps);
}

// A group's values and scale as they are written, the sums as `int8_block.h` says they are made.
void checkInt8(int64_t steps, int64_t k) {
  const std::vector<float> a = normals(kBlock * k), weight = normals(kBlock * k);  // [32, k] both
  std::vector<int8_t> values(kBlock * steps * kBlock);
  std::vector<float> scales(kBlock * steps);
  std::vector<int32_t> sums(kBlock * steps);
  const Int8Rows rows{values.data(), scales.data(), sums.data(), steps};
  for (int64_t i = 0; i < kBlock; i++) quantizeInt8Row(a.data() + i * k, k, rows.from(i));
  std::vector<uint8_t> packed(steps * kInt8Step);
  packInt8(weight.data(), k, kBlock, k, 0, packed.data());
  std::vector<float> expected(kStepSize, 0.0f), plain(kStepSize), all(kStepSize);
  for (int64_t i = 0; i < kBlock; i++) {
    for (int64_t s = 0; s < steps; s++) {
      int32_t sum = 0;
      for (int64_t t = 0; t < kBlock; t++) {
        const int8_t value = values[(i * steps + s) * kBlock + t];
        const float given = s * kBlock + t < k ? a[i * k + s * kBlock + t] : 0;
        require(std::fabs(value * scales[i * steps + s] - given) <= 0.502f * scales[i * steps + s], "rounded rows", i, s);
        sum += value;
      }
      require(sum == sums[i * steps + s], "sums of rows", i, s);
    }
    for (int64_t j = 0; j < kBlock; j++) {
      float total = 0;
      for (int64_t s = 0; s < steps; s++) {
        const uint8_t* step = packed.data() + s * kInt8Step;
        bfloat16 bits16;
        std::memcpy(&bits16, step + kStepSize + 2 * j, sizeof bits16);
        int32_t dot = 0;
        for (int64_t t = 0; t < kBlock; t++) {
          const auto value = static_cast<int8_t>(step[t / 4 * 4 * kBlock + 4 * j + t % 4]);
          const float given = s * kBlock + t < k ? weight[j * k + s * kBlock + t] : 0;
          require(std::fabs(value * load(&bits16) - given) <= 0.501f * load(&bits16), "rounded weights", j, s);
          dot += values[(i * steps + s) * kBlock + t] * value;
        }
        total = std::fma(static_cast<float>(dot), scales[i * steps + s] * load(&bits16), total);
      }
      expected[i * kBlock + j] = total;
    }
  }
  multiplyInt8()(rows, packed.data(), all.data(), kBlock, kBlock);
  multiplyInt8Anywhere(rows, packed.data(), plain.data(), kBlock, kBlock);
  const bool isFused = isa() != Isa::kNone;
  for (int64_t i = 0; i < kStepSize; i++) {
    require(isFused ? all[i] == expected[i] : std::fabs(all[i] - expected[i]) < 1e-4f, "int8", i / kBlock, steps);
    require(std::fabs(plain[i] - expected[i]) < 1e-4f, "int8 in plain loops", i / kBlock, steps);
  }
  for (const int64_t count : {1, 2, 3, 9, 31}) {
    std::vector<float> few(kStepSize);
    multiplyInt8()(rows, packed.data(), few.data(), kBlock, count);
    require(std::memcmp(few.data(), all.data(), count * kBlock * sizeof(float)) == 0, "an int8 row alone", count, steps);
  }
}

}  // namespace

int main() {
  for (const int64_t steps : {1, 2, 5}) {
    if (isa() != Isa::kNone) checkBfloat16(steps), checkFloat32(steps);
    checkInt8(steps, steps * kBlock - (steps > 1 ? 9 : 0));
  }
  std::printf("%s, int8 by %s: %d checks\n", isa() == Isa::kNone ? "none" : isaName(), *int8Name() ? int8Name() : "plain loops", checks);
}
