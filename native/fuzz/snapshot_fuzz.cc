// Snapshots of keys and values: a file is either exactly right or removed.
#include <filesystem>
#include <fstream>
#include <vector>

#include "fuzz_file.h"
#include "runtime/snapshot_store.h"

PADDOCK_FUZZ(data, size) {
  using namespace paddock;
  static const std::string folder = "/tmp/paddock-fuzz-snapshots-" + std::to_string(getpid());
  static SnapshotStore store(folder, 1 << 20, {{}, "scalar", KvFormat(KvType::kF16, 1, 1, 16)});
  std::filesystem::create_directories(folder);
  const std::vector<int32_t> ids(kBlockTokens, 7);
  const std::filesystem::path path = store.PathOf(SnapshotStore::Key(store.root(), ids));
  std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  std::vector<uint8_t> out(4096);
  if (!store.Read(store.root(), ids, out) && std::filesystem::exists(path)) std::abort();
  return 0;
}
