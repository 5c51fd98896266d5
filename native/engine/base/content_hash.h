// A fast name for bytes, to tell models apart by all of their weights while they are loaded.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace paddock {

// Eight lanes of 64 bits, each over every eighth word, by steps that are one-to-one both in the state and in the word:
// bytes that differ in one word of a lane never have the same hash, and others only by a chance of 2^-64 a lane. Not
// against an adversary who looks for two contents with the same hash; put it into a cryptographic one with others.
using ContentHash = std::array<uint64_t, 8>;

ContentHash HashContent(std::span<const uint8_t> bytes);

}  // namespace paddock
