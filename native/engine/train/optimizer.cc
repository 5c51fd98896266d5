#include "train/optimizer.h"

#include <cmath>
#include <utility>

namespace paddock {

std::optional<double> Optimizer::Step(const std::vector<float>& gradient, float learning_rate,
                                      std::vector<float>* values) {
  double squares = 0;
  for (const float g : gradient) squares += static_cast<double>(g) * static_cast<double>(g);
  const double norm = std::sqrt(squares);
  if (!std::isfinite(norm)) return std::nullopt;
  const bool clipped = options_.clip > 0 && norm > static_cast<double>(options_.clip);
  const float scale = clipped ? static_cast<float>(static_cast<double>(options_.clip) / norm) : 1.0f;
  ++steps_;
  const double t = static_cast<double>(steps_);
  const auto correction1 = static_cast<float>(1 - std::pow(static_cast<double>(options_.beta1), t));
  const auto correction2 = static_cast<float>(std::sqrt(1 - std::pow(static_cast<double>(options_.beta2), t)));
  const float rate = learning_rate / correction1, keep = 1 - learning_rate * options_.weight_decay;
  for (size_t i = 0; i < gradient.size(); ++i) {
    const float g = gradient[i] * scale;
    first_[i] += (1 - options_.beta1) * (g - first_[i]);
    second_[i] = options_.beta2 * second_[i] + (1 - options_.beta2) * g * g;
    float& value = (*values)[i];
    value = value * keep - rate * first_[i] / (std::sqrt(second_[i]) / correction2 + options_.epsilon);
  }
  return norm;
}

void Optimizer::Restore(uint64_t steps, std::vector<float> first, std::vector<float> second) {
  steps_ = steps;
  first_ = std::move(first);
  second_ = std::move(second);
}

}  // namespace paddock
