// Numbers that look random and are the same everywhere.
#pragma once

#include <cstdint>
#include <vector>

namespace paddock::test {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 2 + 1) {}
  uint32_t Next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state_ >> 33);
  }
  int Below(int n) { return static_cast<int>(Next() % static_cast<uint32_t>(n)); }
  float Uniform() { return static_cast<float>(Next()) / 2147483648.0f * 2 - 1; }  // [-1, 1)

  std::vector<float> Floats(size_t n, float scale) {
    std::vector<float> out(n);
    for (float& x : out) x = Uniform() * scale;
    return out;
  }

 private:
  uint64_t state_;
};

}  // namespace paddock::test
