#include "runtime/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

namespace paddock {
namespace {

// Candidates beyond this many are only sorted when top-p needs them.
constexpr size_t kFirstSort = 256;

bool MoreProbable(float a_logit, int32_t a_token, float b_logit, int32_t b_token) {
  return a_logit != b_logit ? a_logit > b_logit : a_token < b_token;
}

// e^x for x <= 0, to six digits, 0 below -87. Without calls and branches, so that compilers use vectors.
float ExpOfNegative(float x) {
  constexpr float kLog2E = 1.44269504f, kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f;
  x = x < -87.0f ? -87.0f : x;
  // Adding this rounds to a whole number.
  constexpr float kRound = 12582912.0f;
  const float n = x * kLog2E + kRound - kRound;
  const float r = x - n * kLn2High - n * kLn2Low;
  float p = 1.9875691e-4f;
  p = p * r + 1.3981999e-3f;
  p = p * r + 8.3334519e-3f;
  p = p * r + 4.1665795e-2f;
  p = p * r + 1.6666665e-1f;
  p = p * r + 0.5f;
  p = p * r * r + r + 1.0f;
  const float power = std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
  return x <= -87.0f ? 0.0f : p * power;
}

// The sum of e^((logit - max) / temperature) over all logits; NaN counts nothing.
double TotalWeight(std::span<const float> logits, float max, float temperature) {
  constexpr size_t kParts = 16, kRun = 1024;
  const float scale = 1 / temperature;
  double total = 0;
  for (size_t begin = 0; begin < logits.size(); begin += kRun) {
    const size_t end = std::min(begin + kRun, logits.size()), whole = begin + (end - begin) / kParts * kParts;
    float sum[kParts] = {};
    const auto weight = [&](float logit) { return logit <= max ? ExpOfNegative((logit - max) * scale) : 0.0f; };
    for (size_t i = begin; i < whole; i += kParts) {
      for (size_t j = 0; j < kParts; ++j) sum[j] += weight(logits[i + j]);
    }
    for (size_t i = whole; i < end; ++i) sum[0] += weight(logits[i]);
    for (const float part : sum) total += static_cast<double>(part);
  }
  return total;
}

}  // namespace

int32_t ArgMax(const LogitRow& logits) {
  const auto best = std::max_element(logits.block_max.begin(), logits.block_max.end());
  const size_t block = best - logits.block_max.begin();
  const std::span<const float> values = logits.Block(block);
  const auto found = std::find(values.begin(), values.end(), *best);
  return found == values.end()
             ? 0
             : static_cast<int32_t>(block * kLogitBlock) + static_cast<int32_t>(found - values.begin());
}

Sampler::Sampler(const SamplerOptions& options) : options_(options), state_(options.seed) {}

// SplitMix64 (Steele, Lea and Flood, 2014).
double Sampler::NextUniform() {
  uint64_t z = state_ += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

void Sampler::Penalize(const LogitRow& logits, std::span<const int32_t> recent) {
  if (options_.repetition_penalty == 1) return;
  std::vector<int32_t> seen(recent.begin(), recent.end());
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  for (const int32_t token : seen) {
    float& logit = logits.values[token];
    logit = logit > 0 ? logit / options_.repetition_penalty : logit * options_.repetition_penalty;
    logits.Update(static_cast<size_t>(token) / kLogitBlock);
  }
}

// The least logit of the `count` largest, or something below: `count` blocks have one that is at least this.
float Sampler::FloorOf(const LogitRow& logits, size_t count) {
  if (count >= logits.block_max.size()) return -INFINITY;
  maxima_.assign(logits.block_max.begin(), logits.block_max.end());
  const auto at = maxima_.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(maxima_.begin(), at, maxima_.end(), std::greater<>());
  return *at;
}

// Those whose logit is at least `floor`. NaN is none of them.
void Sampler::Gather(const LogitRow& logits, float floor) {
  candidates_.clear();
  sorted_ = 0;
  // All are candidates: growing step by step would take more than MostBytes().
  if (floor == -INFINITY) candidates_.reserve(logits.values.size());
  for (size_t block = 0; block < logits.block_max.size(); ++block) {
    if (logits.block_max[block] < floor) continue;
    const std::span<const float> values = logits.Block(block);
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i] >= floor) candidates_.push_back({values[i], static_cast<int32_t>(block * kLogitBlock + i)});
    }
  }
}

// Puts at least the first `count` candidates in order.
void Sampler::SortUntil(size_t count) {
  count = std::min(count, candidates_.size());
  if (count <= sorted_) return;
  const auto begin = candidates_.begin() + static_cast<std::ptrdiff_t>(sorted_);
  std::partial_sort(
      begin, candidates_.begin() + static_cast<std::ptrdiff_t>(count), candidates_.end(),
      [](const Candidate& a, const Candidate& b) { return MoreProbable(a.logit, a.token, b.logit, b.token); });
  sorted_ = count;
}

int32_t Sampler::Sample(const LogitRow& logits, std::span<const int32_t> recent) {
  Penalize(logits, recent);
  if (options_.temperature <= 0) return ArgMax(logits);
  const float max = Largest(logits.block_max);
  const auto weight_of = [&](float logit) {
    return std::exp(static_cast<double>((logit - max) / options_.temperature));
  };
  // min-p comes last in the chain, but like top-p it keeps the first of the candidates in order, so that what it
  // removes need not be gathered. Only the mass that top-p measures is that of all.
  const float least =
      options_.min_p > 0 ? max + options_.temperature * std::log(std::min(options_.min_p, 1.0f)) : -INFINITY;
  const size_t most = options_.top_k > 0 ? static_cast<size_t>(options_.top_k) : logits.values.size();
  const bool top_k = most < logits.values.size(), top_p = options_.top_p < 1;
  Gather(logits, top_k ? FloorOf(logits, most) : least);
  // NaN logits of a broken model compare false everywhere; any token is as good as another.
  if (candidates_.empty()) return 0;
  if (top_k && most < candidates_.size()) {
    SortUntil(most);
    candidates_.resize(most);
  }
  double limit = INFINITY;  // of the mass that is kept
  if (top_p && top_k) {
    limit = 0;
    for (const Candidate& c : candidates_) limit += weight_of(c.logit);
  } else if (top_p) {
    limit = TotalWeight(logits.values, max, options_.temperature);
  }
  if (top_p) limit *= static_cast<double>(options_.top_p);
  weights_.clear();
  if (!top_p && least == -INFINITY) weights_.reserve(candidates_.size());
  double kept = 0;
  for (size_t i = 0; i < candidates_.size(); ++i) {
    if (i >= sorted_) SortUntil(std::max(kFirstSort, 4 * sorted_));
    if (i > 0 && candidates_[i].logit < least) break;
    weights_.push_back(weight_of(candidates_[i].logit));
    kept += weights_.back();
    if (kept >= limit) break;
  }
  double draw = NextUniform() * kept;
  for (size_t i = 0; i < weights_.size(); ++i) {
    draw -= weights_[i];
    if (draw < 0) return candidates_[i].token;
  }
  return candidates_[weights_.size() - 1].token;
}

}  // namespace paddock
