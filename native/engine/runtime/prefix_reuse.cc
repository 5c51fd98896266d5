#include "runtime/prefix_reuse.h"

#include <algorithm>
#include <utility>

namespace paddock {

void PrefixReuse::Open(uint64_t budget, uint64_t block_bytes, std::unique_ptr<SnapshotStore> store) {
  if (store != nullptr) {
    // Besides the tree there is one block being read, and one being written that the tree may have dropped.
    const uint64_t outside = 2 * block_bytes;
    if (budget <= outside || !staging_.Allocate(block_bytes)) return;
    budget -= outside;
  }
  memory_.emplace(budget, block_bytes);
  store_ = std::move(store);
}

int PrefixReuse::Restore(std::span<const int32_t> prompt, int live, const std::atomic<bool>* cancel,
                         const std::function<void(int)>& progress) {
  if (!memory_) return live;
  const size_t whole = prompt.size() / kBlockTokens, first = static_cast<size_t>(live) / kBlockTokens;
  if (first >= whole) return live;
  const PrefixCache::Chain chain = memory_->Find(prompt);
  const auto go_on = [cancel] { return cancel == nullptr || !cancel->load(std::memory_order_relaxed); };
  const auto position = [](size_t block) { return static_cast<int>(block * kBlockTokens); };
  size_t block = first;
  for (; block < chain.size() && go_on(); ++block) live_.WriteBlock(position(block), chain[block]->data());
  if (store_ != nullptr) {
    BlockKey parent = store_->root();
    for (size_t i = 0; i < whole && go_on(); ++i) {
      const auto ids = prompt.subspan(i * kBlockTokens, kBlockTokens);
      if (i >= block) {
        if (!store_->Read(parent, ids, {staging_.data(), staging_.size()})) break;
        live_.WriteBlock(position(i), staging_.data());
        block = i + 1;
        if (progress) progress(position(block));
      }
      parent = SnapshotStore::Key(parent, ids);
    }
  }
  return std::max(live, position(block));
}

void PrefixReuse::Remember(std::span<const int32_t> tokens, bool on_disk) {
  if (!memory_) return;
  const PrefixCache::Chain chain =
      memory_->Add(tokens, [this](int position, uint8_t* out) { live_.ReadBlock(position, out); });
  if (on_disk && store_ != nullptr) store_->Write(tokens, chain);
}

void PrefixReuse::SetBusy(bool busy) {
  if (store_ != nullptr) store_->SetBusy(busy);
}

void PrefixReuse::Flush() {
  if (store_ != nullptr) store_->Flush();
}

bool PrefixReuse::Clear(const std::atomic<bool>* cancel) {
  if (memory_) memory_->Clear();
  return store_ == nullptr || store_->Clear(cancel);
}

}  // namespace paddock
