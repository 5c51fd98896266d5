// Chooses the next token from logits.
//
// The chain, in this order: repetition penalty, temperature, top-k, top-p, min-p, one draw. Top-p measures the mass of
// all that top-k has kept. Temperature 0 takes the most probable token after the penalty. The same seed and logits give
// the same tokens on every platform.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/logit_row.h"

namespace paddock {

struct SamplerOptions {
  float temperature = 0;
  int top_k = 0;                 // 0 = all
  float top_p = 1;               // the smallest set of tokens with at least this probability (Holtzman et al., 2020)
  float min_p = 0;               // relative to the most probable token (Nguyen et al., 2024)
  float repetition_penalty = 1;  // divides positive and multiplies negative logits (Keskar et al., 2019)
  uint64_t seed = 0;
};

class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options);

  // Bytes that drawing takes at most: without a bound, every token of the vocabulary is a candidate with a weight.
  static uint64_t MostBytes(int vocabulary) {
    return static_cast<uint64_t>(vocabulary) * (sizeof(Candidate) + sizeof(double));
  }

  // `recent` are the tokens that the penalty applies to. May change `logits`.
  int32_t Sample(const LogitRow& logits, std::span<const int32_t> recent);

 private:
  struct Candidate {
    float logit;
    int32_t token;
  };
  void Penalize(const LogitRow& logits, std::span<const int32_t> recent);
  float FloorOf(const LogitRow& logits, size_t count);
  void Gather(const LogitRow& logits, float floor);
  void SortUntil(size_t count);
  double NextUniform();  // [0, 1)

  SamplerOptions options_;
  uint64_t state_;
  std::vector<Candidate> candidates_;
  size_t sorted_ = 0;  // of the candidates
  std::vector<double> weights_;
  std::vector<float> maxima_;
};

// Index of the largest element; the lowest index among equals.
int32_t ArgMax(const LogitRow& logits);

}  // namespace paddock
