// One AdamW update (Loshchilov & Hutter 2019) of a list of float32 tensors, each element read and written once:
//
//     g ← s g,  p ← (1 − lr λ) p,  m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²
//     p ← p − lr · m/(1 − β₁ᵗ) / (√(v/(1 − β₂ᵗ)) + ε)
//
// λ is given for each tensor; s is the factor of gradient clipping. Elements do not depend on each other, so the result
// is the same for any number of threads. Beside it, the joint norm of a list of gradients.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/library.h>

#include <cmath>
#include <vector>

#include "tensor.h"

namespace tslm {
namespace {

// A stretch of one tensor of the list: what a thread takes at a time.
struct Chunk {
  size_t tensor;
  int64_t begin;
  int64_t count;
};

std::vector<Chunk> chunksOf(at::TensorList tensors) {
  std::vector<Chunk> chunks;
  for (size_t t = 0; t < tensors.size(); t++) {
    const int64_t size = tensors[t].numel();
    for (int64_t at = 0; at < size; at += kGrain) chunks.push_back({t, at, std::min(kGrain, size - at)});
  }
  return chunks;
}

struct Constants {
  float gradScale, beta1, beta2, stepSize, eps;
};

TSLM_CLONES void update(float* __restrict p, const float* __restrict g, float* __restrict m, float* __restrict v,
                        int64_t count, float keep, const Constants& given) {
  const Constants c = given;
  for (int64_t i = 0; i < count; i++) {
    const float gradient = g[i] * c.gradScale;
    m[i] = c.beta1 * m[i] + (1.0f - c.beta1) * gradient;
    v[i] = c.beta2 * v[i] + (1.0f - c.beta2) * gradient * gradient;
    p[i] = keep * p[i] - c.stepSize * (m[i] / (std::sqrt(v[i]) + c.eps));
  }
}

TSLM_CLONES double sumOfSquares(const float* x, int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; i++) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}

void checkFloat(const char* kernel, const at::Tensor& tensor) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat, kernel, " takes float32, not ", tensor.scalar_type());
}

// Elements at equal places in memory are equal elements: a weight kept transposed is as good as any.
bool sameLayout(const at::Tensor& tensor, const at::Tensor& parameter) {
  return tensor.strides() == parameter.strides() || (tensor.is_contiguous() && parameter.is_contiguous());
}

void adamW(at::TensorList parameters, at::TensorList gradients, at::TensorList means, at::TensorList squares,
           c10::ArrayRef<double> weightDecay, double lr, double beta1, double beta2, double eps, int64_t step,
           double gradScale) {
  const size_t count = parameters.size();
  TORCH_CHECK(gradients.size() == count && means.size() == count && squares.size() == count &&
                  weightDecay.size() == count,
              "adamw_ takes lists of one length");
  std::vector<at::Tensor> aligned;
  for (size_t t = 0; t < count; t++) {
    for (const at::Tensor& tensor : {parameters[t], gradients[t], means[t], squares[t]}) {
      checkFloat("adamw_", tensor);
      TORCH_CHECK(tensor.sizes() == parameters[t].sizes(), "adamw_ takes tensors of one shape, not ",
                  parameters[t].sizes(), " and ", tensor.sizes());
    }
    TORCH_CHECK(parameters[t].is_non_overlapping_and_dense() && sameLayout(means[t], parameters[t]) &&
                    sameLayout(squares[t], parameters[t]),
                "adamw_ takes dense tensors, the moments laid out as their parameter");
    aligned.push_back(sameLayout(gradients[t], parameters[t]) ? gradients[t]
                                                               : at::empty_like(parameters[t]).copy_(gradients[t]));
  }
  // √(v/(1 − β₂ᵗ)) + ε = (√v + ε c) / c with c = √(1 − β₂ᵗ)
  const double correction = std::sqrt(1.0 - std::pow(beta2, static_cast<double>(step)));
  const double stepSize = lr * correction / (1.0 - std::pow(beta1, static_cast<double>(step)));
  const Constants constants{static_cast<float>(gradScale), static_cast<float>(beta1), static_cast<float>(beta2),
                            static_cast<float>(stepSize), static_cast<float>(eps * correction)};
  const auto chunks = chunksOf(parameters);
  parallelFor(0, static_cast<int64_t>(chunks.size()), 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; i++) {
      const auto [t, begin, size] = chunks[i];
      update(elements<float>(parameters[t]) + begin, elements<float>(aligned[t]) + begin,
             elements<float>(means[t]) + begin, elements<float>(squares[t]) + begin, size,
             static_cast<float>(1.0 - lr * weightDecay[t]), constants);
    }
  });
  for (const at::TensorList list : {parameters, means, squares}) {
    for (const at::Tensor& tensor : list) tensor.unsafeGetTensorImpl()->bump_version();
  }
}

// Each chunk is summed by itself and the chunks in their order: the same for any number of threads.
at::Tensor gradNorm(at::TensorList gradients) {
  std::vector<at::Tensor> dense;
  for (const at::Tensor& gradient : gradients) {
    checkFloat("grad_norm", gradient);
    dense.push_back(gradient.is_non_overlapping_and_dense() ? gradient : gradient.contiguous());
  }
  const auto chunks = chunksOf(dense);
  std::vector<double> sums(chunks.size());
  parallelFor(0, static_cast<int64_t>(chunks.size()), 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; i++) {
      sums[i] = sumOfSquares(elements<float>(dense[chunks[i].tensor]) + chunks[i].begin, chunks[i].count);
    }
  });
  double total = 0;
  for (double sum : sums) total += sum;
  at::Tensor norm = at::empty({}, at::TensorOptions().dtype(at::kDouble));
  *elements<double>(norm) = std::sqrt(total);
  return norm;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def(
      "adamw_(Tensor(a!)[] parameters, Tensor[] gradients, Tensor(b!)[] means, Tensor(c!)[] squares, "
      "float[] weight_decay, float lr, float beta1, float beta2, float eps, int step, float grad_scale=1.0) -> ()");
  m.def("grad_norm(Tensor[] gradients) -> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) {
  m.impl("adamw_", TORCH_FN(adamW));
  m.impl("grad_norm", TORCH_FN(gradNorm));
}

}  // namespace tslm
