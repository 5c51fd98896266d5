// CRC-32C (Castagnoli): the checksum of RFC 3720, appendix B.4.
#pragma once

#include <cstdint>
#include <span>

namespace paddock {

uint32_t Crc32c(std::span<const uint8_t> bytes);

}  // namespace paddock
