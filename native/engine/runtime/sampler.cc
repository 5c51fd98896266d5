#include "runtime/sampler.h"

#include <algorithm>
#include <cmath>

namespace paddock {
namespace {

// Candidates beyond this many are only sorted when top-p needs them.
constexpr size_t kFirstSort = 256;

bool MoreProbable(float a_logit, int32_t a_token, float b_logit, int32_t b_token) {
  return a_logit != b_logit ? a_logit > b_logit : a_token < b_token;
}

}  // namespace

int32_t ArgMax(const LogitRow& logits) {
  const auto best = std::max_element(logits.block_max.begin(), logits.block_max.end());
  const size_t block = static_cast<size_t>(best - logits.block_max.begin());
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
    float& logit = logits.values[static_cast<size_t>(token)];
    logit = logit > 0 ? logit / options_.repetition_penalty : logit * options_.repetition_penalty;
    logits.Update(static_cast<size_t>(token) / kLogitBlock);
  }
}

int32_t Sampler::Sample(const LogitRow& logits, std::span<const int32_t> recent) {
  Penalize(logits, recent);
  if (options_.temperature <= 0) return ArgMax(logits);

  candidates_.clear();
  const float max = Largest(logits.block_max);
  // min-p first removes what cannot be drawn anyway: exact, since it depends on the most probable token alone.
  const float floor = options_.min_p > 0 ? max + options_.temperature * std::log(options_.min_p) : -INFINITY;
  for (size_t block = 0; block < logits.block_max.size(); ++block) {
    if (logits.block_max[block] < floor) continue;
    const std::span<const float> values = logits.Block(block);
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i] >= floor) candidates_.push_back({values[i], static_cast<int32_t>(block * kLogitBlock + i)});
    }
  }
  // NaN logits of a broken model compare false everywhere; any token is as good as another.
  if (candidates_.empty()) return 0;
  const auto before = [](const Candidate& a, const Candidate& b) {
    return MoreProbable(a.logit, a.token, b.logit, b.token);
  };
  size_t sorted = 0;
  const auto sort_until = [&](size_t count) {
    count = std::min(count, candidates_.size());
    if (count <= sorted) return;
    const auto begin = candidates_.begin() + static_cast<std::ptrdiff_t>(sorted);
    std::partial_sort(begin, candidates_.begin() + static_cast<std::ptrdiff_t>(count), candidates_.end(), before);
    sorted = count;
  };
  if (options_.top_k > 0 && static_cast<size_t>(options_.top_k) < candidates_.size()) {
    sort_until(static_cast<size_t>(options_.top_k));
    candidates_.resize(static_cast<size_t>(options_.top_k));
  }
  double total = 0;
  for (const Candidate& c : candidates_) total += std::exp(static_cast<double>((c.logit - max) / options_.temperature));
  weights_.clear();
  double kept = 0;
  const bool cut = options_.top_p < 1;
  for (size_t i = 0; i < candidates_.size(); ++i) {
    if (i >= sorted) sort_until(std::max(kFirstSort, 4 * sorted));
    const double weight = std::exp(static_cast<double>((candidates_[i].logit - max) / options_.temperature));
    weights_.push_back(weight);
    kept += weight;
    if (cut && kept >= static_cast<double>(options_.top_p) * total) break;
  }
  double draw = NextUniform() * kept;
  for (size_t i = 0; i < weights_.size(); ++i) {
    draw -= weights_[i];
    if (draw < 0) return candidates_[i].token;
  }
  return candidates_[weights_.size() - 1].token;
}

}  // namespace paddock
