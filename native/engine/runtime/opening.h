// The text that an answer has to begin with.
//
// Who stops amid a word wants it to go on, but the tokens of half a word are not what a model expects before the other
// half. So the half is given as text, and of the tokens that spell it, or begin with it, the model chooses the
// likeliest ("token healing", Lundberg 2023).
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "model/logit_row.h"
#include "tokenizer/tokenizer.h"

namespace paddock {

class Opening {
 public:
  Opening(const Tokenizer& tokenizer, std::string text) : tokenizer_(tokenizer), rest_(std::move(text)) {}

  // Takes the tokens that cannot come next out of the choice: their logits become -infinity. Where no token can come
  // next, as in a vocabulary without single bytes, the answer is free from here on.
  void Restrict(const LogitRow& logits);
  // The answer goes on with this token.
  void Append(int32_t token);

 private:
  // Whether the token spells a part of the rest from its beginning, or goes on behind all of it.
  bool Fits(int32_t token) const;

  const Tokenizer& tokenizer_;
  std::string rest_;  // what is still to come
};

}  // namespace paddock
