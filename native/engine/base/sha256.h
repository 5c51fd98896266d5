// SHA-256, written from the specification (FIPS 180-4, sections 4.1.2, 5 and 6.2).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace paddock {

class Sha256 {
 public:
  using Digest = std::array<uint8_t, 32>;

  void Add(std::span<const uint8_t> bytes);
  // The object is spent afterwards.
  Digest Finish();

 private:
  void Compress(const uint8_t* block);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> pending_{};
  size_t pending_bytes_ = 0;
  uint64_t total_bytes_ = 0;
};

std::string ToHex(std::span<const uint8_t> bytes);

}  // namespace paddock
