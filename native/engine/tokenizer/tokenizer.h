// Byte-level byte-pair encoding (Radford et al., 2019) with the control tokens of a model file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "gguf/gguf.h"
#include "tokenizer/flat_table.h"
#include "tokenizer/pretokenizer.h"

namespace paddock {

class Tokenizer {
 public:
  Tokenizer() = default;
  // Its index points into it.
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Whether Create() will succeed, without making anything. `vocabulary` is the number of rows of the embedding.
  static Status Check(const GgufFile& file, int vocabulary);
  // Copies what it needs; the file may be closed afterwards.
  static Result<std::unique_ptr<Tokenizer>> Create(const GgufFile& file, int vocabulary);
  // What Create() will leave in memory, in bytes; 0 where it will fail.
  static uint64_t MemoryBytes(const GgufFile& file);

  // Ids of any bytes. With parse_special, control tokens that are spelled out in the text become their ids; without it
  // they are ordinary text, as everything that a user or a repository wrote must be.
  std::vector<int32_t> Encode(std::string_view text, bool parse_special) const;

  // The bytes a token stands for: of control tokens their spelling. Ids are in [0, size).
  std::string_view Bytes(int32_t token) const {
    const size_t i = token;
    return std::string_view(text_).substr(begin_[i], begin_[i + 1] - begin_[i]);
  }
  bool IsControl(int32_t token) const { return kinds_[token] == Kind::kControl; }
  bool EndsGeneration(int32_t token) const { return ends_[token]; }
  std::vector<int32_t> EndTokens() const;

  // The token whose spelling (of control tokens) or bytes are exactly `text`.
  std::optional<int32_t> Find(std::string_view text) const;

  int size() const { return static_cast<int>(kinds_.size()); }
  std::optional<int32_t> bos() const { return bos_; }
  std::optional<int32_t> eos() const { return eos_; }
  bool add_bos() const { return add_bos_; }

 private:
  enum class Kind : uint8_t { kNormal, kUnknown, kControl, kUserDefined, kUnused };
  struct BytesOf {
    const Tokenizer* tokenizer;
    std::string_view operator()(int32_t token) const { return tokenizer->Bytes(token); }
  };

  // Of a file that was checked.
  void ReadVocabulary(const GgufFile& file);
  void ReadMerges(const GgufFile& file);
  void ReadSpecial(const GgufFile& file);
  void EncodeText(std::string_view text, std::vector<int32_t>* out) const;
  void EncodePiece(std::string_view bytes, std::vector<int32_t>* out) const;

  PreTokenizer pre_ = PreTokenizer::kGpt2;
  bool ignore_merges_ = false;
  bool add_bos_ = false;
  std::string text_;             // the bytes of all tokens, one after the other
  std::vector<uint32_t> begin_;  // [size + 1] where they begin
  std::vector<Kind> kinds_;
  std::vector<bool> ends_;
  TextIndex<BytesOf> by_bytes_{0, {this}};  // normal tokens
  MergeTable merges_;
  int32_t byte_tokens_[256];
  std::vector<int32_t> special_;  // longest spelling first
  std::optional<int32_t> bos_, eos_;
};

}  // namespace paddock
