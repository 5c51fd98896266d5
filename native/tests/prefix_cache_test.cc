// What prefixes are kept in and named by: pages, sequences, the tree of pages, and the hashes.
#include "runtime/prefix_cache.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/content_hash.h"
#include "base/crc32c.h"
#include "base/sha256.h"
#include "check.h"
#include "random.h"

namespace paddock {
namespace {

using Ids = std::vector<int32_t>;

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(HashesAreThoseOfTheirSpecifications) {
  const auto sha = [](std::string_view text, size_t piece) {
    Sha256 hash;
    for (size_t at = 0; at < text.size(); at += piece) hash.Add(Bytes(text.substr(at, piece)));
    return ToHex(hash.Finish());
  };
  CHECK_EQ(sha("", 1), std::string("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
  CHECK_EQ(sha("abc", 2), std::string("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  CHECK_EQ(sha(std::string(1'000'000, 'a'), 777),
           std::string("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
  CHECK_EQ(Crc32c(Bytes("123456789")), 0xe3069283u);
  CHECK_EQ(Crc32c(std::vector<uint8_t>(32, 0)), 0x8a9136aau);
}

KvFormat TinyFormat(KvType type) {
  return {type, 2, 1, 32};
}

// What a position of a text holds: a number that all tokens up to it decide.
uint16_t Stamp(std::span<const int32_t> ids, int position) {
  uint32_t sum = 7;
  for (const int32_t id : ids.first(static_cast<size_t>(position) + 1)) sum = sum * 31 + static_cast<uint32_t>(id);
  return static_cast<uint16_t>(sum * 0x9e37u >> 7);
}

void Write(const Sequence& sequence, std::span<const int32_t> ids, int position) {
  const std::vector<uint16_t> head(32, Stamp(ids, position));
  for (int layer = 0; layer < 2; ++layer) {
    sequence.table().StoreKey(layer, 0, position, head.data(), nullptr);
    sequence.table().StoreValue(layer, 0, position, head.data(), nullptr);
  }
}

bool Holds(const Sequence& sequence, std::span<const int32_t> ids, int position) {
  AttendArgs args{};
  for (int layer = 0; layer < 2; ++layer) {
    sequence.table().Locate(layer, 0, position / kSegmentKeys * kSegmentKeys, &args);
    const int in_page = position % kSegmentKeys;
    const uint16_t key =
        static_cast<const uint16_t*>(args.k)[in_page / kKeyPanel * kKeyPanel * 32 + in_page % kKeyPanel];
    if (key != Stamp(ids, position) || static_cast<const uint16_t*>(args.v)[in_page * 32] != Stamp(ids, position))
      return false;
  }
  return true;
}

int PagesLeft(PagePool& pool) {
  std::vector<KvPageRef> pages;
  while (KvPageRef page = pool.Take()) pages.push_back(std::move(page));
  return static_cast<int>(pages.size());
}

// Sequences that come and go, share beginnings, draft tokens and take them back, with memory for few of them: what a
// sequence begins with is what was computed for these very tokens, and the budget holds.
TEST(SequencesReadWhatWasWrittenForTheirTokens) {
  constexpr int kPages = 11;
  const KvFormat format = TinyFormat(KvType::kF16);
  test::Random random(5);
  PageBudget budget;
  PrefixCache cache;
  PagePool pool(format, kPages, budget);
  pool.SetKeeper(&cache);
  struct Live {
    Ids ids;
    std::unique_ptr<Sequence> sequence;
  };
  std::vector<Live> live;
  size_t known = 0;
  for (int round = 0; round < 4000; ++round) {
    CHECK(budget.used() <= kPages * format.page_bytes());
    if (live.size() < 2) {
      // Few different texts, which part at different places.
      Ids ids;
      const int size = 1 + random.Below(1000), turn = random.Below(4) * 170, variant = random.Below(3);
      for (int i = 0; i < size; ++i) ids.push_back(i < turn ? 1 : 2 + variant);
      auto sequence = std::make_unique<Sequence>(pool);
      const PrefixCache::Beginning found = cache.Find(ids);
      sequence->Adopt(std::span(ids).first(static_cast<size_t>(found.tokens)), found.pages);
      for (int i = 0; i < found.tokens; i += 1 + random.Below(40)) CHECK(Holds(*sequence, ids, i));
      known += found.tokens > 0;
      live.push_back({std::move(ids), std::move(sequence)});
      continue;
    }
    Live& one = live[static_cast<size_t>(random.Below(2))];
    Sequence& sequence = *one.sequence;
    const int left = static_cast<int>(one.ids.size()) - sequence.size();
    if (left == 0 || random.Below(30) == 0) {
      for (int i = 0; i < sequence.size(); ++i) CHECK(Holds(sequence, one.ids, i));
      if (random.Below(4) > 0) cache.Add(sequence, random.Below(3) == 0);
      std::swap(one, live.back());
      live.pop_back();
      continue;
    }
    if (random.Below(8) == 0) sequence.Truncate(std::max(0, sequence.size() - random.Below(300)));
    // As many as there are, and drafts behind them that turn out wrong.
    const int at = sequence.size(), count = std::min(1 + random.Below(300), static_cast<int>(one.ids.size()) - at);
    CHECK(sequence.Reserve(count + 1 + random.Below(8)));
    for (int i = 0; i < count; ++i) Write(sequence, one.ids, at + i);
    Ids wrong = one.ids;
    wrong.resize(static_cast<size_t>(at + count) + 1, 99);
    wrong.back() = 99;
    Write(sequence, wrong, at + count);
    sequence.Append(std::span(one.ids).subspan(static_cast<size_t>(at), static_cast<size_t>(count)));
  }
  CHECK(known > 100);
  live.clear();
  cache.Clear();
  CHECK_EQ(PagesLeft(pool), kPages);
}

TEST(TheLeastRecentlyUsedPageGoesFirstAndPassingOnesBeforeIt) {
  PageBudget budget;
  PrefixCache cache;
  PagePool pool(TinyFormat(KvType::kF16), 4, budget);
  pool.SetKeeper(&cache);
  const auto add = [&](int32_t id, size_t size, bool passing) {
    Sequence sequence(pool);
    const Ids ids(size, id);
    CHECK(sequence.Reserve(static_cast<int>(size)));
    sequence.Append(ids);
    cache.Add(sequence, passing);
  };
  const auto known = [&](int32_t id) { return cache.Find(Ids(1000, id)).tokens; };
  add(1, 300, false);
  add(2, 100, false);
  add(3, 100, true);
  add(4, 100, false);  // a fifth page: the passing one goes
  CHECK_EQ(known(3), 0);
  CHECK_EQ(known(1), 300);
  add(5, 100, false);
  CHECK_EQ(known(2), 0);  // used before the others
  add(6, 100, false);
  CHECK_EQ(known(4), 0);
  // The end of a text goes before its beginning.
  add(7, 100, false);
  CHECK_EQ(known(1), 256);
  // What a sequence holds is not given up, and a passing text that is remembered for good stays.
  const PrefixCache::Beginning held = cache.Find(Ids(256, 1));
  add(8, 100, true);
  add(8, 120, false);
  add(9, 300, false);
  CHECK_EQ(known(1), 256);
  CHECK_EQ(known(8), 120);
}

// Two models with pages of different sizes: what one remembers makes room for the other, the oldest first.
TEST(ModelsShareABudget) {
  const KvFormat small = TinyFormat(KvType::kF16), large(KvType::kF16, 4, 1, 32);
  PageBudget budget;
  budget.Allow(4 * small.page_bytes());
  PrefixCache one_cache, other_cache;
  PagePool one(small, 2, budget), other(large, 1, budget);
  one.SetKeeper(&one_cache);
  other.SetKeeper(&other_cache);
  const auto add = [](PagePool& pool, PrefixCache& cache, int32_t id) {
    Sequence sequence(pool);
    CHECK(sequence.Reserve(100));
    sequence.Append(Ids(100, id));
    cache.Add(sequence, false);
  };
  const auto known = [](PrefixCache& cache, int32_t id) { return cache.Find(Ids(100, id)).tokens > 0; };
  for (const int32_t id : {1, 2, 3, 4, 5, 6}) add(one, one_cache, id);
  CHECK_EQ(budget.used(), 6 * small.page_bytes());
  add(other, other_cache, 7);  // a large page: the room for it is there
  CHECK_EQ(one_cache.pages(), size_t{6});
  add(other, other_cache, 8);
  CHECK(!known(one_cache, 1) && !known(one_cache, 2) && known(one_cache, 3));
  add(one, one_cache, 9);  // 4 was used longest ago, and 7 before 5
  CHECK(!known(one_cache, 4) && known(other_cache, 7));
  CHECK(budget.used() <= 8 * small.page_bytes());
}

TEST(BlocksComeOutOfPagesAndBackAsTheyWere) {
  test::Random random(11);
  for (const KvType type : {KvType::kF16, KvType::kQ8}) {
    const KvFormat format = TinyFormat(type);
    CHECK_EQ(format.block_bytes() * 4, format.page_bytes());
    std::vector<uint8_t> page(format.page_bytes()), copy(format.page_bytes()), block(format.block_bytes());
    for (uint8_t& byte : page) byte = static_cast<uint8_t>(random.Below(256));
    for (int position = 0; position < kSegmentKeys; position += kBlockTokens) {
      format.CopyOut(page.data(), position, block.data());
      format.CopyIn(copy.data(), position, block.data());
    }
    CHECK(page == copy);
    std::fill(copy.begin(), copy.end(), uint8_t{0});
    format.CopyBeginning(page.data(), kSegmentKeys, copy.data());
    CHECK(page == copy);
  }
}

// Every word, the length, and where zeros stand count.
TEST(ContentsThatDifferHaveOtherHashes) {
  test::Random random(3);
  std::vector<uint8_t> bytes(1000);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random.Below(256));
  std::vector<ContentHash> seen = {HashContent(bytes)};
  CHECK(HashContent(bytes) == seen[0]);
  for (size_t at = 0; at < bytes.size(); at += 13) {
    bytes[at] ^= 1;
    seen.push_back(HashContent(bytes));
    bytes[at] ^= 1;
  }
  for (const size_t size : {0, 1, 8, 63, 64, 65, 128}) seen.push_back(HashContent(std::vector<uint8_t>(size)));
  std::sort(seen.begin(), seen.end());
  CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
