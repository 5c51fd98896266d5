#include "tokenizer/tokenizer.h"

#include <queue>

namespace paddock {

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
    if (!parse_special && kinds_[token] != Kind::kUserDefined) continue;
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
    if (left < 0 || symbols[left].next < 0) return;
    const Symbol& l = symbols[left];
    const int32_t right_token = symbols[l.next].token;
    if (const MergeTable::Merge* merge = merges_.Find(l.token, right_token))
      queue.push({merge->rank, left, l.token, right_token, merge->result});
  };
  for (size_t i = 0; i + 1 < symbols.size(); ++i) propose(static_cast<int32_t>(i));
  while (!queue.empty()) {
    const Pair pair = queue.top();
    queue.pop();
    Symbol& left = symbols[pair.left];
    if (left.token != pair.left_token || left.next < 0) continue;
    Symbol& right = symbols[left.next];
    if (right.token != pair.right_token) continue;
    left.token = pair.result;
    right.token = -1;
    left.next = right.next;
    if (left.next >= 0) symbols[left.next].previous = pair.left;
    propose(left.previous);
    propose(pair.left);
  }
  for (const Symbol& symbol : symbols) {
    if (symbol.token >= 0) out->push_back(symbol.token);
  }
}

}  // namespace paddock
