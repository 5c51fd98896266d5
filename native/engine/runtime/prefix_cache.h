// Keys and values of prompts and answers that no sequence works with now: a tree of pages, in which conversations with
// the same beginning share its pages.
//
// Whole pages may have others below them. The last page of a conversation holds its last tokens; when the conversation
// goes on, what is remembered of it grows.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "model/page_pool.h"
#include "model/sequence.h"

namespace paddock {

class PrefixCache : public PageKeeper {
 public:
  // The beginning of a text: pages with its first `tokens` tokens.
  struct Beginning {
    std::vector<KvPageRef> pages;
    int tokens = 0;
  };

  PrefixCache();
  ~PrefixCache() override;

  // The longest known beginning of `ids`. It becomes the most recently used.
  Beginning Find(std::span<const int32_t> ids);

  // Remembers a sequence, which it seals, as the most recently used. What is `passing` goes before everything else when
  // memory is needed. Returns the pages that hold it now, which may be those of an earlier sequence.
  std::vector<KvPageRef> Add(Sequence& sequence, bool passing);

  // Of the pages that nobody else holds.
  std::optional<Use> Oldest() override;
  void GiveUpOldest() override;
  void Clear();

  size_t pages() const;

 private:
  struct Node;
  using Nodes = std::list<Node*>;

  Nodes& ListOf(const Node& node);
  void Touch(const std::vector<Node*>& chain);
  Node* FindOldest();

  mutable std::mutex mutex_;
  std::unique_ptr<Node> root_;
  Nodes lasting_, passing_;  // most recently used first
};

}  // namespace paddock
