// Splits text into the pieces inside which byte-pair merges happen.
//
// Model files name one of a few regular expressions (tokenizer.ggml.pre). Each is written here as a scanner over code
// points, so that no regular expression engine meets hostile text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace paddock {

enum class PreTokenizer {
  kGpt2,      // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  kSmollm,    // every \p{N} on its own first, then as GPT-2
  kQwen2,     // (?i:'s|...)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  kLlamaBpe,  // as Qwen2 with \p{N}{1,3}
};

// False for a name that is not known.
bool FindPreTokenizer(std::string_view name, PreTokenizer* out);
std::string PreTokenizerNames();

// Decodes UTF-8. A byte that begins no well-formed sequence becomes U+FFFD; overlong forms and surrogates are decoded
// as what they spell, as the reference implementation does.
std::vector<uint32_t> DecodeUtf8(std::string_view text);
// Of the sequence that begins at text[at]: its bytes, and what it spells; 0 when there is none.
size_t DecodeOne(std::string_view text, size_t at, uint32_t* code_point);
void AppendUtf8(uint32_t code_point, std::string* out);

// The end of every piece of `text`, ascending; the first begins at 0 and each at the end of the one before.
std::vector<size_t> PieceEnds(PreTokenizer kind, const std::vector<uint32_t>& text);

}  // namespace paddock
