// Cross-entropy of logits [rows, classes] with target classes, without log-probabilities in memory:
//
//     loss(row) = log Σ_j e^{x_j} − x_target,   d loss / dx_j = softmax(x)_j − [j = target]
//
// Forward keeps log Σ e^x for each row; backward recomputes the softmax from it and writes the gradient in the logits'
// own element type. Rows whose target is `ignore_index` do not count. A row with a NaN or +∞ has the loss NaN.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include "cross_entropy.h"

namespace tslm {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

TSLM_CLONES float logSumExpRow(const float* x, int64_t n) { return logSumExpOf(x, n); }
TSLM_CLONES float logSumExpRow(const bfloat16* x, int64_t n) { return logSumExpOf(x, n); }
TSLM_CLONES void gradientRow(const float* x, float lse, float factor, float* dx, int64_t n) {
  gradientOf(x, lse, factor, dx, n);
}
TSLM_CLONES void gradientRow(const bfloat16* x, float lse, float factor, bfloat16* dx, int64_t n) {
  gradientOf(x, lse, factor, dx, n);
}

struct CrossEntropyResult {
  at::Tensor loss;       // float32 []
  at::Tensor logSumExp;  // float32 [rows]
  int64_t counted;
};

CrossEntropyResult forwardOf(const at::Tensor& x, const at::Tensor& targets, int64_t ignored, int64_t reduction) {
  const int64_t rows = x.size(0), classes = x.size(1);
  const auto* target = elements<int64_t>(targets);
  const int64_t counted = countTargets(target, rows, classes, ignored);
  const auto options = x.options().dtype(at::kFloat);
  CrossEntropyResult result{at::empty({}, options), at::empty({rows}, options), counted};
  auto* logSumExp = elements<float>(result.logSumExp);
  withElementType("cross_entropy", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    forRows(rows, classes, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        if (target[i] != ignored) logSumExp[i] = logSumExpRow(elements<T>(x) + i * classes, classes);
      }
    });
    double sum = 0;
    for (int64_t i = 0; i < rows; i++) {
      if (target[i] != ignored) sum += static_cast<double>(logSumExp[i]) - load(elements<T>(x) + i * classes + target[i]);
    }
    *elements<float>(result.loss) = static_cast<float>(reduction == kMean ? sum / static_cast<double>(counted) : sum);
  });
  return result;
}

at::Tensor backwardOf(const at::Tensor& x, const at::Tensor& targets, const at::Tensor& logSumExps, float factor,
                      int64_t ignored) {
  const int64_t rows = x.size(0), classes = x.size(1);
  const auto* target = elements<int64_t>(targets);
  const auto* logSumExp = elements<float>(logSumExps);
  at::Tensor gradient = at::empty_like(x);
  withElementType("cross_entropy", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    forRows(rows, classes, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        const T* row = elements<T>(x) + i * classes;
        T* out = elements<T>(gradient) + i * classes;
        if (target[i] == ignored) {
          std::memset(out, 0, classes * sizeof(T));
          continue;
        }
        gradientRow(row, logSumExp[i], factor, out, classes);
        store(out + target[i], (exponential(load(row + target[i]) - logSumExp[i]) - 1.0f) * factor);
      }
    });
  });
  return gradient;
}

void checkCrossEntropy(const at::Tensor& logits, const at::Tensor& targets, int64_t reduction) {
  TORCH_CHECK(logits.dim() == 2 && targets.dim() == 1 && logits.size(0) == targets.size(0),
              "cross_entropy takes logits [rows, classes] and targets [rows], not ", logits.sizes(), " and ",
              targets.sizes());
  TORCH_CHECK(targets.scalar_type() == at::kLong, "cross_entropy takes int64 targets, not ", targets.scalar_type());
  TORCH_CHECK(reduction == kMean || reduction == kSum, "cross_entropy knows reductions 1 (mean) and 2 (sum)");
}

at::Tensor crossEntropy(const at::Tensor& logits, const at::Tensor& targets, int64_t ignored, int64_t reduction) {
  checkCrossEntropy(logits, targets, reduction);
  return forwardOf(logits.contiguous(), targets.contiguous(), ignored, reduction).loss;
}

struct CrossEntropy : torch::autograd::Function<CrossEntropy> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& logits, const at::Tensor& targets,
                            int64_t ignored, int64_t reduction) {
    checkCrossEntropy(logits, targets, reduction);
    const at::Tensor x = logits.contiguous(), target = targets.contiguous();
    const CrossEntropyResult result = forwardOf(x, target, ignored, reduction);
    context->save_for_backward({x, target, result.logSumExp});
    context->saved_data["ignored"] = ignored;
    context->saved_data["terms"] = reduction == kMean ? static_cast<double>(result.counted) : 1.0;
    return result.loss;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("cross_entropy");
    const auto saved = context->get_saved_variables();
    const double factor = *elements<float>(gradients[0]) / context->saved_data["terms"].toDouble();
    const int64_t ignored = context->saved_data["ignored"].toInt();
    return {backwardOf(saved[0], saved[1], saved[2], static_cast<float>(factor), ignored), {}, {}, {}};
  }
};

at::Tensor crossEntropyAutograd(const at::Tensor& logits, const at::Tensor& targets, int64_t ignored,
                                int64_t reduction) {
  return CrossEntropy::apply(logits, targets, ignored, reduction);
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def("cross_entropy(Tensor logits, Tensor targets, int ignore_index=-100, int reduction=1) -> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) { m.impl("cross_entropy", TORCH_FN(crossEntropy)); }
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) { m.impl("cross_entropy", TORCH_FN(crossEntropyAutograd)); }

}  // namespace tslm
