#include "tokenizer/detokenizer.h"

#include <algorithm>

namespace paddock {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// Bytes of the well-formed sequence at the start of `text`; 0 when it is broken, and *complete = false when it may only
// be unfinished.
size_t SequenceLength(std::string_view text, bool* complete) {
  *complete = true;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xc2 && first < 0xe0   ? 2
                        : first >= 0xe0 && first < 0xf0 ? 3
                        : first >= 0xf0 && first < 0xf5 ? 4
                                                        : 0;
  if (length == 0) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (i == text.size()) {
      *complete = false;
      return 0;
    }
    uint8_t low = 0x80, high = 0xbf;
    if (i == 1 && first == 0xe0) low = 0xa0;
    if (i == 1 && first == 0xed) high = 0x9f;
    if (i == 1 && first == 0xf0) low = 0x90;
    if (i == 1 && first == 0xf4) high = 0x8f;
    if (byte(i) < low || byte(i) > high) return 0;
  }
  return length;
}

}  // namespace

size_t WholeUtf8Prefix(std::string_view text) {
  // Only the last three bytes can be the beginning of an unfinished character.
  for (size_t back = std::min<size_t>(3, text.size()); back > 0; --back) {
    bool complete;
    const size_t at = text.size() - back;
    SequenceLength(text.substr(at), &complete);
    if (!complete) return at;
  }
  return text.size();
}

std::string ReplaceBrokenUtf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    bool complete;
    const size_t length = SequenceLength(text, &complete);
    if (length == 0) {
      out += kReplacement;
      text.remove_prefix(1);
    } else {
      out += text.substr(0, length);
      text.remove_prefix(length);
    }
  }
  return out;
}

Detokenizer::Detokenizer(const Tokenizer& tokenizer, std::vector<std::string> stop)
    : tokenizer_(tokenizer), stop_(std::move(stop)) {
  std::erase_if(stop_, [](const std::string& s) { return s.empty(); });
}

std::string Detokenizer::Add(int32_t token) {
  if (stopped_ || tokenizer_.IsControl(token)) return {};
  pending_ += tokenizer_.Bytes(token);
  size_t hold = pending_.size();
  size_t first_stop = std::string::npos;
  for (const std::string& stop : stop_) {
    first_stop = std::min(first_stop, pending_.find(stop));
    // The longest suffix that begins this stop string.
    for (size_t n = std::min(stop.size() - 1, pending_.size()); n > 0; --n) {
      if (pending_.compare(pending_.size() - n, n, stop, 0, n) == 0) {
        hold = std::min(hold, pending_.size() - n);
        break;
      }
    }
  }
  if (first_stop != std::string::npos) {
    stopped_ = true;
    std::string text = ReplaceBrokenUtf8(std::string_view(pending_).substr(0, first_stop));
    pending_.clear();
    return text;
  }
  hold = std::min(hold, WholeUtf8Prefix(pending_));
  std::string text = ReplaceBrokenUtf8(std::string_view(pending_).substr(0, hold));
  pending_.erase(0, hold);
  return text;
}

std::string Detokenizer::Finish() {
  std::string text = ReplaceBrokenUtf8(pending_);
  pending_.clear();
  return text;
}

}  // namespace paddock
