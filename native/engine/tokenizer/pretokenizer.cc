#include "tokenizer/pretokenizer.h"

#include <algorithm>
#include <iterator>

namespace paddock {
namespace {

struct CodePointRange {
  uint32_t first, last;
};

#include "tokenizer/unicode_tables.inc"

template <size_t n>
bool Contains(const CodePointRange (&ranges)[n], uint32_t c) {
  const auto it = std::upper_bound(std::begin(ranges), std::end(ranges), c,
                                   [](uint32_t value, const CodePointRange& range) { return value < range.first; });
  return it != std::begin(ranges) && c <= std::prev(it)->last;
}

enum class Class : uint8_t { kOther, kLetter, kNumber, kSpace };

Class Classify(uint32_t c) {
  if (c < 0x80) {
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') return Class::kLetter;
    if (c >= '0' && c <= '9') return Class::kNumber;
    return c == ' ' || (c >= '\t' && c <= '\r') ? Class::kSpace : Class::kOther;
  }
  if (Contains(kLetter, c)) return Class::kLetter;
  if (Contains(kNumber, c)) return Class::kNumber;
  return Contains(kWhiteSpace, c) ? Class::kSpace : Class::kOther;
}

// A stretch of text that no piece crosses.
class Scanner {
 public:
  Scanner(const std::vector<uint32_t>& text, const std::vector<Class>& classes, size_t end)
      : text_(text), classes_(classes), end_(end) {}

  size_t Gpt2(size_t at) const {
    if (const size_t n = Contraction(at, false)) return at + n;
    const size_t body = at + (text_[at] == ' ');
    if (body < end_ && classes_[body] != Class::kSpace) return RunEnd(body, classes_[body]);
    return SpaceEnd(at);
  }

  size_t Qwen2(size_t at, size_t max_digits) const {
    if (const size_t n = Contraction(at, true)) return at + n;
    const uint32_t c = text_[at];
    const Class k = classes_[at];
    if (k == Class::kLetter) return RunEnd(at, Class::kLetter);
    if (c != '\r' && c != '\n' && k != Class::kNumber && Is(at + 1, Class::kLetter))
      return RunEnd(at + 1, Class::kLetter);
    if (k == Class::kNumber) return std::min(RunEnd(at, Class::kNumber), at + max_digits);
    const size_t body = at + (c == ' ');
    if (Is(body, Class::kOther)) {
      size_t end = RunEnd(body, Class::kOther);
      while (end < end_ && IsLineEnd(end)) ++end;
      return end;
    }
    const size_t spaces = RunEnd(at, Class::kSpace);
    for (size_t end = spaces; end > at; --end) {
      if (IsLineEnd(end - 1)) return end;
    }
    return SpaceEnd(at);
  }

 private:
  bool Is(size_t at, Class k) const { return at < end_ && classes_[at] == k; }
  bool IsLineEnd(size_t at) const { return text_[at] == '\r' || text_[at] == '\n'; }

  size_t RunEnd(size_t at, Class k) const {
    while (Is(at, k)) ++at;
    return at;
  }

  // \s+(?!\S)|\s+: all spaces at the end of the text, else all but the last, which may belong to what follows.
  size_t SpaceEnd(size_t at) const {
    const size_t end = RunEnd(at, Class::kSpace);
    return end < end_ && end - at > 1 ? end - 1 : std::max(end, at + 1);
  }

  // Length of 's 't 're 've 'm 'll 'd at `at`, or 0.
  size_t Contraction(size_t at, bool ignore_case) const {
    if (text_[at] != '\'') return 0;
    const auto letter = [&](size_t i) -> uint32_t {
      if (i >= end_) return 0;
      const uint32_t c = text_[i];
      return ignore_case && c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    };
    const uint32_t a = letter(at + 1), b = letter(at + 2);
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    if ((a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l')) return 3;
    return 0;
  }

  const std::vector<uint32_t>& text_;
  const std::vector<Class>& classes_;
  const size_t end_;
};

struct Named {
  const char* name;
  PreTokenizer kind;
};
constexpr Named kPreTokenizers[] = {
    {"gpt-2", PreTokenizer::kGpt2},         {"smollm", PreTokenizer::kSmollm},
    {"qwen2", PreTokenizer::kQwen2},        {"deepseek-r1-qwen", PreTokenizer::kQwen2},
    {"llama-bpe", PreTokenizer::kLlamaBpe},
};

}  // namespace

bool FindPreTokenizer(std::string_view name, PreTokenizer* out) {
  for (const Named& known : kPreTokenizers) {
    if (name == known.name) {
      *out = known.kind;
      return true;
    }
  }
  return false;
}

std::string PreTokenizerNames() {
  std::string names;
  for (const Named& known : kPreTokenizers) names += (names.empty() ? "" : ", ") + std::string(known.name);
  return names;
}

size_t DecodeOne(std::string_view text, size_t at, uint32_t* code_point) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  const uint8_t first = byte(0);
  const size_t length = first < 0x80   ? 1
                        : first < 0xc0 ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                        : first < 0xf8 ? 4
                                       : 0;
  if (length == 0 || length > text.size() - at) return 0;
  uint32_t c = length < 2 ? first : first & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    c = (c << 6) | (byte(i) & 0x3f);
  }
  *code_point = c;
  return c <= 0x10ffff ? length : 0;
}

std::vector<uint32_t> DecodeUtf8(std::string_view text) {
  std::vector<uint32_t> out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    uint32_t c;
    const size_t length = DecodeOne(text, i, &c);
    out.push_back(length > 0 ? c : 0xfffd);
    i += length > 0 ? length : 1;
  }
  return out;
}

void AppendUtf8(uint32_t c, std::string* out) {
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6));
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3f));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

std::vector<size_t> PieceEnds(PreTokenizer kind, const std::vector<uint32_t>& text) {
  std::vector<Class> classes(text.size());
  std::transform(text.begin(), text.end(), classes.begin(), Classify);
  std::vector<size_t> ends;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.size();
    if (kind == PreTokenizer::kSmollm) {
      if (classes[begin] == Class::kNumber) {
        ends.push_back(++begin);
        continue;
      }
      end = begin;
      while (end < text.size() && classes[end] != Class::kNumber) ++end;
    }
    const Scanner scanner(text, classes, end);
    while (begin < end) {
      switch (kind) {
        case PreTokenizer::kGpt2:
        case PreTokenizer::kSmollm: begin = scanner.Gpt2(begin); break;
        case PreTokenizer::kQwen2: begin = scanner.Qwen2(begin, 1); break;
        case PreTokenizer::kLlamaBpe: begin = scanner.Qwen2(begin, 3); break;
      }
      ends.push_back(begin);
    }
  }
  return ends;
}

}  // namespace paddock
