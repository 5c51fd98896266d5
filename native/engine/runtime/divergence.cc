#include "runtime/divergence.h"

#include <algorithm>
#include <cmath>

namespace paddock {
namespace {

constexpr double kLeastLogProbability = -16;

// ln sum exp(logits), of which `max` is the greatest.
double LogSumExp(std::span<const float> logits, double max) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - max);
  return max + std::log(sum);
}

}  // namespace

double NegativeLogLikelihood(std::span<const float> logits, int32_t token) {
  const double max = *std::max_element(logits.begin(), logits.end());
  return LogSumExp(logits, max) - static_cast<double>(logits[token]);
}

double NegativeLogLikelihood(const LogitRow& logits, int32_t token) {
  // All that is further below the largest is a millionth together, in the largest vocabulary there is.
  constexpr float kNothing = 27;
  const float max = Largest(logits.block_max);
  double sum = 0;
  for (size_t block = 0; block < logits.block_max.size(); ++block) {
    if (logits.block_max[block] < max - kNothing) continue;
    for (const float logit : logits.Block(block)) sum += std::exp(logit - max);
  }
  return std::log(sum) + static_cast<double>(max - logits.values[token]);
}

TokenDivergence CompareLogits(std::span<const float> base, std::span<const float> logits, int32_t token) {
  const auto base_top = std::max_element(base.begin(), base.end());
  const auto top = std::max_element(logits.begin(), logits.end());
  const double base_norm = LogSumExp(base, *base_top), norm = LogSumExp(logits, *top);
  TokenDivergence out;
  out.base_nll = base_norm - static_cast<double>(base[token]);
  out.nll = norm - static_cast<double>(logits[token]);
  out.same_top = base_top - base.begin() == top - logits.begin();
  for (size_t i = 0; i < base.size(); ++i) {
    const double base_log = static_cast<double>(base[i]) - base_norm;
    if (base_log <= kLeastLogProbability) continue;
    out.kld += std::exp(base_log) * (base_log - (static_cast<double>(logits[i]) - norm));
  }
  return out;
}

}  // namespace paddock
