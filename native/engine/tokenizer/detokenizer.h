// Turns a stream of tokens into text that is always whole UTF-8 and never contains a stop string.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace paddock {

class Detokenizer {
 public:
  Detokenizer(const Tokenizer& tokenizer, std::vector<std::string> stop);

  // Adds a token and returns the text that is certain now: bytes that may still become part of a character or of a
  // stop string are held back. Control tokens add nothing.
  std::string Add(int32_t token);
  // True once a stop string has appeared; what it and later tokens spell is dropped.
  bool stopped() const { return stopped_; }
  // What was held back, with broken UTF-8 replaced by U+FFFD.
  std::string Finish();

 private:
  const Tokenizer& tokenizer_;
  std::vector<std::string> stop_;
  std::string pending_;
  bool stopped_ = false;
};

// Length of the longest prefix of `text` that ends between characters; bytes that can begin no character count as one.
size_t WholeUtf8Prefix(std::string_view text);
// Replaces every byte that is not part of well-formed UTF-8 (Unicode 17, table 3-7) by U+FFFD.
std::string ReplaceBrokenUtf8(std::string_view text);

}  // namespace paddock
