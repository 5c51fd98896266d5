#include "runtime/prefix_reuse.h"

namespace paddock {

PrefixReuse::PrefixReuse(PagePool& pool) : pool_(pool) {
  pool_.SetKeeper(&memory_);
}

void PrefixReuse::Restore(std::span<const int32_t> ids, Sequence* sequence) {
  const PrefixCache::Beginning known = memory_.Find(ids);
  sequence->Adopt(ids.first(known.tokens), known.pages);
}

PrefixReuse::Place PrefixReuse::PlaceBehind(std::span<const int32_t> ids, int tokens) const {
  Place place;
  if (store_ == nullptr) return place;
  for (place.key = store_->root(); (place.blocks + 1) * kBlockTokens <= tokens; ++place.blocks)
    place.key = SnapshotStore::Key(place.key, ids.subspan(place.blocks * kBlockTokens, kBlockTokens));
  return place;
}

bool PrefixReuse::RestoreBlock(std::span<const int32_t> ids, Place* place, Sequence* sequence) {
  const int position = place->blocks * kBlockTokens;
  if (store_ == nullptr || ids.size() < static_cast<size_t>(position + kBlockTokens)) return false;
  const uint64_t bytes = pool_.format().block_bytes();
  if (staging_.size() == 0 && !staging_.Allocate(bytes)) return false;
  const auto block = ids.subspan(position, kBlockTokens);
  if (!store_->Read(place->key, block, {staging_.data(), staging_.size()})) return false;
  // A part of the block may be there.
  sequence->Truncate(position);
  if (!sequence->Reserve(kBlockTokens)) return false;
  uint8_t* const page = sequence->pages()[position / kSegmentKeys]->data();
  pool_.format().CopyIn(page, position % kSegmentKeys, staging_.data());
  sequence->Append(block);
  place->key = SnapshotStore::Key(place->key, block);
  ++place->blocks;
  return true;
}

void PrefixReuse::Remember(Sequence& sequence, Keep keep) {
  const std::vector<KvPageRef> pages = memory_.Add(sequence, keep == Keep::kPassing);
  if (keep == Keep::kOnDisk && store_ != nullptr) store_->Write(sequence.ids(), pages);
}

void PrefixReuse::SetBusy(bool busy) {
  busy_ += busy ? 1 : -1;
  if (store_ != nullptr) store_->SetBusy(busy_ > 0);
}

void PrefixReuse::Flush() {
  if (store_ != nullptr) store_->Flush();
}

bool PrefixReuse::Clear(const std::atomic<bool>* cancel) {
  memory_.Clear();
  return store_ == nullptr || store_->Clear(cancel);
}

}  // namespace paddock
