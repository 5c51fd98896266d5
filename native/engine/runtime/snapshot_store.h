// Blocks of keys and values in a folder, so that yesterday's conversation needs no prefill after a restart.
//
// One file holds one block and is named by its key: a hash over the format, the model, the kernels and all tokens from
// the first one on. A file is written by a background thread under another name and renamed when it is whole, so a
// process may be killed at any time and several may share the folder. Nothing that is read is believed: a file whose
// size, header, checksum or numbers are not exactly right is removed and counts as absent. Errors of the disk cost
// speed, never an answer.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/buffer.h"
#include "base/sha256.h"
#include "model/page_pool.h"

namespace paddock {

using BlockKey = std::array<uint8_t, 16>;
using BlockIds = std::array<int32_t, kBlockTokens>;

class SnapshotStore {
 public:
  struct Identity {
    Sha256::Digest model{};
    std::string kernels;  // tables differ in the last bits of their results
    KvFormat format;
  };
  // Keeps the files of the folder, those of other models included, within `limit` bytes.
  SnapshotStore(const std::string& folder, uint64_t limit, Identity identity);
  // Goes on writing without pauses for at most kFarewell, then abandons the rest. A conversation of 4,000 tokens of a
  // model of 1.5 billion weights is 116 MB and takes about 0.3 s; whoever quits right after an answer wants it back.
  ~SnapshotStore();

  // Key of what comes before the first block, and of a block after `parent`.
  const BlockKey& root() const { return root_; }
  static BlockKey Key(const BlockKey& parent, std::span<const int32_t> ids);

  // Reads the block `ids` after `parent` into `out`, block_bytes() of the format. False when there is no sound file;
  // `out` is then undefined. Any thread.
  bool Read(const BlockKey& parent, std::span<const int32_t> ids, std::span<uint8_t> out) const;

  // Has the whole blocks of a conversation written, the first one first, and marks all of them as used. `pages` hold
  // all of `ids`, sealed. A page that nobody holds any more when its turn comes is skipped with those after it. Returns
  // at once.
  void Write(std::span<const int32_t> ids, std::span<const KvPageRef> pages);

  // While the engine computes, writing slows down.
  void SetBusy(bool busy) { busy_ = busy; }
  // Waits until all is written.
  void Flush();
  // Drops what waits to be written and removes every snapshot in the folder. False when `cancel` (may be null) was set
  // before all were removed.
  bool Clear(const std::atomic<bool>* cancel = nullptr);

  std::filesystem::path PathOf(const BlockKey& key) const;

  static constexpr uint32_t kVersion = 1;  // raised when keys and values get other bits or another layout
  static constexpr size_t kHeaderBytes = 384;
  static constexpr std::chrono::milliseconds kFarewell{2000};

 private:
  struct Block {
    BlockKey parent{}, key{};
    BlockIds ids{};
    std::weak_ptr<const KvPage> page;
    int position = 0;  // of the block in its page
  };
  using Header = std::array<uint8_t, kHeaderBytes>;

  Header MakeHeader(const BlockKey& parent, std::span<const int32_t> ids, const BlockKey& key, uint32_t checksum) const;
  void Loop();
  void WriteChain(const std::vector<Block>& chain);
  bool WriteBlock(const Block& block);
  // Removes the least recently used files, but none of `keep`, until no more than `target` bytes remain.
  void Trim(uint64_t target, const std::vector<Block>& keep);
  bool GoOn() const;
  void Pause();

  const std::filesystem::path folder_;
  const uint64_t limit_;
  const Identity identity_;
  BlockKey root_{};
  uint64_t folder_bytes_ = 0;  // as of the last Trim(), with what was written since; the thread's own
  int writes_since_trim_ = 0;
  Buffer payload_;  // the thread's own: the block that is being written

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<Block>> waiting_;
  bool working_ = true, stopping_ = false, hurry_ = false;
  std::atomic<bool> abandon_{false}, busy_{false};
  std::atomic<std::chrono::steady_clock::time_point> deadline_{std::chrono::steady_clock::time_point::max()};
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace paddock
