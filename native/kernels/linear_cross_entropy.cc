// The cross-entropy of the logits x Wᵀ (+ b) [rows, classes] with target classes, a stretch of rows at a time, so that the
// logits of all rows are never in memory (Wijmans et al. 2024). Where gradients are asked for they are made along the
// way, since each stretch is there only once:
//
//     loss(row) = log Σ_j e^{x_j} − x_target,   g = softmax − [j = target]
//     dx = g W,   dW = gᵀ x,   db = Σ_rows g
//
// Rows whose target is `ignore_index` do not count. A row with a NaN or +∞ has the loss NaN.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/library.h>

#include <vector>

#include "cross_entropy.h"
#include "linear.h"

namespace tslm {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kStretchBytes = int64_t{64} << 20;  // of logits

float logSumExp(const bfloat16* x, int64_t classes) {
  return vectorised([=]() TSLM_INSIDE { return logSumExpOf(x, classes); });
}
void slopes(bfloat16* x, float logSum, float factor, int64_t classes) {
  vectorised([=]() TSLM_INSIDE {
    gradientOf(x, logSum, factor, x, classes);
  });
}

struct LinearCrossEntropyResult {
  at::Tensor loss;        // float32 []
  at::Tensor dx, dw, db;  // where they were asked for
};

struct Wanted {
  bool dx, dw, db;
  bool any() const { return dx || dw || db; }
};

void checkLinearCrossEntropy(const at::Tensor& x, const at::Tensor& weight, const Optional<at::Tensor>& bias,
                             const at::Tensor& targets) {
  requireProducts("linear_cross_entropy");
  TORCH_CHECK(x.dim() == 2 && weight.dim() == 2 && x.size(1) == weight.size(1) && targets.dim() == 1 &&
                  targets.size(0) == x.size(0),
              "linear_cross_entropy takes x [rows, dim], weight [classes, dim] and targets [rows], not ", x.sizes(), ", ",
              weight.sizes(), " and ", targets.sizes());
  TORCH_CHECK(!bias || !bias->defined() || (bias->dim() == 1 && bias->size(0) == weight.size(0)),
              "linear_cross_entropy takes a bias of ", weight.size(0), " elements");
  TORCH_CHECK(x.scalar_type() == at::kBFloat16, "linear_cross_entropy takes bfloat16, not ", x.scalar_type());
  TORCH_CHECK(targets.scalar_type() == at::kLong, "linear_cross_entropy takes targets of int64, not ",
              targets.scalar_type());
}

LinearCrossEntropyResult resultOf(const at::Tensor& input, const at::Tensor& weight, const Optional<at::Tensor>& bias,
                                  const at::Tensor& targetsGiven, int64_t ignored, int64_t reduction, Wanted wanted) {
  checkLinearCrossEntropy(input, weight, bias, targetsGiven);
  const at::Tensor x = input.contiguous(), targets = targetsGiven.contiguous(), b = floatBias(bias);
  const int64_t rows = x.size(0), dim = x.size(1), classes = weight.size(0);
  const auto* target = elements<int64_t>(targets);
  const int64_t counted = countTargets(target, rows, classes, ignored);
  const float factor = reduction == kMean ? 1.0f / static_cast<float>(counted) : 1.0f;
  const auto floats = x.options().dtype(at::kFloat);

  LinearCrossEntropyResult result;
  if (wanted.dx) result.dx = at::empty_like(x);
  if (wanted.dw) result.dw = rows > 0 ? at::empty({classes, dim}, floats) : at::zeros({classes, dim}, floats);
  if (wanted.db) result.db = at::zeros({classes}, floats);
  const int64_t most = std::max<int64_t>(kBlock, kStretchBytes / (2 * std::max<int64_t>(classes, 1)) / kBlock * kBlock);
  const int64_t stretches = std::max<int64_t>(1, blocksOf(rows, most));
  const int64_t stretch = blocksOf(blocksOf(rows, stretches)) * kBlock;
  const at::Tensor logits = at::empty({std::min(stretch, rows), classes}, x.options());
  double sum = 0;
  std::vector<float> logSums(static_cast<size_t>(rows));
  for (int64_t first = 0; first < rows; first += stretch) {
    const int64_t count = std::min(stretch, rows - first);
    const at::Tensor part = logits.narrow(0, 0, count), xPart = x.narrow(0, first, count);
    auto* data = elements<bfloat16>(part);
    productInto(part, matrixOf(xPart), matrixOf(weight).transposed(), dim, {dataOrNull(b)});
    std::vector<float> targetLogits(static_cast<size_t>(count));
    forRows(count, classes, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) {
        bfloat16* row = data + i * classes;
        const int64_t own = target[first + i];
        const bool counts = own != ignored;
        if (counts) {
          logSums[first + i] = logSumExp(row, classes);
          targetLogits[i] = load(row + own);
        }
        if (!wanted.any()) continue;
        if (!counts) {
          std::memset(row, 0, classes * sizeof(bfloat16));
          continue;
        }
        const float logSum = logSums[first + i];
        slopes(row, logSum, factor, classes);
        store(row + own, (exponential(targetLogits[i] - logSum) - 1.0f) * factor);
      }
    });
    for (int64_t i = 0; i < count; i++) {
      if (target[first + i] != ignored) sum += static_cast<double>(logSums[first + i]) - targetLogits[i];
    }
    if (wanted.dx) productInto(result.dx.narrow(0, first, count), matrixOf(part), matrixOf(weight), classes);
    if (wanted.dw) productInto(result.dw, matrixOf(part).transposed(), matrixOf(xPart), count, {nullptr, nullptr, first > 0});
    if (wanted.db) result.db.add_(roundedWithSums(part).sums);
  }
  result.loss = at::empty({}, floats);
  *elements<float>(result.loss) = static_cast<float>(reduction == kMean ? sum / static_cast<double>(counted) : sum);
  return result;
}

at::Tensor linearCrossEntropy(const at::Tensor& x, const at::Tensor& weight, const Optional<at::Tensor>& bias,
                              const at::Tensor& targets, int64_t ignored, int64_t reduction) {
  return resultOf(x, weight, bias, targets, ignored, reduction, {false, false, false}).loss;
}

struct LinearCrossEntropy : torch::autograd::Function<LinearCrossEntropy> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const Optional<at::Tensor>& bias, const at::Tensor& targets, int64_t ignored,
                            int64_t reduction, bool wantsX, bool wantsWeight, bool wantsBias) {
    auto result = resultOf(x, weight, bias, targets, ignored, reduction, {wantsX, wantsWeight, wantsBias});
    if (wantsWeight) result.dw = result.dw.to(weight.scalar_type());
    if (wantsBias) result.db = result.db.to(bias->scalar_type());
    context->saved_data["dx"] = result.dx;
    context->saved_data["dw"] = result.dw;
    context->saved_data["db"] = result.db;
    return result.loss;
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    onlyFirstDerivatives("linear_cross_entropy");
    const at::Tensor& gradient = gradients[0];
    const double factor = gradient.item<float>();
    TORCH_CHECK(context->saved_data.count("dx"), "linear_cross_entropy goes back once: its gradients are handed over");
    // Handed over, not shared: what nobody else holds becomes the parameter's gradient without a copy.
    const auto scaled = [&](const char* name) {
      at::Tensor saved = context->saved_data[name].toTensor();
      context->saved_data.erase(name);
      return !saved.defined() || factor == 1.0 ? saved : saved.mul_(factor);
    };
    at::Tensor dx = scaled("dx"), dw = scaled("dw"), db = scaled("db");
    return {std::move(dx), std::move(dw), std::move(db), {}, {}, {}, {}, {}, {}};
  }
};

at::Tensor linearCrossEntropyAutograd(const at::Tensor& x, const at::Tensor& weight, const Optional<at::Tensor>& bias,
                                      const at::Tensor& targets, int64_t ignored, int64_t reduction) {
  const bool records = c10::GradMode::is_enabled();
  return LinearCrossEntropy::apply(x, weight, bias, targets, ignored, reduction, records && x.requires_grad(),
                                   records && weight.requires_grad(),
                                   records && bias && bias->defined() && bias->requires_grad());
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def(
      "linear_cross_entropy(Tensor input, Tensor weight, Tensor? bias, Tensor targets, int ignore_index, int reduction) "
      "-> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) { m.impl("linear_cross_entropy", TORCH_FN(linearCrossEntropy)); }
TORCH_LIBRARY_IMPL(tslm, AutogradCPU, m) { m.impl("linear_cross_entropy", TORCH_FN(linearCrossEntropyAutograd)); }

}  // namespace tslm
