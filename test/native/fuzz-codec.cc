// The shared buffer with anything in it, read as arguments of operators, as lists of tensors and as a shape: each is values or an
// exception. A target of libFuzzer; with -DALONE a program of its own that draws inputs from a seed, for compilers without it.
#include <ATen/ATen.h>

#include <cstring>
#include <limits>
#include <memory>

#include "codec.h"

namespace {

using namespace tslm;

const char* const OPERATORS[][2] = {
    {"aten::add", "Tensor"},        {"aten::sum", "dim_IntList"},    {"aten::cat", ""},
    {"aten::index", "Tensor"},      {"aten::gelu", ""},              {"aten::clamp", ""},
    {"aten::zeros", ""},            {"aten::multinomial", ""},       {"aten::dropout", ""},
    {"aten::layer_norm", ""},       {"aten::_foreach_add_", "List"}, {"aten::native_layer_norm_backward", ""},
    {"aten::to", "dtype_layout"},   {"aten::randn", "generator"},    {"aten::empty_strided", ""},
    {"aten::upsample_nearest2d", "vec"},
};
constexpr size_t OPERATOR_COUNT = sizeof(OPERATORS) / sizeof(OPERATORS[0]);
const double SPECIAL[] = {-1,     -0.0,   1e300,   -1e300,     9223372036854775808.0,
                          0x1p62, 0x1p53, 0x1p32, -0x1p63 * 2, std::numeric_limits<double>::quiet_NaN(),
                          0.5,    1e9,    std::numeric_limits<double>::infinity(),
                          -std::numeric_limits<double>::infinity()};
constexpr size_t SPECIAL_COUNT = sizeof(SPECIAL) / sizeof(SPECIAL[0]);

// A byte is a small number or a special one; 255 goes before the eight bytes of any.
std::vector<double> numbersOf(const uint8_t* data, size_t size) {
  std::vector<double> numbers;
  for (size_t i = 0; i < size; i++) {
    if (data[i] == 255 && i + 8 < size) {
      double any;
      std::memcpy(&any, data + i + 1, 8);
      numbers.push_back(any);
      i += 8;
    } else if (data[i] >= 128) {
      numbers.push_back(SPECIAL[data[i] % SPECIAL_COUNT]);
    } else {
      numbers.push_back(data[i] % 16);
    }
  }
  return numbers;
}

// One of them has been released.
Table<at::Tensor> fiveTensors() {
  Table<at::Tensor> tensors;
  for (int i = 0; i < 5; i++) tensors.insert(at::ones({i}));
  tensors.erase(3);
  return tensors;
}

Env& envWithObjects() {
  static Env env;
  if (env.strings.empty()) {
    for (const char* text : {"float32", "cpu", "cuda:99", "tanh", "", "no device"}) env.strings.emplace_back(text);
    env.tensors = fiveTensors();
    env.generators.insert(at::detail::createCPUGenerator(1));
  }
  return env;
}

// Runs `body`, which may throw what the bridge turns into an error of JavaScript. True when it did not.
template <class Body>
bool runs(Body body) {
  try {
    body();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

// What was read is written again, into a buffer of this length.
void writeAll(Env& env, const std::vector<IValue>& values, size_t length) {
  const std::unique_ptr<double[]> results(new double[length]);
  env.buffer = results.get();
  env.bufferLength = length;
  runs([&] {
    Writer writer(env);
    for (const IValue& value : values) writer.write(value);
  });
  env.tensors = fiveTensors();
}

bool readAll(const uint8_t* data, size_t size) {
  Env& env = envWithObjects();
  const std::vector<double> numbers = numbersOf(data + 2, size - 2);
  // As long as it is and no longer, so that what is read beyond it is noticed.
  const std::unique_ptr<double[]> buffer(new double[numbers.size()]);
  std::copy(numbers.begin(), numbers.end(), buffer.get());
  env.buffer = buffer.get();
  env.bufferLength = numbers.size();
  const size_t which = data[0] % (OPERATOR_COUNT + 2);
  if (which == OPERATOR_COUNT) {
    return runs([&] {
      const double* next = env.buffer;
      for (int i = 0; i < 3; i++) readTensors(env, next);
    });
  }
  if (which == OPERATOR_COUNT + 1) {
    return runs([&] {
      const double* next = env.buffer;
      readShape(env, next);
    });
  }
  const auto found = c10::Dispatcher::singleton().findSchema({OPERATORS[which][0], OPERATORS[which][1]});
  if (!found) return false;  // of another version of libtorch
  std::vector<IValue> values;
  const bool areRead = runs([&] {
    Reader reader(env);
    for (const c10::Argument& argument : found->schema().arguments()) values.push_back(reader.read(argument));
  });
  writeAll(env, values, data[1]);
  return areRead;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size >= 2) readAll(data, size);
  return 0;
}

#ifdef ALONE
#include <cstdio>
#include <cstdlib>
#include <random>

int main(int argc, char** argv) {
  const long runs = argc > 1 ? std::atol(argv[1]) : 100000;
  std::mt19937_64 random(argc > 2 ? std::atol(argv[2]) : 1);
  long read = 0;
  std::vector<uint8_t> input;
  for (long run = 0; run < runs; run++) {
    input.resize(2 + random() % 40);
    // Mostly what means something: tags, lengths, handles.
    for (uint8_t& byte : input) byte = static_cast<uint8_t>(random() % 10 == 0 ? random() % 256 : random() % 13);
    input[0] = static_cast<uint8_t>(random() % 256);
    if (readAll(input.data(), input.size())) read++;
  }
  std::printf("%ld of %ld were read\n", read, runs);
  return 0;
}
#endif
