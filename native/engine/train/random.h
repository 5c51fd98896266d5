// Random numbers by position: element i of stream `key` is always the same, whoever asks and in which order. Dropout
// can so be applied again in the backward pass without having been stored.
#pragma once

#include <cstdint>

namespace paddock {

// The finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
inline uint64_t Mix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// A stream of its own for each pair of numbers.
inline uint64_t MixKey(uint64_t key, uint64_t number) {
  return Mix64(key ^ Mix64(number));
}

// 32 random bits.
inline uint32_t BitsAt(uint64_t key, uint64_t i) {
  return static_cast<uint32_t>(Mix64(key + i) >> 32);
}

// Uniform in [0, 1), a multiple of 2^-24.
inline float UniformAt(uint64_t key, uint64_t i) {
  return static_cast<float>(BitsAt(key, i) >> 8) * 0x1p-24f;
}

}  // namespace paddock
