// Hash tables in one block of memory, for vocabularies: a hundred thousand nodes of a std::unordered_map would take
// several times the memory of what they hold. Open addressing with linear probing; nothing is ever removed.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

namespace paddock {

// Slots for this many entries: a power of two, at most four fifths full.
inline size_t FlatSlots(size_t entries) {
  return std::bit_ceil(entries + entries / 4 + 1);
}

// The number that hashes of this process depend on. Without it a file could bring a vocabulary whose entries all want
// the same slot, and reading it would take the square of its length.
inline uint64_t HashSeed() {
  static const uint64_t seed = [] {
    std::random_device random;
    return static_cast<uint64_t>(random()) << 32 | random();
  }();
  return seed;
}

// One-to-one; every bit of the result depends on every bit of `x`.
inline uint64_t Scramble(uint64_t x) {
  x = (x ^ (x >> 32)) * 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
  return x ^ (x >> 32);
}

inline uint64_t HashText(std::string_view text, uint64_t seed) {
  uint64_t hash = seed ^ text.size();
  for (; text.size() >= 8; text.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, text.data(), 8);
    hash = Scramble(hash + word);
  }
  uint64_t last = 0;
  if (!text.empty()) std::memcpy(&last, text.data(), text.size());
  return Scramble(hash + last);
}

// From texts to numbers. The texts stay with the caller: `text_of(number)` must give what was added.
template <typename TextOf>
class TextIndex {
 public:
  TextIndex(size_t entries, TextOf text_of) : text_of_(text_of), slots_(FlatSlots(entries), kNone) {}
  static uint64_t MemoryBytes(size_t entries) { return FlatSlots(entries) * sizeof(int32_t); }

  // At most as many as were promised. The first of equal texts stays.
  void Add(int32_t number) {
    int32_t& slot = slots_[Slot(text_of_(number))];
    if (slot == kNone) slot = number;
  }
  // -1 when it is not there.
  int32_t Find(std::string_view text) const { return slots_[Slot(text)]; }

  static constexpr int32_t kNone = -1;

 private:
  size_t Slot(std::string_view text) const {
    size_t at = static_cast<size_t>(HashText(text, seed_)) & (slots_.size() - 1);
    while (slots_[at] != kNone && text_of_(slots_[at]) != text) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  TextOf text_of_;
  std::vector<int32_t> slots_;
  uint64_t seed_ = HashSeed();
};

// From pairs of token ids to what they merge into.
class MergeTable {
 public:
  struct Merge {
    int32_t rank, result;
  };

  // For at most this many pairs.
  void Reserve(size_t entries) { slots_.assign(FlatSlots(entries), {kNone, {}}); }
  static uint64_t MemoryBytes(size_t entries) { return FlatSlots(entries) * sizeof(Slot); }

  // The first of equal pairs stays. Ids are not negative.
  void Add(int32_t left, int32_t right, Merge merge) {
    const uint64_t key = Key(left, right);
    Slot& slot = slots_[At(key)];
    if (slot.key == kNone) slot = {key, merge};
  }
  // nullptr when the pair does not merge.
  const Merge* Find(int32_t left, int32_t right) const {
    const Slot& slot = slots_[At(Key(left, right))];
    return slot.key == kNone ? nullptr : &slot.merge;
  }

 private:
  static constexpr uint64_t kNone = ~uint64_t{0};
  struct Slot {
    uint64_t key;
    Merge merge;
  };

  static uint64_t Key(int32_t left, int32_t right) {
    return static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
  }
  size_t At(uint64_t key) const {
    size_t at = static_cast<size_t>(Scramble(key + seed_)) & (slots_.size() - 1);
    while (slots_[at].key != kNone && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  std::vector<Slot> slots_;
  uint64_t seed_ = HashSeed();
};

}  // namespace paddock
