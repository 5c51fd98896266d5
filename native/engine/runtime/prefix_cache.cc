#include "runtime/prefix_cache.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace paddock {
namespace {

using Ids = std::span<const int32_t>;

// Of the latest use of anything.
std::atomic<uint64_t> now{0};

int Common(Ids a, Ids b) {
  const size_t most = std::min(a.size(), b.size());
  return static_cast<int>(std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(most), b.begin()).first -
                          a.begin());
}

// What `ids` has in the page that begins after `tokens`.
Ids PageOf(Ids ids, size_t tokens) {
  return ids.subspan(tokens, std::min<size_t>(kSegmentKeys, ids.size() - tokens));
}

}  // namespace

struct PrefixCache::Node {
  std::vector<int32_t> ids;  // up to kSegmentKeys; fewer in a node without children
  KvPageRef page;
  Node* parent = nullptr;
  std::vector<std::unique_ptr<Node>> children;
  bool passing = false;
  uint64_t used = 0;
  Nodes::iterator place;

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
};

PrefixCache::PrefixCache() : root_(std::make_unique<Node>()) {}
PrefixCache::~PrefixCache() = default;

PrefixCache::Nodes& PrefixCache::ListOf(const Node& node) {
  return node.passing ? passing_ : lasting_;
}

// Makes a chain the most recently used, its first node before all others.
void PrefixCache::Touch(const std::vector<Node*>& chain) {
  const uint64_t time = ++now;
  for (auto node = chain.rbegin(); node != chain.rend(); ++node) {
    Nodes& list = ListOf(**node);
    list.splice(list.begin(), list, (*node)->place);
    (*node)->used = time;
  }
}

PrefixCache::Beginning PrefixCache::Find(Ids ids) {
  std::lock_guard lock(mutex_);
  Beginning found;
  std::vector<Node*> chain;
  for (const Node* node = root_.get();;) {
    const Ids wanted = PageOf(ids, static_cast<size_t>(found.tokens));
    Node* best = nullptr;
    int most = 0;
    for (const std::unique_ptr<Node>& child : node->children) {
      const int common = Common(child->ids, wanted);
      if (common <= most) continue;
      most = common;
      best = child.get();
    }
    if (best == nullptr) break;
    chain.push_back(best);
    found.pages.push_back(best->page);
    found.tokens += most;
    if (most < kSegmentKeys) break;
    node = best;
  }
  Touch(chain);
  return found;
}

std::vector<KvPageRef> PrefixCache::Add(Sequence& sequence, bool passing) {
  sequence.Seal();
  std::lock_guard lock(mutex_);
  const Ids ids = sequence.ids();
  std::vector<Node*> chain;
  std::vector<KvPageRef> pages;
  Node* parent = root_.get();
  for (size_t tokens = 0; tokens < ids.size(); tokens += kSegmentKeys) {
    const Ids mine = PageOf(ids, tokens);
    const KvPageRef& page = sequence.pages()[tokens / kSegmentKeys];
    Node* node = nullptr;
    for (const std::unique_ptr<Node>& child : parent->children) {
      const size_t common = Common(child->ids, mine);
      if (common < mine.size() && common < child->ids.size()) continue;
      node = child.get();
      if (common < mine.size()) {
        node->ids.assign(mine.begin(), mine.end());
        node->page = page;
      }
      break;
    }
    if (node == nullptr) {
      auto added = std::make_unique<Node>();
      node = added.get();
      node->ids.assign(mine.begin(), mine.end());
      node->page = page;
      node->parent = parent;
      node->passing = passing;
      node->place = ListOf(*node).insert(ListOf(*node).begin(), node);
      parent->children.push_back(std::move(added));
    }
    if (node->passing && !passing) {
      lasting_.splice(lasting_.begin(), passing_, node->place);
      node->passing = false;
    }
    chain.push_back(node);
    pages.push_back(node->page);
    parent = node;
  }
  Touch(chain);
  return pages;
}

PrefixCache::Node* PrefixCache::FindOldest() {
  for (const Nodes* list : {&passing_, &lasting_}) {
    const auto last = std::find_if(list->rbegin(), list->rend(), [](const Node* node) {
      return node->children.empty() && node->page.use_count() == 1;
    });
    if (last != list->rend()) return *last;
  }
  return nullptr;
}

std::optional<PageKeeper::Use> PrefixCache::Oldest() {
  std::lock_guard lock(mutex_);
  const Node* const node = FindOldest();
  if (node == nullptr) return std::nullopt;
  return Use{!node->passing, node->used};
}

void PrefixCache::GiveUpOldest() {
  std::lock_guard lock(mutex_);
  const Node* const node = FindOldest();
  if (node == nullptr) return;
  ListOf(*node).erase(node->place);
  std::vector<std::unique_ptr<Node>>& siblings = node->parent->children;
  const auto at =
      std::find_if(siblings.begin(), siblings.end(), [node](const auto& sibling) { return sibling.get() == node; });
  std::swap(*at, siblings.back());
  siblings.pop_back();
}

void PrefixCache::Clear() {
  std::lock_guard lock(mutex_);
  lasting_.clear();
  passing_.clear();
  root_ = std::make_unique<Node>();
}

size_t PrefixCache::pages() const {
  std::lock_guard lock(mutex_);
  return lasting_.size() + passing_.size();
}

}  // namespace paddock
