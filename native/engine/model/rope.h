// Rotary position embedding (Su et al., RoFormer, 2021).
#pragma once

#include <cmath>

#include "model/weights.h"

namespace paddock {

// Radians per position of each rotated pair, [rope_dim / 2].
inline void RopeFrequencies(const Hyperparameters& h, const Weights& weights, float* out) {
  for (int i = 0; i < h.rope_dim / 2; ++i) {
    double f = std::pow(static_cast<double>(h.rope_base), -2.0 * i / h.rope_dim) * static_cast<double>(h.rope_scale);
    if (!weights.rope_factors.empty()) f /= static_cast<double>(weights.rope_factors[static_cast<size_t>(i)]);
    out[i] = static_cast<float>(f);
  }
}

// Rotates the pairs of a head by the angles whose cosines and sines are given, [rope_dim / 2].
inline void Rotate(const Hyperparameters& h, const float* c, const float* s, float* head) {
  const int half = h.rope_dim / 2;
  const bool halves = h.architecture->rope_pairs == RopePairs::kHalves;
  for (int i = 0; i < half; ++i) {
    float* a = halves ? head + i : head + 2 * i;
    float* b = halves ? a + half : a + 1;
    const float x = *a, y = *b;
    *a = x * c[i] - y * s[i];
    *b = x * s[i] + y * c[i];
  }
}

// The way back: the derivative by the head before rotation from the one after, which is a rotation by minus the angle.
inline void RotateBack(const Hyperparameters& h, const float* c, const float* s, float* head) {
  const int half = h.rope_dim / 2;
  const bool halves = h.architecture->rope_pairs == RopePairs::kHalves;
  for (int i = 0; i < half; ++i) {
    float* a = halves ? head + i : head + 2 * i;
    float* b = halves ? a + half : a + 1;
    const float x = *a, y = *b;
    *a = x * c[i] + y * s[i];
    *b = y * c[i] - x * s[i];
  }
}

}  // namespace paddock
