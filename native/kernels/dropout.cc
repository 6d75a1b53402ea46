// Dropout (Srivastava et al. 2014) whose mask is a function of a seed and the place of an element, in the manner of counter-based
// generators (Salmon et al. 2011): it is drawn in parallel, kept nowhere, and made once more for the gradient. The seed is one draw from
// libtorch's generator, whose state decides it, as it does for everything else that is random.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <mutex>

#include "tensor.h"

namespace tslm {
namespace {

// Bits of a place: the finaliser of MurmurHash3 (Appleby) twice, with half of the seed before each.
TSLM_INLINE uint32_t bitsOfPlace(uint32_t place, uint32_t first, uint32_t second) {
  uint32_t h = place * 0x9e3779b1u + first;
  h = (h ^ (h >> 16)) * 0x85ebca6bu;
  h = (h ^ (h >> 13)) * 0xc2b2ae35u;
  h = (h ^ (h >> 16)) + second;
  h = (h ^ (h >> 15)) * 0x2c1b3c6du;
  h = (h ^ (h >> 12)) * 0x297a2d39u;
  return h ^ (h >> 15);
}

struct Drops {
  uint32_t first, second;
  uint32_t least;  // elements with fewer bits are dropped
  float scale;     // of the others
};

template <class T>
TSLM_INLINE void dropOf(const T* __restrict x, T* __restrict y, int64_t begin, int64_t count, Drops d) {
  for (int64_t i = 0; i < count; i++) {
    const uint32_t own = bitsOfPlace(static_cast<uint32_t>(begin + i), d.first, d.second);
    const float value = load(x + i) * d.scale;
    store(y + i, own < d.least ? 0.0f : value);
  }
}

TSLM_CLONES void dropLoop(const float* x, float* y, int64_t begin, int64_t count, Drops d) { dropOf(x, y, begin, count, d); }
TSLM_CLONES void dropLoop(const bfloat16* x, bfloat16* y, int64_t begin, int64_t count, Drops d) { dropOf(x, y, begin, count, d); }

at::Tensor dropped(const at::Tensor& input, double p, int64_t seed) {
  TORCH_CHECK(p >= 0 && p <= 1, "dropout takes a probability from 0 to 1, not ", p);
  if (p == 1) return at::zeros_like(input);
  const at::Tensor x = input.contiguous();
  at::Tensor y = at::empty_like(x);
  const auto bits = static_cast<uint64_t>(seed);
  const Drops drops{static_cast<uint32_t>(bits), static_cast<uint32_t>(bits >> 32), static_cast<uint32_t>(p * 4294967296.0),
                    static_cast<float>(1.0 / (1.0 - p))};
  withElementType("dropout", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    parallelFor(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
      dropLoop(elements<T>(x) + begin, elements<T>(y) + begin, begin, end - begin, drops);
    });
  });
  return y;
}

int64_t drawSeed() {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  std::lock_guard<std::mutex> lock(generator.mutex());
  return static_cast<int64_t>(static_cast<at::CPUGeneratorImpl*>(generator.unsafeGetGeneratorImpl())->random64());
}

struct Dropout : torch::autograd::Function<Dropout> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, double p, int64_t seed) {
    context->saved_data["p"] = p;
    context->saved_data["seed"] = seed;
    return dropped(x, p, seed);
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    onlyFirstDerivatives("dropout");
    return {dropped(gradients[0], context->saved_data["p"].toDouble(), context->saved_data["seed"].toInt()), {}, {}};
  }
};

at::Tensor dropout(const at::Tensor& x, double p) { return dropped(x, p, drawSeed()); }
at::Tensor dropoutAutograd(const at::Tensor& x, double p) { return Dropout::apply(x, p, drawSeed()); }

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) { m.def("dropout(Tensor self, float p) -> Tensor"); }
TORCH_LIBRARY_IMPL(tslm, CPU, m) { m.impl("dropout", TORCH_FN(dropout)); }
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) { m.impl("dropout", TORCH_FN(dropoutAutograd)); }

}  // namespace tslm
