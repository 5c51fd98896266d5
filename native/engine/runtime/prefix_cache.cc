#include "runtime/prefix_cache.h"

#include <algorithm>
#include <utility>

namespace paddock {
namespace {

constexpr uint64_t kPage = 4096;
// Ids, pointers, list entry and what the allocators add; generously.
constexpr uint64_t kNodeOverhead = 1024;

}  // namespace

struct PrefixCache::Node {
  BlockIds ids{};
  Node* parent = nullptr;
  std::vector<std::unique_ptr<Node>> children;
  std::shared_ptr<Buffer> data;
  std::list<Node*>::iterator place;

  ~Node() {
    // Chains are as long as contexts: not by recursion.
    std::vector<std::unique_ptr<Node>> doomed = std::move(children);
    while (!doomed.empty()) {
      const std::unique_ptr<Node> last = std::move(doomed.back());
      doomed.pop_back();
      for (std::unique_ptr<Node>& child : last->children) doomed.push_back(std::move(child));
      last->children.clear();
    }
  }

  Node* Child(std::span<const int32_t> block) const {
    for (const std::unique_ptr<Node>& child : children) {
      if (std::equal(block.begin(), block.end(), child->ids.begin())) return child.get();
    }
    return nullptr;
  }
};

PrefixCache::PrefixCache(uint64_t budget, uint64_t block_bytes)
    : block_bytes_(block_bytes),
      node_bytes_((block_bytes + kPage - 1) / kPage * kPage + kNodeOverhead),
      capacity_(static_cast<size_t>(budget / node_bytes_)),
      root_(std::make_unique<Node>()) {}

PrefixCache::~PrefixCache() = default;

// The nodes that `ids` begins with, made the most recently used in the order parent, child.
std::vector<PrefixCache::Node*> PrefixCache::Walk(std::span<const int32_t> ids) {
  std::vector<Node*> chain;
  for (Node* node = root_.get(); ids.size() >= kBlockTokens; ids = ids.subspan(kBlockTokens)) {
    node = node->Child(ids.first(kBlockTokens));
    if (node == nullptr) break;
    chain.push_back(node);
  }
  for (auto node = chain.rbegin(); node != chain.rend(); ++node)
    recent_.splice(recent_.begin(), recent_, (*node)->place);
  return chain;
}

PrefixCache::Chain PrefixCache::Find(std::span<const int32_t> ids) {
  Chain found;
  for (const Node* node : Walk(ids)) found.push_back(node->data);
  return found;
}

PrefixCache::Chain PrefixCache::Add(std::span<const int32_t> ids, const std::function<void(int, uint8_t*)>& fill) {
  std::vector<Node*> chain = Walk(ids);
  const size_t whole = ids.size() / kBlockTokens;
  while (chain.size() < whole) {
    if (recent_.size() >= capacity_) {
      // The chain stands at the front of the list: when there is nothing behind it, it fills the budget by itself.
      if (recent_.size() == chain.size()) break;
      DropLast();
    }
    auto node = std::make_unique<Node>();
    node->data = std::make_shared<Buffer>();
    if (!node->data->Allocate(block_bytes_)) break;
    const size_t position = chain.size() * kBlockTokens;
    fill(static_cast<int>(position), node->data->data());
    std::copy_n(ids.begin() + static_cast<std::ptrdiff_t>(position), kBlockTokens, node->ids.begin());
    node->parent = chain.empty() ? root_.get() : chain.back();
    node->place = recent_.insert(chain.empty() ? recent_.begin() : std::next(chain.back()->place), node.get());
    chain.push_back(node.get());
    node->parent->children.push_back(std::move(node));
  }
  Chain found;
  for (const Node* node : chain) found.push_back(node->data);
  return found;
}

void PrefixCache::DropLast() {
  Node* last = recent_.back();
  recent_.pop_back();
  std::vector<std::unique_ptr<Node>>& siblings = last->parent->children;
  const auto at =
      std::find_if(siblings.begin(), siblings.end(), [last](const auto& sibling) { return sibling.get() == last; });
  std::swap(*at, siblings.back());
  siblings.pop_back();
}

void PrefixCache::Clear() {
  recent_.clear();
  root_ = std::make_unique<Node>();
}

}  // namespace paddock
