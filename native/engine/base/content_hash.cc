#include "base/content_hash.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

namespace paddock {
namespace {

constexpr size_t kStripe = 64;
// Odd, with irregular bits: primes near the golden ratio and the square root of 3.
constexpr uint64_t kFirst = 0x9e3779b97f4a7c55, kSecond = 0xbb67ae8584caa73b;

void Mix(const uint8_t* stripe, ContentHash* hash) {
  for (size_t lane = 0; lane < hash->size(); ++lane) {
    uint64_t word;
    std::memcpy(&word, stripe + 8 * lane, 8);
    (*hash)[lane] = std::rotl((*hash)[lane] + word * kSecond, 31) * kFirst;
  }
}

}  // namespace

ContentHash HashContent(std::span<const uint8_t> bytes) {
  ContentHash hash;
  for (size_t lane = 0; lane < hash.size(); ++lane) hash[lane] = (lane + 1) * kFirst;
  const uint64_t size = bytes.size();
  for (; bytes.size() >= kStripe; bytes = bytes.subspan(kStripe)) Mix(bytes.data(), &hash);
  // The rest, and the length, so that zeros at the end count.
  uint8_t last[kStripe] = {}, length[kStripe] = {};
  std::copy(bytes.begin(), bytes.end(), last);
  for (size_t at = 0; at < kStripe; at += 8) std::memcpy(length + at, &size, 8);
  Mix(last, &hash);
  Mix(length, &hash);
  return hash;
}

}  // namespace paddock
