// Rotary position embedding (Su et al., RoFormer, 2021).
#pragma once

#include <cmath>

#include "model/weights.h"

namespace paddock {

// Radians per position of each rotated pair, [rope_dim / 2].
inline void RopeFrequencies(const Hyperparameters& h, const Weights& weights, float* out) {
  for (int i = 0; i < h.rope_dim / 2; ++i) {
    double f = std::pow(static_cast<double>(h.rope_base), -2.0 * i / h.rope_dim) * static_cast<double>(h.rope_scale);
    if (!weights.rope_factors.empty()) f /= static_cast<double>(weights.rope_factors[i]);
    out[i] = static_cast<float>(f);
  }
}

// Cosines and sines of the rotated pairs at `position`, [rope_dim / 2].
inline void RopeAngles(const Hyperparameters& h, const float* frequencies, int position, float* cos, float* sin) {
  for (int i = 0; i < h.rope_dim / 2; ++i) {
    const float angle = static_cast<float>(position) * frequencies[i];
    cos[i] = std::cos(angle);
    sin[i] = std::sin(angle);
  }
}

enum class RotationSense { kForward, kBackward };

// Rotates the pairs of a head by the angles whose cosines and sines are given, [rope_dim / 2]. kBackward rotates by
// minus the angle: it turns the derivative by the rotated head into the one by the head.
template <RotationSense sense = RotationSense::kForward>
void Rotate(const Hyperparameters& h, const float* c, const float* s, float* head) {
  const int half = h.rope_dim / 2;
  const bool halves = h.architecture->rope_pairs == RopePairs::kHalves;
  for (int i = 0; i < half; ++i) {
    float* a = halves ? head + i : head + 2 * i;
    float* b = halves ? a + half : a + 1;
    const float x = *a, y = *b;
    if constexpr (sense == RotationSense::kForward) {
      *a = x * c[i] - y * s[i];
      *b = x * s[i] + y * c[i];
    } else {
      *a = x * c[i] + y * s[i];
      *b = y * c[i] - x * s[i];
    }
  }
}

}  // namespace paddock
