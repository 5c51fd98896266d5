#include "tokenizer/tokenizer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <queue>

namespace paddock {
namespace {

Status Invalid(const std::string& what) {
  return {Code::kInvalidModel,
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

// The bytes that a vocabulary entry spells. Characters outside the alphabet stand for themselves.
std::string Unspell(std::string_view text) {
  std::string out;
  for (const uint32_t c : DecodeUtf8(text)) {
    const int byte = c < Alphabet().byte.size() ? Alphabet().byte[c] : -1;
    if (byte >= 0) {
      out.push_back(static_cast<char>(byte));
    } else {
      AppendUtf8(c, &out);
    }
  }
  return out;
}

// All spellings together; their bytes are no more.
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

}  // namespace

Result<std::unique_ptr<Tokenizer>> Tokenizer::Create(const GgufFile& file, int vocabulary) {
  const std::string_view model = file.GetString("tokenizer.ggml.model").value_or("");
  if (model != "gpt2") {
    return Status(Code::kUnsupportedModel, "This model's tokenizer is of the kind \"" +
                                               std::string(model.substr(0, 40)) +
                                               "\"; only byte-level BPE (gpt2) runs here yet. Choose another model.");
  }
  auto tokenizer = std::make_unique<Tokenizer>();
  const std::string_view pre = file.GetString("tokenizer.ggml.pre").value_or("");
  if (!FindPreTokenizer(pre, &tokenizer->pre_)) {
    return Status(Code::kUnsupportedModel, "This model splits text by the rule \"" + std::string(pre.substr(0, 40)) +
                                               "\", which is not known here (" + PreTokenizerNames() +
                                               " are). Choose another model.");
  }
  tokenizer->ignore_merges_ = tokenizer->pre_ == PreTokenizer::kLlamaBpe;
  tokenizer->add_bos_ =
      file.GetBool("tokenizer.ggml.add_bos_token").value_or(tokenizer->pre_ == PreTokenizer::kLlamaBpe);
  PADDOCK_RETURN_IF_ERROR(tokenizer->ReadVocabulary(file, vocabulary));
  PADDOCK_RETURN_IF_ERROR(tokenizer->ReadMerges(file));
  PADDOCK_RETURN_IF_ERROR(tokenizer->ReadSpecial(file));
  return tokenizer;
}

uint64_t Tokenizer::MemoryBytes(const GgufFile& file) {
  const MetadataArray* tokens = file.GetArray("tokenizer.ggml.tokens");
  const MetadataArray* merges = file.GetArray("tokenizer.ggml.merges");
  if (tokens == nullptr || merges == nullptr) return 0;
  const size_t n = tokens->strings.size();
  return TextBytes(*tokens) + (n + 1) * sizeof(uint32_t) + n * sizeof(Kind) + n / 8 +
         TextIndex<BytesOf>::MemoryBytes(n) + MergeTable::MemoryBytes(merges->strings.size());
}

Status Tokenizer::ReadVocabulary(const GgufFile& file, int vocabulary) {
  const MetadataArray* tokens = file.GetArray("tokenizer.ggml.tokens");
  if (tokens == nullptr || tokens->element_type != MetadataType::kString) return Invalid("it has no list of tokens");
  if (tokens->length != static_cast<uint64_t>(vocabulary)) {
    return Invalid("it has " + std::to_string(tokens->length) + " tokens where the weights have " +
                   std::to_string(vocabulary));
  }
  const MetadataArray* types = file.GetArray("tokenizer.ggml.token_type");
  if (TextBytes(*tokens) > std::numeric_limits<uint32_t>::max()) return Invalid("its tokens are too long");
  if (types != nullptr) {
    if (types->element_type != MetadataType::kInt32 && types->element_type != MetadataType::kUint32) {
      return Invalid("its token types are no 32-bit numbers");
    }
    if (types->length != tokens->length) return Invalid("it has another number of token types than of tokens");
  }
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
    if (kinds_[static_cast<size_t>(token)] != Kind::kNormal) continue;
    by_bytes_.Add(token);
    if (Bytes(token).size() == 1) byte_tokens_[static_cast<uint8_t>(Bytes(token)[0])] = token;
  }
  return Status::Ok();
}

Status Tokenizer::ReadMerges(const GgufFile& file) {
  const MetadataArray* merges = file.GetArray("tokenizer.ggml.merges");
  if (merges == nullptr || merges->element_type != MetadataType::kString) return Invalid("it has no list of merges");
  if (merges->length > (1u << 24)) return Invalid("its list of merges is too long");
  // By spelling, since merges are spelled as tokens are: translating all of them would take most of the time.
  const std::vector<std::string_view>& spellings = file.GetArray("tokenizer.ggml.tokens")->strings;
  const auto spelling = [&](int32_t token) { return spellings[static_cast<size_t>(token)]; };
  TextIndex by_spelling(spellings.size(), spelling);
  for (int32_t token = 0; token < size(); ++token) {
    if (kinds_[static_cast<size_t>(token)] == Kind::kNormal) by_spelling.Add(token);
  }
  merges_.Reserve(merges->strings.size());
  int32_t rank = 0;
  std::string joined;
  for (const std::string_view merge : merges->strings) {
    // Spaces are spelled differently inside tokens, so the first one after the first character separates them.
    const size_t space = merge.find(' ', 1);
    if (space == std::string_view::npos) return Invalid("one of its merges is no pair");
    joined.assign(merge.substr(0, space)).append(merge.substr(space + 1));
    const int32_t left = by_spelling.Find(merge.substr(0, space)), right = by_spelling.Find(merge.substr(space + 1)),
                  both = by_spelling.Find(joined);
    // A pair that the vocabulary cannot spell can never be formed from its tokens.
    if (left >= 0 && right >= 0 && both >= 0) merges_.Add(left, right, {rank, both});
    ++rank;
  }
  return Status::Ok();
}

Status Tokenizer::ReadSpecial(const GgufFile& file) {
  const auto read_id = [&](std::string_view key, std::optional<int32_t>* out) -> Status {
    if (file.FindMetadata(key) == nullptr) return Status::Ok();
    const std::optional<uint64_t> id = file.GetUint(key);
    if (!id || *id >= kinds_.size()) return Invalid(std::string(key) + " is no token of the vocabulary");
    *out = static_cast<int32_t>(*id);
    return Status::Ok();
  };
  std::optional<int32_t> eot, eom;
  PADDOCK_RETURN_IF_ERROR(read_id("tokenizer.ggml.bos_token_id", &bos_));
  PADDOCK_RETURN_IF_ERROR(read_id("tokenizer.ggml.eos_token_id", &eos_));
  PADDOCK_RETURN_IF_ERROR(read_id("tokenizer.ggml.eot_token_id", &eot));
  PADDOCK_RETURN_IF_ERROR(read_id("tokenizer.ggml.eom_token_id", &eom));
  for (const std::optional<int32_t>& id : {eos_, eot, eom}) {
    if (id) ends_[static_cast<size_t>(*id)] = true;
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
  return Status::Ok();
}

std::vector<int32_t> Tokenizer::EndTokens() const {
  std::vector<int32_t> tokens;
  for (size_t i = 0; i < ends_.size(); ++i) {
    if (ends_[i]) tokens.push_back(static_cast<int32_t>(i));
  }
  return tokens;
}

std::optional<int32_t> Tokenizer::Find(std::string_view text) const {
  for (const int32_t token : special_) {
    if (Bytes(token) == text) return token;
  }
  const int32_t token = by_bytes_.Find(text);
  return token < 0 ? std::nullopt : std::optional(token);
}

std::vector<int32_t> Tokenizer::Encode(std::string_view text, bool parse_special) const {
  // Either still text (token < 0) or already a token. Longer spellings are cut out first.
  struct Part {
    std::string_view text;
    int32_t token;
  };
  std::vector<Part> parts{{text, -1}};
  for (const int32_t token : special_) {
    if (!parse_special && kinds_[static_cast<size_t>(token)] != Kind::kUserDefined) continue;
    const std::string_view spelling = Bytes(token);
    if (text.find(spelling) == std::string_view::npos) continue;
    std::vector<Part> cut;
    for (const Part& part : parts) {
      std::string_view rest = part.text;
      for (size_t at; part.token < 0 && (at = rest.find(spelling)) != std::string_view::npos;) {
        if (at > 0) cut.push_back({rest.substr(0, at), -1});
        cut.push_back({rest.substr(at, spelling.size()), token});
        rest.remove_prefix(at + spelling.size());
      }
      if (part.token >= 0 || !rest.empty()) cut.push_back({rest, part.token});
    }
    parts = std::move(cut);
  }
  std::vector<int32_t> out;
  for (const Part& part : parts) {
    if (part.token >= 0) {
      out.push_back(part.token);
    } else {
      EncodeText(part.text, &out);
    }
  }
  return out;
}

void Tokenizer::EncodeText(std::string_view text, std::vector<int32_t>* out) const {
  const std::vector<uint32_t> code_points = DecodeUtf8(text);
  size_t begin = 0;
  std::string piece;
  for (const size_t end : PieceEnds(pre_, code_points)) {
    piece.clear();
    for (size_t i = begin; i < end; ++i) AppendUtf8(code_points[i], &piece);
    EncodePiece(piece, out);
    begin = end;
  }
}

// Merges the pair of lowest rank, leftmost first, until none is left.
void Tokenizer::EncodePiece(std::string_view bytes, std::vector<int32_t>* out) const {
  if (ignore_merges_ || bytes.size() == 1) {
    if (const int32_t token = by_bytes_.Find(bytes); token >= 0) {
      out->push_back(token);
      return;
    }
  }
  struct Symbol {
    int32_t token;
    int32_t previous, next;  // -1 at the ends
  };
  struct Pair {
    int32_t rank, left, left_token, right_token, result;
    bool operator<(const Pair& other) const { return rank != other.rank ? rank > other.rank : left > other.left; }
  };
  std::vector<Symbol> symbols;
  symbols.reserve(bytes.size());
  for (const char c : bytes) {
    const int32_t token = byte_tokens_[static_cast<uint8_t>(c)];
    if (token < 0) continue;  // a byte that the vocabulary cannot spell is left out, as in the reference
    const int32_t at = static_cast<int32_t>(symbols.size());
    if (at > 0) symbols.back().next = at;
    symbols.push_back({token, at - 1, -1});
  }
  std::priority_queue<Pair> queue;
  const auto propose = [&](int32_t left) {
    if (left < 0 || symbols[static_cast<size_t>(left)].next < 0) return;
    const Symbol& l = symbols[static_cast<size_t>(left)];
    const int32_t right_token = symbols[static_cast<size_t>(l.next)].token;
    if (const MergeTable::Merge* merge = merges_.Find(l.token, right_token))
      queue.push({merge->rank, left, l.token, right_token, merge->result});
  };
  for (size_t i = 0; i + 1 < symbols.size(); ++i) propose(static_cast<int32_t>(i));
  while (!queue.empty()) {
    const Pair pair = queue.top();
    queue.pop();
    Symbol& left = symbols[static_cast<size_t>(pair.left)];
    if (left.token != pair.left_token || left.next < 0) continue;
    Symbol& right = symbols[static_cast<size_t>(left.next)];
    if (right.token != pair.right_token) continue;
    left.token = pair.result;
    right.token = -1;
    left.next = right.next;
    if (left.next >= 0) symbols[static_cast<size_t>(left.next)].previous = pair.left;
    propose(left.previous);
    propose(pair.left);
  }
  for (const Symbol& symbol : symbols) {
    if (symbol.token >= 0) out->push_back(symbol.token);
  }
}

}  // namespace paddock
