// Activation functions and their derivatives, for loops that the compiler vectorises.
#pragma once

#include <c10/util/Exception.h>

#include <cmath>

#include "vector.h"

namespace tslm {

struct ValueAndDerivative {
  float value, derivative;
};

// 0 where it would be below the smallest normal number: processors divide a hundred times slower there.
TSLM_INLINE float sigmoid(float x) {
  const float inside = 1.0f / (1.0f + exponential(x < -87.0f ? 87.0f : -x));
  return x < -87.0f ? 0.0f : inside;
}

// GELU by its tanh approximation (Hendrycks & Gimpel 2016), written with the logistic function, since
// 1 + tanh u = 2 σ(2u):
//
//     y = x σ(2u),   u = √(2/π) (x + 0.044715 x³)
//     dy/dx = σ(2u) + x σ(2u) (1 − σ(2u)) 2 du/dx
struct GeluTanh {
  static constexpr float kSlope = 1.5957691216057308f;  // 2 √(2/π)
  static constexpr float kCubic = 0.044715f;
  TSLM_INLINE static float gate(float x) { return sigmoid(kSlope * x * (1.0f + kCubic * x * x)); }
  TSLM_INLINE static float value(float x) { return x * gate(x); }
  TSLM_INLINE static ValueAndDerivative both(float x) {
    const float s = gate(x);
    return {x * s, s + x * s * (1.0f - s) * kSlope * (1.0f + 3.0f * kCubic * x * x)};
  }
  TSLM_INLINE static float derivative(float x) { return both(x).derivative; }
};

// x Φ(x), with Abramowitz & Stegun 7.1.26 for the error function: within 1.5e-7.
struct Gelu {
  TSLM_INLINE static float phi(float x, float density) {
    const float t = 1.0f / (1.0f + 0.3275911f * 0.70710678f * std::fabs(x));
    const float p = ((((1.061405429f * t - 1.453152027f) * t + 1.421413741f) * t - 0.284496736f) * t + 0.254829592f) * t;
    const float tail = 0.5f * p * density;
    return x < 0 ? tail : 1.0f - tail;
  }
  TSLM_INLINE static float value(float x) { return x * phi(x, exponential(-0.5f * x * x)); }
  TSLM_INLINE static ValueAndDerivative both(float x) {
    const float density = exponential(-0.5f * x * x), p = phi(x, density);
    return {x * p, p + x * density * 0.3989422804f};
  }
  TSLM_INLINE static float derivative(float x) { return both(x).derivative; }
};

struct Silu {
  TSLM_INLINE static float value(float x) { return x * sigmoid(x); }
  TSLM_INLINE static ValueAndDerivative both(float x) {
    const float s = sigmoid(x);
    return {x * s, s + x * s * (1.0f - s)};
  }
  TSLM_INLINE static float derivative(float x) { return both(x).derivative; }
};

struct Relu {
  TSLM_INLINE static float value(float x) { return x < 0 ? 0.0f : x; }
  TSLM_INLINE static float derivative(float x) { return x > 0 ? 1.0f : 0.0f; }
  TSLM_INLINE static ValueAndDerivative both(float x) { return {value(x), derivative(x)}; }
};

// Calls `body` with the activation of that name under Hugging Face's names.
template <class Name, class Body>
auto withActivation(const Name& name, Body body) {
  if (name == "gelu_tanh") return body(GeluTanh{});
  if (name == "gelu") return body(Gelu{});
  if (name == "silu") return body(Silu{});
  TORCH_CHECK(name == "relu", "no fused activation '", name, "'");
  return body(Relu{});
}

}  // namespace tslm
