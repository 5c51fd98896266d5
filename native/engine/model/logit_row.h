// One token's logits, and where its largest are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace paddock {

// Logits whose largest is known: most blocks of a vocabulary hold nothing that can be drawn, and need not be read.
inline constexpr size_t kLogitBlock = 128;

// The largest value. Ignores NaN; returns -infinity if nothing is left. Works in parts so that compilers vectorize it.
inline float Largest(std::span<const float> x) {
  constexpr size_t kParts = 16;
  float parts[kParts];
  std::fill_n(parts, kParts, -INFINITY);
  size_t i = 0;
  for (; i + kParts <= x.size(); i += kParts) {
    for (size_t j = 0; j < kParts; ++j) parts[j] = x[i + j] > parts[j] ? x[i + j] : parts[j];
  }
  for (; i < x.size(); ++i) parts[0] = x[i] > parts[0] ? x[i] : parts[0];
  return *std::max_element(parts, parts + kParts);
}

struct LogitRow {
  std::span<float> values;     // [vocabulary]
  std::span<float> block_max;  // [BlockCount(vocabulary)]: Largest() of each block

  static size_t BlockCount(size_t vocabulary) { return (vocabulary + kLogitBlock - 1) / kLogitBlock; }
  std::span<const float> Block(size_t block) const {
    const size_t begin = block * kLogitBlock;
    return values.subspan(begin, std::min(kLogitBlock, values.size() - begin));
  }
  // After a change of values in it.
  void Update(size_t block) const { block_max[block] = Largest(Block(block)); }
};

}  // namespace paddock
