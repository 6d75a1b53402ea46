// One update by Muon (Jordan et al. 2024) of a list of float32 matrices: Nesterov's momentum, the nearest matrix with equal singular values
// by five steps of a quintic Newton–Schulz iteration, decay and update:
//
//     m ← μ m + s g,  d = s g + μ m,  X = d / ‖d‖
//     G = X Xᵀ,  X ← a X + (b G + c G²) X        (five times)
//     w ← (1 − lr λ) w − lr · 0.2 √max(rows, columns) X
//
// X is kept in float32 beside its rounding to bfloat16, which the products read; so the whole iteration of a matrix stays in the second
// cache. Matrices do not depend on each other: each is one thread's, unless one is most of the work.
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/library.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "linear.h"

namespace tslm {
namespace {

// Of the quintic a x + b x³ + c x⁵, which trades exactness for speed: singular values end between 0.7 and 1.2.
constexpr float kA = 3.4445f, kB = -4.775f, kC = 2.0315f;
// Root mean square of AdamW's updates, as measured by Liu et al. (2025, arXiv:2502.16982).
constexpr double kAdamWRms = 0.2;

// A part of a parameter: rows [rows, columns], contiguous.
struct MuonPart {
  float* weight;  // or null: `orthogonal` is written instead
  const float* gradient;
  float* buffer;  // or null: no momentum
  float* orthogonal;
  int64_t rows, columns;

  int64_t small() const { return std::min(rows, columns); }
  int64_t large() const { return std::max(rows, columns); }
  double work() const { return static_cast<double>(small()) * static_cast<double>(small()) * static_cast<double>(2 * large() + small()); }
};

struct MuonRates {
  float gradScale, momentum, lr, weightDecay;
};

// b G + c G² from the sums of G².
struct Polynomial {
  bfloat16* out;
  const bfloat16* gram;
  int64_t stride;

  TSLM_INLINE void row(const float* __restrict sums, int64_t i, int64_t column, int64_t count) const {
    const bfloat16* g = gram + i * stride + column;
    bfloat16* __restrict y = out + i * stride + column;
    for (int64_t j = 0; j < count; j++) store(y + j, kC * sums[j] + kB * load(g + j));
  }
};

// X ← a X + sums, rounded beside it where the next step's factors wait.
struct Advance {
  float* x;
  bfloat16* rounded;
  int64_t stride;

  TSLM_INLINE void row(const float* __restrict sums, int64_t i, int64_t column, int64_t count) const {
    float* __restrict y = x + i * stride + column;
    bfloat16* __restrict r = rounded + i * stride + column;
    for (int64_t j = 0; j < count; j++) {
      y[j] = kA * y[j] + sums[j];
      store(r + j, y[j]);
    }
  }
};

struct StoreRounded {
  bfloat16* out;
  int64_t stride;

  TSLM_INLINE void row(const float* __restrict sums, int64_t i, int64_t column, int64_t count) const {
    bfloat16* __restrict y = out + i * stride + column;
    for (int64_t j = 0; j < count; j++) store(y + j, sums[j]);
  }
};

TSLM_CLONES double directionOf(float* __restrict d, const float* __restrict g, float* __restrict m, int64_t count, float scale, float momentum) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; i++) {
    const float gradient = scale * g[i];
    m[i] = momentum * m[i] + gradient;
    d[i] = gradient + momentum * m[i];
    sum += static_cast<double>(d[i]) * static_cast<double>(d[i]);
  }
  return sum;
}

TSLM_CLONES double copyWithSquares(float* __restrict d, const float* __restrict g, int64_t count) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < count; i++) {
    d[i] = g[i];
    sum += static_cast<double>(g[i]) * static_cast<double>(g[i]);
  }
  return sum;
}

TSLM_CLONES void scaleAndRound(float* __restrict x, bfloat16* __restrict rounded, int64_t count, float factor) {
  for (int64_t i = 0; i < count; i++) {
    x[i] *= factor;
    store(rounded + i, x[i]);
  }
}

TSLM_CLONES void applyOrthogonal(float* __restrict w, const float* __restrict x, int64_t count, float keep, float step) {
  for (int64_t i = 0; i < count; i++) w[i] = keep * w[i] - step * x[i];
}

// [rows, columns] → [columns, rows], in squares that stay in the first cache.
void transposeInto(float* out, const float* in, int64_t rows, int64_t columns) {
  constexpr int64_t kSquare = 32;
  for (int64_t i = 0; i < rows; i += kSquare) {
    for (int64_t j = 0; j < columns; j += kSquare) {
      for (int64_t r = i; r < std::min(i + kSquare, rows); r++) {
        for (int64_t c = j; c < std::min(j + kSquare, columns); c++) out[c * rows + r] = in[r * columns + c];
      }
    }
  }
}

// `x` [m, n] with m ≤ n and `rounded`, its rounding, to the nearest matrix with equal singular values.
void newtonSchulzIn(float* x, bfloat16* rounded, bfloat16* gram, bfloat16* polynomial, int64_t m, int64_t n, int64_t steps) {
  const Matrix wide{rounded, false, n, 1}, square{gram, false, m, 1}, factor{polynomial, false, m, 1};
  // The next step's roundings may not overwrite what this one's product still reads: they go to a second copy.
  at::Tensor second = at::empty({m, n}, at::TensorOptions().dtype(at::kBFloat16));
  bfloat16* copies[2] = {rounded, elements<bfloat16>(second)};
  for (int64_t step = 0; step < steps; step++) {
    Matrix from = wide;
    from.data = copies[step % 2];
    multiply(from, from.transposed(), m, m, n, rowByRow(StoreRounded{gram, m}));
    multiply(square, square, m, m, m, rowByRow(Polynomial{polynomial, gram, m}));
    multiply(factor, from, m, n, m, rowByRow(Advance{x, copies[(step + 1) % 2], n}));
  }
}

void muonPart(const MuonPart& part, const MuonRates& c, int64_t steps) {
  const int64_t count = part.rows * part.columns, m = part.small(), n = part.large();
  const bool isTall = part.rows > part.columns;
  const auto floats = at::TensorOptions().dtype(at::kFloat), halves = at::TensorOptions().dtype(at::kBFloat16);
  at::Tensor memory = at::empty({count}, floats), turned = isTall ? at::empty({count}, floats) : at::Tensor();
  at::Tensor rounded = at::empty({count}, halves), gram = at::empty({m, m}, halves), polynomial = at::empty({m, m}, halves);
  float* direction = elements<float>(memory);
  const double sum = part.buffer ? directionOf(direction, part.gradient, part.buffer, count, c.gradScale, c.momentum)
                                 : copyWithSquares(direction, part.gradient, count);
  float* x = direction;
  if (isTall) transposeInto(x = elements<float>(turned), direction, part.rows, part.columns);
  scaleAndRound(x, elements<bfloat16>(rounded), count, static_cast<float>(1.0 / (std::sqrt(sum) + 1e-7)));
  newtonSchulzIn(x, elements<bfloat16>(rounded), elements<bfloat16>(gram), elements<bfloat16>(polynomial), m, n, steps);
  if (isTall) transposeInto(direction, x, part.columns, part.rows);
  if (part.weight == nullptr) {
    std::copy_n(direction, count, part.orthogonal);
    return;
  }
  const double size = kAdamWRms * std::sqrt(static_cast<double>(n));
  applyOrthogonal(part.weight, direction, count, 1.0f - c.lr * c.weightDecay, static_cast<float>(static_cast<double>(c.lr) * size));
}

void muonAll(std::vector<MuonPart> parts, const MuonRates& constants, int64_t steps) {
  const int64_t threads = inParallel() ? 1 : at::get_num_threads();
  double total = 0, most = 0;
  for (const MuonPart& part : parts) {
    total += part.work();
    most = std::max(most, part.work());
  }
  if (threads == 1 || most * static_cast<double>(threads) > 1.2 * total) {
    for (const MuonPart& part : parts) muonPart(part, constants, steps);
    return;
  }
  // The largest first, each to the thread that has least to do.
  std::stable_sort(parts.begin(), parts.end(), [](const MuonPart& a, const MuonPart& b) { return a.work() > b.work(); });
  std::vector<std::vector<MuonPart>> shares(static_cast<size_t>(threads));
  std::vector<double> loads(static_cast<size_t>(threads));
  for (const MuonPart& part : parts) {
    const auto least = static_cast<size_t>(std::min_element(loads.begin(), loads.end()) - loads.begin());
    shares[least].push_back(part);
    loads[least] += part.work();
  }
  parallelFor(0, threads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      for (const MuonPart& part : shares[static_cast<size_t>(i)]) muonPart(part, constants, steps);
    }
  });
}

void checkMuonMatrix(const char* kernel, const at::Tensor& tensor) {
  TORCH_CHECK(tensor.scalar_type() == at::kFloat && tensor.dim() == 2, kernel, " takes float32 matrices, not ", tensor.scalar_type(), " of ",
              tensor.dim(), " dimensions");
}

void muon(at::TensorList parameters, at::TensorList gradients, at::TensorList buffers, c10::ArrayRef<int64_t> counts, double lr,
          double momentum, double weightDecay, double gradScale, int64_t steps) {
  requireProducts("muon_");
  TORCH_CHECK(gradients.size() == parameters.size() && buffers.size() == parameters.size() && counts.size() == parameters.size(),
              "muon_ takes lists of one length");
  std::vector<at::Tensor> dense;
  std::vector<MuonPart> parts;
  for (size_t t = 0; t < parameters.size(); t++) {
    for (const at::Tensor& tensor : {parameters[t], gradients[t], buffers[t]}) {
      checkMuonMatrix("muon_", tensor);
      TORCH_CHECK(tensor.sizes() == parameters[t].sizes(), "muon_ takes tensors of one shape, not ", parameters[t].sizes(), " and ",
                  tensor.sizes());
    }
    TORCH_CHECK(parameters[t].is_contiguous() && buffers[t].is_contiguous(), "muon_ takes contiguous parameters and buffers");
    TORCH_CHECK(counts[t] > 0 && parameters[t].size(0) % counts[t] == 0, "muon_ cannot cut ", parameters[t].size(0), " rows into ",
                counts[t], " matrices");
    dense.push_back(gradients[t].contiguous());
    const int64_t rows = parameters[t].size(0) / counts[t], columns = parameters[t].size(1), size = rows * columns;
    if (size == 0) continue;
    for (int64_t i = 0; i < counts[t]; i++) {
      parts.push_back({elements<float>(parameters[t]) + i * size, elements<float>(dense.back()) + i * size,
                       elements<float>(buffers[t]) + i * size, nullptr, rows, columns});
    }
  }
  muonAll(std::move(parts),
          {static_cast<float>(gradScale), static_cast<float>(momentum), static_cast<float>(lr), static_cast<float>(weightDecay)}, steps);
  for (const at::TensorList list : {parameters, buffers}) {
    for (const at::Tensor& tensor : list) tensor.unsafeGetTensorImpl()->bump_version();
  }
}

// [count, rows, columns]
at::Tensor newtonSchulz(const at::Tensor& matrices, int64_t steps) {
  requireProducts("newton_schulz");
  TORCH_CHECK(matrices.dim() == 3 && matrices.scalar_type() == at::kFloat, "newton_schulz takes float32 [count, rows, columns]");
  const at::Tensor dense = matrices.contiguous();
  at::Tensor out = at::empty_like(dense);
  std::vector<MuonPart> parts;
  const int64_t rows = dense.size(1), columns = dense.size(2), size = rows * columns;
  for (int64_t i = 0; i < dense.size(0) && size > 0; i++) {
    parts.push_back({nullptr, elements<float>(dense) + i * size, nullptr, elements<float>(out) + i * size, rows, columns});
  }
  muonAll(std::move(parts), {}, steps);
  return out;
}

}  // namespace

TORCH_LIBRARY_FRAGMENT(tslm, m) {
  m.def(
      "muon_(Tensor(a!)[] parameters, Tensor[] gradients, Tensor(b!)[] buffers, int[] counts, float lr, float momentum, "
      "float weight_decay, float grad_scale=1.0, int steps=5) -> ()");
  m.def("newton_schulz(Tensor matrices, int steps=5) -> Tensor");
}
TORCH_LIBRARY_IMPL(tslm, CPU, m) {
  m.impl("muon_", TORCH_FN(muon));
  m.impl("newton_schulz", TORCH_FN(newtonSchulz));
}

}  // namespace tslm
