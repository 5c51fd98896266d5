// What is remembered of earlier prompts is the bits that computing them would give, stays within its bounds, and never
// comes from a file that is not exactly right.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "base/crc32c.h"
#include "check.h"
#include "runtime/snapshot_store.h"
#include "temporary_folder.h"
#include "tiny_engine.h"

#ifndef _WIN32
#include <unistd.h>
#endif

namespace paddock {
namespace {

namespace fs = std::filesystem;
using test::SomeIds;
using test::TemporaryFile;
using test::TemporaryFolder;
using test::TinyModel;
using Ids = std::vector<int32_t>;

struct Silent : GenerateObserver {
  void OnPrefill(double, int, int) override {}
  void OnText(std::string_view, int) override {}
};

std::unique_ptr<Engine> Open(const std::string& path, LoadOptions options) {
  options.threads = 2;
  return test::OpenFile(path, options);
}

LoadOptions Remembering(const std::string& folder = "") {
  LoadOptions options;
  options.prefix_cache_bytes = 64 << 20;
  options.snapshot_folder = folder;
  return options;
}

int Cached(Engine& engine, const Ids& prompt, bool transient = false) {
  Silent observer;
  GenerateRequest request;
  request.prompt = prompt;
  request.max_tokens = 1;
  request.ignore_end = true;
  request.transient = transient;
  const auto result = engine.Generate(request, nullptr, &observer);
  CHECK(result.ok());
  return result->cached_tokens;
}

// After a generation from `prompt`: the logits of its last token, with everything before it from the cache.
std::vector<float> LogitsFromCache(Engine& engine, const Ids& prompt) {
  const int keep = static_cast<int>(prompt.size()) - 1;
  const auto logits = engine.Evaluate(prompt, keep, 1, nullptr);
  CHECK(logits.ok());
  return {logits->begin(), logits->end()};
}

std::vector<float> ColdLogits(const std::string& model, const Ids& prompt) {
  LoadOptions off;
  off.prefix_cache_bytes = 0;
  const auto engine = Open(model, off);
  const auto logits = engine->Evaluate(prompt, 0, 256, nullptr);
  return {logits->begin(), logits->end()};
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST(SwitchingBetweenConversationsKeepsBothAndTheirBits) {
  for (const TinyModel& tiny : {TinyModel{}, TinyModel::Qwen3()}) {
    const TemporaryFile model(tiny.Writer().Write());
    const auto engine = Open(model.path(), Remembering());
    CHECK_EQ(engine->info().memory.prefix_cache, uint64_t{64} << 20);
    Ids a = SomeIds(600, 1), b = SomeIds(500, 2);
    std::copy_n(a.begin(), 100, b.begin());  // the same system prompt
    CHECK_EQ(Cached(*engine, a), 0);
    CHECK_EQ(Cached(*engine, b), 100);
    CHECK_EQ(Cached(*engine, a), 599);
    CHECK(SameBits(LogitsFromCache(*engine, a), ColdLogits(model.path(), a)));
    CHECK_EQ(Cached(*engine, b), 499);
    CHECK(SameBits(LogitsFromCache(*engine, b), ColdLogits(model.path(), b)));
    // A whole page: all but the last token is known.
    const Ids whole(a.begin(), a.begin() + 256);
    CHECK_EQ(Cached(*engine, whole), 255);
    CHECK(SameBits(LogitsFromCache(*engine, whole), ColdLogits(model.path(), whole)));
    CHECK(engine->ClearCache().ok());
    CHECK_EQ(Cached(*engine, a), 0);
  }
}

// The tiny model's context is four pages of 256 tokens.
TEST(TransientPromptsGoFirstAndStayOffTheDisk) {
  const TemporaryFile model(TinyModel{}.Writer().Write());
  const TemporaryFolder folder;
  LoadOptions options = Remembering(folder.path());
  options.prefix_cache_bytes = 1 << 18;  // a fifth page
  const auto engine = Open(model.path(), options);
  const Ids a = SomeIds(300, 1), b = SomeIds(300, 2), c = SomeIds(400, 3);
  CHECK_EQ(Cached(*engine, b), 0);
  CHECK_EQ(Cached(*engine, a, true), 0);
  CHECK_EQ(Cached(*engine, a, true), 299);
  // It was used last, and makes room for this one all the same.
  CHECK_EQ(Cached(*engine, c), 0);
  engine->FlushSnapshots();
  CHECK_EQ(Cached(*engine, b, true), 299);
  CHECK_EQ(Cached(*engine, a, true), 0);
  engine->FlushSnapshots();
  CHECK_EQ(folder.Files().size(), size_t{4 + 6});
}

TEST(BudgetBoundsWhatIsRemembered) {
  const TemporaryFile model(TinyModel{}.Writer().Write());
  LoadOptions options;
  options.prefix_cache_bytes = 300'000;  // more than the 256 KiB of a page
  const auto engine = Open(model.path(), options);
  const Ids a = SomeIds(700, 1), b = SomeIds(600, 2);
  Cached(*engine, a);
  Cached(*engine, b);
  CHECK_EQ(Cached(*engine, a), 512);  // five pages: three of b, the first two of a
  options.prefix_cache_bytes = 0;
  const auto without = Open(model.path(), options);
  CHECK_EQ(without->info().memory.prefix_cache, uint64_t{0});
  Cached(*without, a);
  Cached(*without, b);
  CHECK_EQ(Cached(*without, a), 256);
}

TEST(WithoutMemoryNothingGoesToDisk) {
  const TemporaryFile model(TinyModel{}.Writer().Write());
  const TemporaryFolder folder;
  LoadOptions options = Remembering(folder.path());
  options.prefix_cache_bytes = 0;
  const auto engine = Open(model.path(), options);
  Cached(*engine, SomeIds(300, 1));
  engine->FlushSnapshots();
  CHECK_EQ(folder.Files().size(), size_t{0});
}

// Two that begin alike and part within a page, and one that goes on where another one ended.
TEST(PagesAreSharedAndCopiedOnWrite) {
  const TemporaryFile model(TinyModel{}.Writer().Write());
  const auto engine = Open(model.path(), Remembering());
  Ids a = SomeIds(500, 1), b = a, longer = a;
  for (size_t i = 300; i < b.size(); ++i) b[i] = (b[i] + 1) % 256;
  longer.resize(520, 7);
  Cached(*engine, a);
  for (int round = 0; round < 2; ++round) {
    CHECK_EQ(Cached(*engine, b), round == 0 ? 300 : 499);
    CHECK_EQ(Cached(*engine, longer), round == 0 ? 500 : 519);
    for (const Ids& ids : {a, b, longer}) CHECK(SameBits(LogitsFromCache(*engine, ids), ColdLogits(model.path(), ids)));
  }
}

TEST(CancelledPrefillKeepsItsFinishedBatches) {
  const TemporaryFile model(TinyModel{}.Writer().Write());
  const auto engine = Open(model.path(), Remembering());
  struct Stopper : Silent {
    void OnPrefill(double done, int, int) override {
      if (done > 600) flag.store(true);
    }
    CancelFlag flag{false};
  } stopper;
  GenerateRequest request;
  request.prompt = SomeIds(900, 3);
  const auto cut = engine->Generate(request, &stopper.flag, &stopper);
  CHECK(cut->finish_reason == FinishReason::kCancelled);
  CHECK_EQ(Cached(*engine, SomeIds(300, 4)), 0);
  CHECK_EQ(Cached(*engine, request.prompt), 512);
  CHECK(SameBits(LogitsFromCache(*engine, request.prompt), ColdLogits(model.path(), request.prompt)));
}

// Blocks of 64 tokens in a folder; the prompt is read a dozen times, so an emulator gets fewer.
#ifdef PADDOCK_EMULATED_MACHINE
constexpr size_t kKeptBlocks = 5;
#else
constexpr size_t kKeptBlocks = 10;
#endif

TEST(SnapshotsSurviveARestart) {
  for (const TinyModel& tiny : {TinyModel{}, TinyModel::Qwen3()}) {
    const TemporaryFile model(tiny.Writer().Write());
    const TemporaryFolder folder;
    const Ids a = SomeIds(64 * kKeptBlocks + 60, 1);
    {
      const auto engine = Open(model.path(), Remembering(folder.path()));
      CHECK_EQ(Cached(*engine, a), 0);
      engine->FlushSnapshots();
    }
    CHECK_EQ(folder.Files().size(), kKeptBlocks);
#ifndef _WIN32
    CHECK(fs::status(folder.path()).permissions() == fs::perms::owner_all);
    for (const fs::path& file : folder.Files())
      CHECK(fs::status(file).permissions() == (fs::perms::owner_read | fs::perms::owner_write));
#endif
    const auto again = Open(model.path(), Remembering(folder.path()));
    CHECK_EQ(Cached(*again, a), static_cast<int>(64 * kKeptBlocks));
    CHECK(SameBits(LogitsFromCache(*again, a), ColdLogits(model.path(), a)));
    // Other kernels have other bits; other weights even more so.
    LoadOptions scalar = Remembering(folder.path());
    scalar.kernels = "scalar";
    if (again->info().kernels != "scalar") CHECK_EQ(Cached(*Open(model.path(), scalar), a), 0);
    auto writer = tiny.Writer();
    for (auto& tensor : writer.tensors) {
      if (tensor.name == "blk.1.attn_output.weight") tensor.data[40] ^= 1;
    }
    const TemporaryFile other(writer.Write());
    CHECK_EQ(Cached(*Open(other.path(), Remembering(folder.path())), a), 0);
    // Forgotten on demand, those of other engines as well.
    CHECK(again->ClearCache().ok());
    CHECK_EQ(folder.Files().size(), size_t{0});
    CHECK_EQ(Cached(*again, a), 0);
  }
}

// Wherever two models differ: no part of a file is too large to be looked at.
TEST(NoRowOfAModelCanHide) {
  TinyModel tiny;
  tiny.embedding = TensorType::kF32;
  tiny.tied = false;
  const TemporaryFile model(tiny.Writer().Write());
  const TemporaryFolder folder;
  const Ids ids = SomeIds(200, 5);
  {
    const auto engine = Open(model.path(), Remembering(folder.path()));
    CHECK_EQ(Cached(*engine, ids), 0);
    engine->FlushSnapshots();
  }
  CHECK_EQ(Cached(*Open(model.path(), Remembering(folder.path())), ids), 192);
  for (const char* name : {"token_embd.weight", "output.weight", "blk.1.ffn_up.weight", "blk.0.ffn_norm.weight"}) {
    for (const size_t part : {1, 3, 5}) {
      auto writer = tiny.Writer();
      for (auto& tensor : writer.tensors) {
        if (tensor.name == name) tensor.data[tensor.data.size() * part / 7 / 4 * 4 + 1] ^= 1;
      }
      const TemporaryFile other(writer.Write());
      CHECK_EQ(Cached(*Open(other.path(), Remembering(folder.path())), ids), 0);
    }
  }
}

TEST(RestoringFromDiskCanBeWatchedAndStopped) {
  const TemporaryFile model(TinyModel{}.Writer().Write());
  const TemporaryFolder folder;
  const Ids ids = SomeIds(64 * 8 + 30, 12);
  {
    const auto engine = Open(model.path(), Remembering(folder.path()));
    Cached(*engine, ids);
    engine->FlushSnapshots();
  }
  struct Watcher : Silent {
    void OnPrefill(double done, int, int) override {
      seen.push_back(done);
      if (done >= stop_at) flag.store(true);
    }
    double stop_at = 1e9;
    std::vector<double> seen;
    CancelFlag flag{false};
  };
  GenerateRequest request;
  request.prompt = ids;
  request.max_tokens = 1;
  Watcher all, some;
  const auto whole = Open(model.path(), Remembering(folder.path()))->Generate(request, &all.flag, &all);
  CHECK(whole.ok() && whole->cached_tokens == 512);
  CHECK(std::is_sorted(all.seen.begin(), all.seen.end()) && all.seen.size() > 8 && all.seen[0] == 64);
  some.stop_at = 192;
  const auto engine = Open(model.path(), Remembering(folder.path()));
  const auto cut = engine->Generate(request, &some.flag, &some);
  CHECK(cut.ok() && cut->finish_reason == FinishReason::kCancelled && cut->cached_tokens == 192);
  // What was restored is as good as before.
  CHECK_EQ(Cached(*engine, ids), 512);
  CHECK(SameBits(LogitsFromCache(*engine, ids), ColdLogits(model.path(), ids)));
  // Forgetting can be stopped as well.
  const CancelFlag cancelled{true};
  CHECK(engine->ClearCache(&cancelled).code() == StatusCode::kCancelled);
  CHECK(!folder.Files().empty());
  CHECK(engine->ClearCache().ok() && folder.Files().empty());
  // What comes after it is remembered again.
  CHECK_EQ(Cached(*engine, ids), 0);
  engine->FlushSnapshots();
  CHECK_EQ(folder.Files().size(), size_t{8});
}

TEST(BytesComeBackFromDiskAsTheyWere) {
  const TinyModel tiny;
  const TemporaryFile model(tiny.Writer().Write());
  const TemporaryFolder folder;
  LoadOptions options = Remembering(folder.path()), cold;
  options.kv_type = cold.kv_type = KvType::kQ8;
  cold.prefix_cache_bytes = 0;
  const Ids ids = SomeIds(600, 31);
  {
    const auto engine = Open(model.path(), options);
    Cached(*engine, ids);
    engine->FlushSnapshots();
  }
  const auto again = Open(model.path(), options), fresh = Open(model.path(), cold);
  CHECK_EQ(Cached(*again, ids), 576);
  CHECK_EQ(Cached(*fresh, ids), 0);
  CHECK(SameBits(LogitsFromCache(*again, ids), LogitsFromCache(*fresh, ids)));
  // What was kept in 16 bits is another thing.
  CHECK_EQ(Cached(*Open(model.path(), Remembering(folder.path())), ids), 0);
}

// A block has 4 KiB for each layer.
KvFormat Format(int layers) {
  return {KvType::kF16, layers, 1, 16};
}

// Pages that are full of a byte.
std::vector<KvPageRef> Pages(PagePool& pool, size_t count, uint8_t byte) {
  std::vector<KvPageRef> pages;
  while (pages.size() < count) {
    pages.push_back(pool.Take());
    std::memset(pages.back()->data(), byte, pool.format().page_bytes());
  }
  return pages;
}

// Fills a folder with one block through a store and gives its file to `damage`; what is then read must be refused and
// removed.
void CheckRefused(const char* what, const std::function<void(std::vector<uint8_t>*)>& damage) {
  const TemporaryFolder folder;
  PageBudget budget;
  PagePool pool(Format(1), 1, budget);
  const std::vector<KvPageRef> pages = Pages(pool, 1, 0x35);
  const Ids ids = SomeIds(64, 9);
  SnapshotStore store(folder.path(), 1 << 20, {{}, "scalar", Format(1)});
  store.Write(ids, pages);
  store.Flush();
  const fs::path path = store.PathOf(SnapshotStore::Key(store.root(), ids));
  std::vector<uint8_t> out(4096);
  CHECK(store.Read(store.root(), ids, out));
  CHECK(out == std::vector<uint8_t>(4096, 0x35));
  std::vector<uint8_t> bytes(fs::file_size(path));
  std::ifstream(path, std::ios::binary)
      .read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  damage(&bytes);
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (store.Read(store.root(), ids, out)) test::Fail(__FILE__, __LINE__, std::string("accepted: ") + what);
  CHECK(!fs::exists(path));
}

void Seal(std::vector<uint8_t>* file) {
  const uint32_t crc = Crc32c(std::span(*file).subspan(SnapshotStore::kHeaderBytes));
  std::memcpy(file->data() + 356, &crc, 4);
}

TEST(DamagedFilesAreRefusedAndRemoved) {
  CheckRefused("empty", [](auto* file) { file->clear(); });
  CheckRefused("half a header", [](auto* file) { file->resize(100); });
  CheckRefused("truncated", [](auto* file) { file->pop_back(); });
  CheckRefused("too long", [](auto* file) { file->push_back(0); });
  CheckRefused("another version", [](auto* file) { ++(*file)[8]; });
  CheckRefused("another model", [](auto* file) { ++(*file)[24]; });
  CheckRefused("other ids", [](auto* file) { ++(*file)[100]; });
  CheckRefused("not finite, with a right checksum", [](auto* file) {
    (*file)[1001] = 0x7c;
    Seal(file);
  });
  // A bit anywhere in the header, and one in every 37th byte of the rest.
  for (size_t at = 0; at < SnapshotStore::kHeaderBytes + 4096; at += at < SnapshotStore::kHeaderBytes ? 7 : 371) {
    CheckRefused("a flipped bit",
                 [at](auto* file) { (*file)[at] = static_cast<uint8_t>((*file)[at] ^ (1u << (at % 8))); });
  }
}

TEST(OddThingsInTheFolderDoNoHarm) {
  const TemporaryFolder folder;
  const Ids ids = SomeIds(64, 9);
  std::vector<uint8_t> out(4096);
  SnapshotStore store(folder.path(), 1 << 20, {{}, "scalar", Format(1)});
  CHECK(!store.Read(store.root(), ids, out));
  const fs::path path = store.PathOf(SnapshotStore::Key(store.root(), ids));
  fs::create_directories(path / "sub");
  CHECK(!store.Read(store.root(), ids, out));
  fs::remove_all(path);
#ifndef _WIN32
  fs::create_symlink("/dev/zero", path);
  CHECK(!store.Read(store.root(), ids, out));
#endif
  // A file of the user's survives.
  std::ofstream(fs::path(folder.path()) / "notes.kv") << "mine";
  store.Clear();
  CHECK_EQ(folder.Files().size(), size_t{1});
}

TEST(FullFoldersLoseTheirOldestBlocks) {
  const TemporaryFile model(TinyModel{}.Writer().Write());
  const TemporaryFolder folder;
  LoadOptions options = Remembering(folder.path());
  options.snapshot_bytes = 12 * (65536 + SnapshotStore::kHeaderBytes);
  const Ids a = SomeIds(450, 1), b = SomeIds(450, 2), c = SomeIds(950, 3);
  {
    const auto engine = Open(model.path(), options);
    for (const Ids& ids : {a, b}) {
      Cached(*engine, ids);
      engine->FlushSnapshots();
      CHECK(folder.Bytes() <= options.snapshot_bytes);
    }
  }
  CHECK_EQ(Cached(*Open(model.path(), options), b), 448);
  const int left = Cached(*Open(model.path(), options), a);  // its end went first
  CHECK(left >= 128 && left < 448);
  // Longer than the bound: its beginning is kept.
  const auto engine = Open(model.path(), options);
  Cached(*engine, c);
  engine->FlushSnapshots();
  CHECK(folder.Bytes() <= options.snapshot_bytes);
  CHECK_EQ(Cached(*Open(model.path(), options), c), 12 * 64);
}

TEST(UnwritableFoldersCostNothingButTheSnapshot) {
  const TemporaryFile model(TinyModel{}.Writer().Write());
  const TemporaryFile no_folder({1, 2, 3});
  const Ids a = SomeIds(200, 1);
  for (const std::string& path : {no_folder.path(), no_folder.path() + "/below", std::string("/proc/nowhere")}) {
    const auto engine = Open(model.path(), Remembering(path));
    CHECK_EQ(Cached(*engine, a), 0);
    engine->FlushSnapshots();
    CHECK_EQ(Cached(*engine, a), 199);
    CHECK(engine->ClearCache().ok());
  }
#ifndef _WIN32
  const TemporaryFolder read_only;
  fs::create_directories(read_only.path());
  fs::permissions(read_only.path(), fs::perms::owner_read | fs::perms::owner_exec);
  const auto engine = Open(model.path(), Remembering(read_only.path()));
  Cached(*engine, a);
  engine->FlushSnapshots();
  if (geteuid() != 0) CHECK_EQ(read_only.Files().size(), size_t{0});
#endif
}

TEST(EnginesShareAFolder) {
  const TemporaryFile model(TinyModel{}.Writer().Write());
  const TemporaryFolder folder;
  LoadOptions options = Remembering(folder.path());
  options.snapshot_bytes = 40 * (65536 + SnapshotStore::kHeaderBytes);
  const std::vector<float> expected = ColdLogits(model.path(), SomeIds(500, 1));
  const auto work = [&](uint32_t seed) {
    for (uint32_t round = 0; round < 3; ++round) {
      const auto engine = Open(model.path(), options);
      for (const uint32_t s : {1u, seed * 10 + round, 1u}) Cached(*engine, SomeIds(500, s));
      CHECK(SameBits(LogitsFromCache(*engine, SomeIds(500, 1)), expected));
      if (round == 1) engine->FlushSnapshots();
    }
  };
  std::thread first(work, 1), second(work, 2);
  first.join();
  second.join();
  const auto engine = Open(model.path(), options);
  engine->FlushSnapshots();
  CHECK_EQ(Cached(*engine, SomeIds(500, 1)), 448);
}

// Work that comes while the folder is cleared is dropped or written, and the store goes on writing afterwards.
TEST(AStoreThatIsClearedGoesOnWriting) {
  const TemporaryFolder folder;
  const Ids ids = SomeIds(64 * 4, 9);
  PageBudget budget;
  PagePool pool(Format(256), 1, budget);
  const std::vector<KvPageRef> pages = Pages(pool, 1, 1);
  SnapshotStore store(folder.path(), 1 << 24, {{}, "scalar", Format(256)});
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    while (!stop.load()) store.Write(ids, pages);
  });
  for (int round = 0; round < 50; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    CHECK(store.Clear());
  }
  stop.store(true);
  writer.join();
  CHECK(store.Clear());
  CHECK_EQ(folder.Files().size(), size_t{0});
  store.Write(ids, pages);
  store.Flush();
  CHECK_EQ(folder.Files().size(), size_t{4});
}

// After a quit right behind an answer, the conversation is on disk, and the quit does not take long.
TEST(AStoreThatEndsWritesWhatWaits) {
  const TemporaryFolder folder;
  const Ids ids = SomeIds(64 * 100, 9);
  PageBudget budget;
  PagePool pool(Format(256), 25, budget);
  const std::vector<KvPageRef> pages = Pages(pool, 25, 1);
  std::chrono::steady_clock::time_point start;
  {
    SnapshotStore store(folder.path(), uint64_t{1} << 30, {{}, "scalar", Format(256)});
    store.SetBusy(true);
    store.Write(ids, pages);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    start = std::chrono::steady_clock::now();
  }
  const auto took = std::chrono::steady_clock::now() - start;
  const std::vector<fs::path> files = folder.Files();
  CHECK(files.size() == 100 || took >= SnapshotStore::kFarewell);
  for (const fs::path& file : files) CHECK(file.extension() == ".kv");
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
