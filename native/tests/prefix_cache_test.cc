// What prefixes are kept in and named by: the tree of blocks, and the hashes.
#include "runtime/prefix_cache.h"

#include <algorithm>
#include <cstring>
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

// Against a list of chains that is searched from end to end.
TEST(TreeHoldsWhatANaiveModelHolds) {
  constexpr uint64_t kBlock = 4096;
  constexpr size_t kCapacity = 23;
  test::Random random(5);
  PrefixCache cache(kCapacity * (kBlock + 1024), kBlock);
  const auto stamp = [](std::span<const int32_t> ids, int position) {
    uint32_t sum = 7;
    for (const int32_t id : ids.first(static_cast<size_t>(position) + kBlockTokens))
      sum = sum * 31 + static_cast<uint32_t>(id);
    return sum;
  };
  std::vector<Ids> naive;  // every block that is held, as all tokens up to its end, most recently used first
  const auto use = [&](const Ids& ids, bool add) {
    std::vector<Ids> chain;
    for (size_t end = kBlockTokens; end <= ids.size(); end += kBlockTokens) {
      Ids prefix(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(end));
      const auto at = std::find(naive.begin(), naive.end(), prefix);
      if (at == naive.end()) break;
      chain.push_back(prefix);
      naive.erase(at);
    }
    naive.insert(naive.begin(), chain.begin(), chain.end());
    while (add && chain.size() < ids.size() / kBlockTokens) {
      if (naive.size() == kCapacity && chain.size() == kCapacity) break;
      if (naive.size() == kCapacity) naive.pop_back();
      chain.emplace_back(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>((chain.size() + 1) * kBlockTokens));
      naive.insert(naive.begin() + static_cast<std::ptrdiff_t>(chain.size()) - 1, chain.back());
    }
    return chain.size();
  };
  for (int round = 0; round < 3000; ++round) {
    // Few different blocks, so that chains share beginnings; sometimes longer than the whole budget.
    Ids ids;
    const int blocks = random.Below(round % 50 == 0 ? 30 : 7);
    for (int i = 0; i < blocks; ++i) ids.insert(ids.end(), kBlockTokens, random.Below(3));
    ids.insert(ids.end(), static_cast<size_t>(random.Below(64)), 1);
    const bool add = random.Below(2) == 0;
    int filled = 0;
    const auto chain = add ? cache.Add(ids,
                                       [&](int position, uint8_t* out) {
                                         ++filled;
                                         const uint32_t mark = stamp(ids, position);
                                         std::memcpy(out, &mark, 4);
                                       })
                           : cache.Find(ids);
    CHECK_EQ(chain.size(), use(ids, add));
    for (size_t i = 0; i < chain.size(); ++i) {
      uint32_t mark;
      std::memcpy(&mark, chain[i]->data(), 4);
      CHECK_EQ(mark, stamp(ids, static_cast<int>(i) * kBlockTokens));
    }
    CHECK_EQ(cache.blocks(), naive.size());
    CHECK(cache.bytes() <= kCapacity * (kBlock + 1024));
    CHECK(add || filled == 0);
  }
  cache.Clear();
  CHECK_EQ(cache.blocks(), size_t{0});
  CHECK(PrefixCache(kBlock, kBlock).Add(Ids(64), [](int, uint8_t*) {}).empty());
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
