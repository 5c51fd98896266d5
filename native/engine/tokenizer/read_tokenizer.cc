// From the metadata of a model file to the tables of a tokenizer.
#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "tokenizer/tokenizer.h"

namespace paddock {
namespace {

constexpr std::string_view kPre = "tokenizer.ggml.pre", kTokens = "tokenizer.ggml.tokens",
                           kTokenTypes = "tokenizer.ggml.token_type", kMerges = "tokenizer.ggml.merges",
                           kBos = "tokenizer.ggml.bos_token_id", kEos = "tokenizer.ggml.eos_token_id",
                           kEot = "tokenizer.ggml.eot_token_id", kEom = "tokenizer.ggml.eom_token_id";

Status Invalid(const std::string& what) {
  return {StatusCode::kInvalidModel,
          "This model's tokenizer cannot be used: " + what + ". Download it again or choose another file."};
}

// GPT-2's table: vocabularies spell each byte as a printable character. Printable Latin-1 stands for itself, the other
// bytes are U+0100, U+0101, ... in order.
struct ByteAlphabet {
  std::array<uint32_t, 256> character{};
  std::array<int16_t, 0x200> byte{};

  ByteAlphabet() {
    byte.fill(-1);
    uint32_t next = 0x100;
    for (uint32_t b = 0; b < 256; ++b) {
      const bool printable = (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
      character[b] = printable ? b : next++;
      byte[character[b]] = static_cast<int16_t>(b);
    }
  }
};

const ByteAlphabet& Alphabet() {
  static const ByteAlphabet alphabet;
  return alphabet;
}

// The bytes that a vocabulary entry spells, never more than its own. Characters outside the alphabet, and bytes that
// begin no character, stand for themselves.
std::string Unspell(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    uint32_t c = 0;
    const size_t length = DecodeOne(text, at, &c), taken = length > 0 ? length : 1;
    const int byte = length > 0 && c < Alphabet().byte.size() ? Alphabet().byte[c] : -1;
    if (byte >= 0) {
      out.push_back(static_cast<char>(byte));
    } else {
      out.append(text.substr(at, taken));
    }
    at += taken;
  }
  return out;
}

// Of all spellings together, which bounds the bytes that they stand for.
uint64_t TextBytes(const MetadataArray& strings) {
  uint64_t bytes = 0;
  for (const std::string_view text : strings.strings) bytes += text.size();
  return bytes;
}

// Control tokens that end an answer whatever the file's eos is: chat models stop at the end of a turn as well, and code
// models begin another file after their padding and separator tokens.
constexpr std::string_view kEndSpellings[] = {
    "<|eot_id|>",      "<|im_end|>",    "<|end|>",      "<|endoftext|>", "<|eom_id|>", "<|end_of_text|>",
    "<|end_of_turn|>", "<end_of_turn>", "<|return|>",   "<|call|>",      "</s>",       "<EOT>",
    "<|fim_pad|>",     "<|repo_name|>", "<|file_sep|>",
};

Status CheckTokens(const GgufFile& file, int vocabulary) {
  const MetadataArray* tokens = file.GetArray(kTokens);
  if (tokens == nullptr || tokens->element_type != MetadataType::kString) return Invalid("it has no list of tokens");
  if (tokens->length != static_cast<uint64_t>(vocabulary)) {
    return {StatusCode::kInvalidModel,
            "This model's tokenizer has " + std::to_string(tokens->length) + " tokens, its embedding has " +
                std::to_string(vocabulary) +
                " rows. Tokens were added, or rows left out, when it was converted. Convert it again with an embedding "
                "of the right size, or choose another file."};
  }
  if (TextBytes(*tokens) > std::numeric_limits<uint32_t>::max()) return Invalid("its tokens are too long");
  const MetadataArray* types = file.GetArray(kTokenTypes);
  if (types == nullptr) return Status::Ok();
  if (types->element_type != MetadataType::kInt32 && types->element_type != MetadataType::kUint32) {
    return Invalid("its token types are no 32-bit numbers");
  }
  if (types->length != tokens->length) return Invalid("it has another number of token types than of tokens");
  return Status::Ok();
}

// Spaces are spelled differently inside tokens, so the first one after the first character separates a merge's parts.
size_t MiddleOf(std::string_view merge) {
  return merge.find(' ', 1);
}

Status CheckMerges(const GgufFile& file) {
  const MetadataArray* merges = file.GetArray(kMerges);
  if (merges == nullptr || merges->element_type != MetadataType::kString) return Invalid("it has no list of merges");
  if (merges->length > (1u << 24)) return Invalid("its list of merges is too long");
  for (const std::string_view merge : merges->strings) {
    if (MiddleOf(merge) == std::string_view::npos) return Invalid("one of its merges is no pair");
  }
  return Status::Ok();
}

// A special token's id. Absent where the file names none.
std::optional<int32_t> SpecialId(const GgufFile& file, std::string_view key) {
  const std::optional<uint64_t> id = file.GetUint(key);
  return id ? std::optional(static_cast<int32_t>(*id)) : std::nullopt;
}

}  // namespace

Status Tokenizer::Check(const GgufFile& file, int vocabulary) {
  const std::string_view model = file.GetString("tokenizer.ggml.model").value_or("");
  if (model != "gpt2") {
    return {StatusCode::kUnsupportedModel, "This model's tokenizer is of the kind \"" +
                                               std::string(model.substr(0, 40)) +
                                               "\"; only byte-level BPE (gpt2) runs here yet. Choose another model."};
  }
  PreTokenizer found;
  const std::string_view pre = file.GetString(kPre).value_or("");
  if (!FindPreTokenizer(pre, &found)) {
    return {StatusCode::kUnsupportedModel, "This model splits text by the rule \"" + std::string(pre.substr(0, 40)) +
                                               "\", which is not known here (" + PreTokenizerNames() +
                                               " are). Choose another model."};
  }
  PADDOCK_RETURN_IF_ERROR(CheckTokens(file, vocabulary));
  PADDOCK_RETURN_IF_ERROR(CheckMerges(file));
  for (const std::string_view key : {kBos, kEos, kEot, kEom}) {
    if (file.FindMetadata(key) == nullptr) continue;
    const std::optional<uint64_t> id = file.GetUint(key);
    if (!id || *id >= static_cast<uint64_t>(vocabulary)) {
      return Invalid(std::string(key) + " is no token of the vocabulary");
    }
  }
  return Status::Ok();
}

Result<std::unique_ptr<Tokenizer>> Tokenizer::Create(const GgufFile& file, int vocabulary) {
  PADDOCK_RETURN_IF_ERROR(Check(file, vocabulary));
  auto tokenizer = std::make_unique<Tokenizer>();
  FindPreTokenizer(file.GetString(kPre).value_or(""), &tokenizer->pre_);
  tokenizer->ignore_merges_ = tokenizer->pre_ == PreTokenizer::kLlamaBpe;
  tokenizer->add_bos_ =
      file.GetBool("tokenizer.ggml.add_bos_token").value_or(tokenizer->pre_ == PreTokenizer::kLlamaBpe);
  tokenizer->ReadVocabulary(file);
  tokenizer->ReadMerges(file);
  tokenizer->ReadSpecial(file);
  return tokenizer;
}

uint64_t Tokenizer::MemoryBytes(const GgufFile& file) {
  const MetadataArray* tokens = file.GetArray(kTokens);
  const MetadataArray* merges = file.GetArray(kMerges);
  if (tokens == nullptr || merges == nullptr) return 0;
  const size_t n = tokens->strings.size();
  return TextBytes(*tokens) + (n + 1) * sizeof(uint32_t) + n * sizeof(Kind) + n / 8 +
         TextIndex<BytesOf>::MemoryBytes(n) + MergeTable::MemoryBytes(merges->strings.size());
}

void Tokenizer::ReadVocabulary(const GgufFile& file) {
  const MetadataArray* tokens = file.GetArray(kTokens);
  const MetadataArray* types = file.GetArray(kTokenTypes);
  const size_t n = tokens->strings.size();
  begin_.reserve(n + 1);
  text_.reserve(TextBytes(*tokens));
  kinds_.assign(n, Kind::kNormal);
  ends_.assign(n, false);
  for (size_t i = 0; i < n; ++i) {
    int32_t type = 1;
    if (types != nullptr) std::memcpy(&type, types->data.data() + i * sizeof type, sizeof type);
    switch (type) {
      case 2: kinds_[i] = Kind::kUnknown; break;
      case 3: kinds_[i] = Kind::kControl; break;
      case 4: kinds_[i] = Kind::kUserDefined; break;
      case 5: kinds_[i] = Kind::kUnused; break;
      default: break;
    }
    const bool literal = kinds_[i] == Kind::kControl || kinds_[i] == Kind::kUserDefined;
    begin_.push_back(static_cast<uint32_t>(text_.size()));
    if (literal) {
      text_.append(tokens->strings[i]);
    } else {
      text_.append(Unspell(tokens->strings[i]));
    }
  }
  begin_.push_back(static_cast<uint32_t>(text_.size()));
  std::fill(std::begin(byte_tokens_), std::end(byte_tokens_), -1);
  by_bytes_ = {n, {this}};
  for (int32_t token = 0; token < size(); ++token) {
    if (kinds_[token] != Kind::kNormal) continue;
    by_bytes_.Add(token);
    if (Bytes(token).size() == 1) byte_tokens_[static_cast<uint8_t>(Bytes(token)[0])] = token;
  }
}

void Tokenizer::ReadMerges(const GgufFile& file) {
  const MetadataArray* merges = file.GetArray(kMerges);
  // By spelling, since merges are spelled as tokens are: translating all of them would take most of the time.
  const std::vector<std::string_view>& spellings = file.GetArray(kTokens)->strings;
  const auto spelling = [&](int32_t token) { return spellings[token]; };
  TextIndex by_spelling(spellings.size(), spelling);
  for (int32_t token = 0; token < size(); ++token) {
    if (kinds_[token] == Kind::kNormal) by_spelling.Add(token);
  }
  merges_.Reserve(merges->strings.size());
  int32_t rank = 0;
  std::string joined;
  for (const std::string_view merge : merges->strings) {
    const size_t space = MiddleOf(merge);
    joined.assign(merge.substr(0, space)).append(merge.substr(space + 1));
    const int32_t left = by_spelling.Find(merge.substr(0, space)), right = by_spelling.Find(merge.substr(space + 1)),
                  both = by_spelling.Find(joined);
    // A pair that the vocabulary cannot spell can never be formed from its tokens.
    if (left >= 0 && right >= 0 && both >= 0) merges_.Add(left, right, {rank, both});
    ++rank;
  }
}

void Tokenizer::ReadSpecial(const GgufFile& file) {
  bos_ = SpecialId(file, kBos);
  eos_ = SpecialId(file, kEos);
  for (const std::optional<int32_t>& id : {eos_, SpecialId(file, kEot), SpecialId(file, kEom)}) {
    if (id) ends_[*id] = true;
  }
  for (size_t i = 0; i < kinds_.size(); ++i) {
    const std::string_view bytes = Bytes(static_cast<int32_t>(i));
    const bool end_spelling =
        std::find(std::begin(kEndSpellings), std::end(kEndSpellings), bytes) != std::end(kEndSpellings);
    // Some files type their end tokens as ordinary ones; a model can only ever have learned them as control tokens.
    if (end_spelling && kinds_[i] != Kind::kUnused) {
      kinds_[i] = Kind::kControl;
      ends_[i] = true;
    }
    const bool special = kinds_[i] == Kind::kControl || kinds_[i] == Kind::kUserDefined || kinds_[i] == Kind::kUnknown;
    if (special && !bytes.empty()) special_.push_back(static_cast<int32_t>(i));
  }
  std::stable_sort(special_.begin(), special_.end(),
                   [&](int32_t a, int32_t b) { return Bytes(a).size() > Bytes(b).size(); });
}

}  // namespace paddock
