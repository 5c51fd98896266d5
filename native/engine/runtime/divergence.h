// How far one model's prediction of a token is from another's, as llama.cpp's perplexity tool defines it.
#pragma once

#include <cstdint>
#include <span>

#include "model/logit_row.h"

namespace paddock {

// -ln softmax(logits)[token] in nats.
double NegativeLogLikelihood(std::span<const float> logits, int32_t token);
// The same to a millionth; reads only blocks that can count.
double NegativeLogLikelihood(const LogitRow& logits, int32_t token);

struct TokenDivergence {
  double nll = 0, base_nll = 0;  // of the token that came, nats
  double kld = 0;                // D(base || model) over the vocabulary, nats; see CompareLogits
  bool same_top = false;         // both find the same token likeliest; of equals the first counts
};

// Entries whose base probability is below e^-16 count nothing, as in llama.cpp, whose files of base probabilities end
// there. What that leaves out of the divergence is below 1e-7 of probability an entry. Unlike there the base is not
// rounded to 16 bits. `base` and `logits` are as long as the vocabulary, and `token` is within it.
TokenDivergence CompareLogits(std::span<const float> base, std::span<const float> logits, int32_t token);

}  // namespace paddock
