#include "model/sequence.h"

#include <algorithm>
#include <utility>

namespace paddock {

void Sequence::Adopt(std::span<const int32_t> ids, std::span<const KvPageRef> pages) {
  Truncate(0);
  ids_.assign(ids.begin(), ids.end());
  for (const KvPageRef& page : pages) {
    pages_.push_back(page);
    table_.Add(page->data());
  }
}

// The page with the end of the sequence.
bool Sequence::MakeWritable(int index) {
  KvPage& page = *pages_[index];
  const int kept = size() - index * kSegmentKeys;
  if (page.sealed <= kept && (page.writer == this || page.writer == nullptr)) {
    page.writer = this;
    return true;
  }
  KvPageRef copy = pool_->Take();
  if (copy == nullptr) return false;
  pool_->format().CopyBeginning(page.data(), kept, copy->data());
  copy->writer = this;
  Leave(page);
  table_.Replace(index, copy->data());
  pages_[index] = std::move(copy);
  return true;
}

void Sequence::Leave(KvPage& page) const {
  if (page.writer == this) page.writer = nullptr;
}

bool Sequence::Reserve(int count) {
  const int last = size() / kSegmentKeys;
  if (count > 0 && last < table_.size() && !MakeWritable(last)) return false;
  const int needed = KvFormat::Pages(size() + count);
  while (table_.size() < needed) {
    KvPageRef page = pool_->Take();
    if (page == nullptr) return false;
    page->writer = this;
    table_.Add(page->data());
    pages_.push_back(std::move(page));
  }
  return true;
}

void Sequence::Append(std::span<const int32_t> ids) {
  ids_.insert(ids_.end(), ids.begin(), ids.end());
}

void Sequence::Truncate(int size) {
  if (size >= this->size() && size > 0) return;
  ids_.resize(size);
  const int pages = KvFormat::Pages(size);
  for (size_t i = pages; i < pages_.size(); ++i) Leave(*pages_[i]);
  pages_.resize(pages);
  table_.Shrink(pages);
}

void Sequence::Seal() {
  for (int i = 0; i < KvFormat::Pages(size()); ++i)
    pages_[i]->sealed = std::max(pages_[i]->sealed, std::min(kSegmentKeys, size() - i * kSegmentKeys));
}

}  // namespace paddock
