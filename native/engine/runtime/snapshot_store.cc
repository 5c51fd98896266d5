#include "runtime/snapshot_store.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <set>
#include <system_error>
#include <utility>

#include "base/crc32c.h"
#include "base/private_file.h"

namespace paddock {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kMagic[8] = {'P', 'D', 'K', 'B', 'L', 'O', 'C', 'K'};
constexpr char kSuffix[] = ".kv";
constexpr size_t kChecksumAt = 356;
// Rates of writing: a block is some megabytes.
constexpr std::chrono::milliseconds kPause{10}, kBusyPause{200};
constexpr size_t kMaxWaiting = 64;  // conversations
// Other processes may write as well; so often the folder is looked at anew.
constexpr int kWritesPerTrim = 16;

std::span<const uint8_t> BytesOf(std::span<const int32_t> ids) {
  return {reinterpret_cast<const uint8_t*>(ids.data()), ids.size_bytes()};
}

BlockKey Shorten(const Sha256::Digest& digest) {
  BlockKey key;
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

// Only such names are ever removed: the folder may be one that the user keeps other things in.
bool IsSnapshot(const std::string& name) {
  return name.size() == 32 + sizeof kSuffix - 1 && name.ends_with(kSuffix) &&
         std::all_of(name.begin(), name.begin() + 32,
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// Infinities and NaN in the cache would spoil the sums of positions that do not even see them.
bool AllFinite(std::span<const uint8_t> halves) {
  uint32_t broken = 0;
  for (size_t i = 0; i + 1 < halves.size(); i += 2) {
    uint16_t half;
    std::memcpy(&half, &halves[i], 2);
    broken |= static_cast<uint32_t>((half & 0x7c00u) == 0x7c00u);
  }
  return broken == 0;
}

struct Entry {
  fs::file_time_type used;
  uint64_t bytes;
  fs::path path;
  std::string name;
};

// The snapshots in the folder, and those that are being written.
std::vector<Entry> List(const fs::path& folder) {
  std::vector<Entry> entries;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    Entry entry{it->last_write_time(ignored), 0, it->path(), ToUtf8(it->path().filename())};
    if (!IsSnapshot(entry.name) && !IsTemporaryName(entry.name)) continue;
    entry.bytes = it->is_regular_file(ignored) ? it->file_size(ignored) : 0;
    if (entry.bytes == static_cast<uintmax_t>(-1)) entry.bytes = 0;  // it went meanwhile
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

SnapshotStore::SnapshotStore(const std::string& folder, uint64_t limit, Identity identity)
    : folder_(ToPath(folder)), limit_(limit), identity_(std::move(identity)) {
  Sha256 sha;
  const Header all = MakeHeader({}, {}, {}, 0);
  sha.Add(all);
  root_ = Shorten(sha.Finish());
  thread_ = std::thread([this] { Loop(); });
}

SnapshotStore::~SnapshotStore() {
  {
    std::lock_guard lock(mutex_);
    deadline_ = Clock::now() + kFarewell;
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

BlockKey SnapshotStore::Key(const BlockKey& parent, std::span<const int32_t> ids) {
  Sha256 sha;
  sha.Add(parent);
  sha.Add(BytesOf(ids));
  return Shorten(sha.Finish());
}

fs::path SnapshotStore::PathOf(const BlockKey& key) const {
  return folder_ / (ToHex(key) + kSuffix);
}

// Little-endian: magic, version, tokens of a block, block bytes, model, kernels, parent, key, ids, checksum, zeros.
SnapshotStore::Header SnapshotStore::MakeHeader(const BlockKey& parent, std::span<const int32_t> ids,
                                                const BlockKey& key, uint32_t checksum) const {
  Header header{};
  size_t at = 0;
  const auto put = [&](const void* data, size_t bytes, size_t field) {
    if (bytes > 0) std::memcpy(&header[at], data, std::min(bytes, field));
    at += field;
  };
  const uint32_t version = kVersion, tokens = kBlockTokens;
  const uint64_t bytes = identity_.format.block_bytes();
  put(kMagic, 8, 8);
  put(&version, 4, 4);
  put(&tokens, 4, 4);
  put(&bytes, 8, 8);
  put(identity_.model.data(), 32, 32);
  put(identity_.kernels.data(), identity_.kernels.size(), 12);
  put(parent.data(), 16, 16);
  put(key.data(), 16, 16);
  put(ids.data(), ids.size_bytes(), sizeof(BlockIds));
  static_assert(8 + 4 + 4 + 8 + 32 + 12 + 16 + 16 + sizeof(BlockIds) == kChecksumAt);
  put(&checksum, 4, 4);
  return header;
}

bool SnapshotStore::Read(const BlockKey& parent, std::span<const int32_t> ids, std::span<uint8_t> out) const {
  const BlockKey key = Key(parent, ids);
  const fs::path path = PathOf(key);
  Header header;
  const ReadOutcome outcome = ReadExactly(path, header, out);
  if (outcome == ReadOutcome::kMissing) return false;
  // The header holds nothing that is not known: it is compared, not interpreted.
  const bool sound = outcome == ReadOutcome::kRead && header == MakeHeader(parent, ids, key, Crc32c(out)) &&
                     AllFinite(out.subspan(identity_.format.halves_at()));
  if (!sound) {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
  return sound;
}

void SnapshotStore::Write(std::span<const int32_t> ids, std::span<const KvPageRef> pages) {
  std::vector<Block> blocks;
  BlockKey parent = root_;
  for (size_t at = 0; at + kBlockTokens <= ids.size(); at += kBlockTokens) {
    const auto block_ids = ids.subspan(at, kBlockTokens);
    Block block{parent, Key(parent, block_ids), {}, pages[at / kSegmentKeys], static_cast<int>(at % kSegmentKeys)};
    std::copy(block_ids.begin(), block_ids.end(), block.ids.begin());
    parent = block.key;
    blocks.push_back(std::move(block));
  }
  if (blocks.empty()) return;
  std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMaxWaiting) waiting_.pop_front();
  waiting_.push_back(std::move(blocks));
  changed_.notify_all();
}

void SnapshotStore::Flush() {
  std::unique_lock lock(mutex_);
  hurry_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return waiting_.empty() && !working_; });
  hurry_ = false;
}

bool SnapshotStore::Clear(const std::atomic<bool>* cancel) {
  std::unique_lock lock(mutex_);
  waiting_.clear();
  abandon_ = true;
  changed_.notify_all();
  changed_.wait(lock, [this] { return !working_; });
  abandon_ = false;
  // What waited since the thread was told to stop is gone as well.
  waiting_.clear();
  changed_.notify_all();
  for (const Entry& entry : List(folder_)) {
    if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) return false;
    std::error_code ignored;
    fs::remove(entry.path, ignored);
  }
  folder_bytes_ = 0;
  return true;
}

bool SnapshotStore::GoOn() const {
  return !abandon_ && Clock::now() < deadline_.load();
}

void SnapshotStore::Pause() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, busy_ ? kBusyPause : kPause, [this] { return stopping_ || hurry_ || abandon_; });
}

void SnapshotStore::Loop() {
  // The standard library throws when memory runs out, which costs this thread a snapshot and nobody else anything.
  const auto attempt = [](auto work) {
    try {
      work();
    } catch (const std::exception&) {
    }
  };
  attempt([this] { Trim(limit_, {}); });
  std::unique_lock lock(mutex_);
  working_ = false;
  changed_.notify_all();
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_ && (waiting_.empty() || !GoOn())) return;
    // Clear() wants nothing to be written now; it takes what waits, and work that comes later is done.
    if (abandon_) waiting_.clear();
    if (waiting_.empty()) continue;
    const std::vector<Block> chain = std::move(waiting_.front());
    waiting_.pop_front();
    working_ = true;
    lock.unlock();
    attempt([&] { WriteChain(chain); });
    lock.lock();
    working_ = false;
    changed_.notify_all();
  }
}

void SnapshotStore::WriteChain(const std::vector<Block>& chain) {
  if (!MakePrivateFolder(folder_)) return;
  const uint64_t bytes = kHeaderBytes + identity_.format.block_bytes();
  size_t there = 0;
  for (const Block& block : chain) {
    if (!GoOn()) return;
    std::error_code error;
    if (fs::file_size(PathOf(block.key), error) != bytes || error) {
      if (folder_bytes_ + bytes > limit_ || ++writes_since_trim_ > kWritesPerTrim) {
        if (bytes > limit_) return;
        Trim(limit_ - bytes, chain);
      }
      if (folder_bytes_ + bytes > limit_ || !WriteBlock(block)) break;
      folder_bytes_ += bytes;
      Pause();
    }
    ++there;
  }
  // The first block gets the latest time: what is removed first is the end of the oldest conversation.
  const auto now = fs::file_time_type::clock::now();
  for (size_t i = 0; i < there; ++i) {
    std::error_code ignored;
    fs::last_write_time(PathOf(chain[i].key), now - std::chrono::microseconds(i), ignored);
  }
}

bool SnapshotStore::WriteBlock(const Block& block) {
  if (payload_.size() == 0 && !payload_.Allocate(identity_.format.block_bytes())) return false;
  const std::span<const uint8_t> payload(payload_.data(), payload_.size());
  {
    const std::shared_ptr<const KvPage> page = block.page.lock();
    if (page == nullptr) return false;
    identity_.format.CopyOut(page->data(), block.position, payload_.data());
  }
  // A block that power loss has damaged fails its checks, so waiting for the disk would gain nothing.
  return WriteWhole(PathOf(block.key), MakeHeader(block.parent, block.ids, block.key, Crc32c(payload)), payload,
                    NewFile::Durability::kProcess, [this] { return GoOn(); })
      .ok();
}

void SnapshotStore::Trim(uint64_t target, const std::vector<Block>& keep) {
  writes_since_trim_ = 0;
  std::set<std::string> kept;
  for (const Block& block : keep) kept.insert(ToHex(block.key) + kSuffix);
  RemoveLeftovers(folder_);
  std::vector<Entry> entries = List(folder_);
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.used < b.used; });
  folder_bytes_ = 0;
  for (const Entry& entry : entries) folder_bytes_ += entry.bytes;
  // A little more than asked for, so that a full folder is not listed anew for every block.
  const uint64_t wanted = folder_bytes_ > target ? target - target / 32 : target;
  for (const Entry& entry : entries) {
    if (!GoOn() || folder_bytes_ <= wanted) return;
    if (IsTemporaryName(entry.name) || kept.contains(entry.name)) continue;
    std::error_code error;
    if (fs::remove(entry.path, error) || !error) folder_bytes_ -= entry.bytes;
  }
}

}  // namespace paddock
