// Tokens and the state after them: the pages with their keys and values, which other sequences may share.
//
// Pages are copied on write: who wants to write in a page that is sealed there, or that another sequence writes in,
// gets a copy of what it has in it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/page_pool.h"

namespace paddock {

class Sequence {
 public:
  explicit Sequence(PagePool& pool) : pool_(&pool), table_(pool.format()) {}
  ~Sequence() { Truncate(0); }
  Sequence(const Sequence&) = delete;
  Sequence& operator=(const Sequence&) = delete;

  int size() const { return static_cast<int>(ids_.size()); }
  std::span<const int32_t> ids() const { return ids_; }
  const KvTable& table() const { return table_; }
  std::span<const KvPageRef> pages() const { return pages_; }

  // Begins anew with `ids`, whose keys and values are in `pages` and sealed.
  void Adopt(std::span<const int32_t> ids, std::span<const KvPageRef> pages);
  // Makes the `count` positions behind the end writable. False when there is no memory for them; those that are valid
  // stay so.
  bool Reserve(int count);
  // The next tokens, whose keys and values were written at the end.
  void Append(std::span<const int32_t> ids);
  // Forgets the tokens behind the first `size`.
  void Truncate(int size);
  // From now on others may read the keys and values of these tokens.
  void Seal();

 private:
  bool MakeWritable(int page);
  void Leave(KvPage& page) const;

  PagePool* pool_;
  KvTable table_;
  std::vector<int32_t> ids_;
  std::vector<KvPageRef> pages_;
};

}  // namespace paddock
