#include "runtime/opening.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

namespace paddock {

bool Opening::Fits(int32_t token) const {
  const std::string_view bytes = tokenizer_.Bytes(token);
  const size_t shared = std::min(bytes.size(), rest_.size());
  return shared > 0 && bytes.substr(0, shared) == std::string_view(rest_).substr(0, shared) &&
         !tokenizer_.IsControl(token);
}

void Opening::Restrict(const LogitRow& logits) {
  if (rest_.empty()) return;
  std::vector<std::pair<int32_t, float>> fitting;
  for (int32_t token = 0; token < static_cast<int32_t>(logits.values.size()); ++token) {
    if (Fits(token)) fitting.emplace_back(token, logits.values[token]);
  }
  if (fitting.empty()) return rest_.clear();
  std::fill(logits.values.begin(), logits.values.end(), -INFINITY);
  std::fill(logits.block_max.begin(), logits.block_max.end(), -INFINITY);
  for (const auto& [token, logit] : fitting) {
    logits.values[token] = logit;
    float& most = logits.block_max[static_cast<size_t>(token) / kLogitBlock];
    most = std::max(most, logit);
  }
}

void Opening::Append(int32_t token) {
  rest_.erase(0, std::min(rest_.size(), tokenizer_.Bytes(token).size()));
}

}  // namespace paddock
