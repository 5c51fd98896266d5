// Panel formats: how `kLanes` weight rows lie side by side, and how a block of them becomes unsigned codes.
//
// A panel holds kLanes rows as a sequence of blocks. Inside a block the quants are groups of four consecutive columns
// per row, kLanes * 4 bytes: lane r of a vector holds columns 4g .. 4g+3 of row r. A dot product with the same four
// activations broadcast to every lane then needs no shuffle. Nibbles and bit planes keep the pairing of the file
// (column 32a + i with 32b + i), so packing moves whole bytes and the panel is as large as the rows in the file.
//
// Included inside a kernel namespace after its Isa.

constexpr int kLanes = Isa::kLanes;
constexpr int kGroup = kLanes * 4;  // bytes of one vector of codes

// Groups of four bytes of one row to their lane, kGroup apart.
template <int kCount>
PADDOCK_INLINE void SpreadGroups(const uint8_t* source, uint8_t* lane) {
  PADDOCK_UNROLL(32)
  for (int i = 0; i < kCount; ++i) memcpy(lane + i * kGroup, source + 4 * i, 4);
}

// Fetches a block that is unpacked after all tokens were multiplied with the ones before it. Into the second level: the
// first is used up by then.
PADDOCK_INLINE void FetchNextColumns(const void* block, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 64) PADDOCK_FETCH_FAR(static_cast<const uint8_t*>(block) + i);
}

// ---- blocks of 256 columns, integer scales -------------------------------------------------------------------

struct FormatQ4_K {
  static constexpr int kBits = 4, kScaleColumns = 32;
  static constexpr bool kHasMin = true;
  static constexpr int kZero = 0;
  struct Block {
    uint8_t q[4][8][kGroup];  // [pair of runs][group]: run 2j low nibble, 2j + 1 high
    uint8_t scale[8][kLanes], min[8][kLanes];
    uint16_t d[kLanes], dmin[kLanes];
  };
  static constexpr int RunLow(int j) { return 2 * j; }
  static constexpr int RunHigh(int j) { return 2 * j + 1; }
  static PADDOCK_INLINE void Codes(const Block& b, int j, int g, Isa::I* low, Isa::I* high) {
    const Isa::I v = Isa::Load(b.q[j][g]), mask = Isa::Bytes(15);
    *low = Isa::And(v, mask);
    *high = Isa::And(Isa::template ShiftRight16<4>(v), mask);
  }
  static PADDOCK_INLINE Isa::I Scale(const Block& b, int s) { return Isa::ScaleU8(b.scale[s]); }
  static PADDOCK_INLINE Isa::I SumPair(const Block& b, int i) { return Isa::PairU8(b.min[2 * i], b.min[2 * i + 1]); }
  static void PackRow(const uint8_t* source, int row, Block* b) {
    const BlockQ4_K& s = *reinterpret_cast<const BlockQ4_K*>(source);
    b->d[row] = s.d;
    b->dmin[row] = s.dmin;
    for (int r = 0; r < 8; ++r) UnpackScaleMin(s.scales, r, &b->scale[r][row], &b->min[r][row]);
    SpreadGroups<32>(s.q, &b->q[0][0][4 * row]);
  }
};

struct FormatQ5_K {
  static constexpr int kBits = 5, kScaleColumns = 32;
  static constexpr bool kHasMin = true;
  static constexpr int kZero = 0;
  struct Block {
    uint8_t q[4][8][kGroup];
    uint8_t high[8][kGroup];  // [group], bit r: fifth bit of run r
    uint8_t scale[8][kLanes], min[8][kLanes];
    uint16_t d[kLanes], dmin[kLanes];
  };
  static constexpr int RunLow(int j) { return 2 * j; }
  static constexpr int RunHigh(int j) { return 2 * j + 1; }
  static PADDOCK_INLINE void Codes(const Block& b, int j, int g, Isa::I* low, Isa::I* high) {
    const Isa::I v = Isa::Load(b.q[j][g]), h = Isa::Load(b.high[g]), mask = Isa::Bytes(15), bit = Isa::Bytes(16);
    *low = Isa::Or(Isa::And(v, mask), Isa::And(Isa::ShiftTo4(h, 2 * j), bit));
    *high = Isa::Or(Isa::And(Isa::template ShiftRight16<4>(v), mask), Isa::And(Isa::ShiftTo4(h, 2 * j + 1), bit));
  }
  static PADDOCK_INLINE Isa::I Scale(const Block& b, int s) { return Isa::ScaleU8(b.scale[s]); }
  static PADDOCK_INLINE Isa::I SumPair(const Block& b, int i) { return Isa::PairU8(b.min[2 * i], b.min[2 * i + 1]); }
  static void PackRow(const uint8_t* source, int row, Block* b) {
    const BlockQ5_K& s = *reinterpret_cast<const BlockQ5_K*>(source);
    b->d[row] = s.d;
    b->dmin[row] = s.dmin;
    for (int r = 0; r < 8; ++r) UnpackScaleMin(s.scales, r, &b->scale[r][row], &b->min[r][row]);
    SpreadGroups<32>(s.q, &b->q[0][0][4 * row]);
    SpreadGroups<8>(s.high, &b->high[0][4 * row]);
  }
};

struct FormatQ6_K {
  static constexpr int kBits = 6, kScaleColumns = 16;
  static constexpr bool kHasMin = false;
  static constexpr int kZero = 32;
  // Whole vectors, so that no load of a later block lies across two cache lines.
  struct alignas(kGroup) Block {
    uint8_t low[4][8][kGroup];   // [2 * half + a][group]: run 4 half + a low nibble, + 2 high nibble
    uint8_t high[2][8][kGroup];  // [half][group], bits 2t, 2t + 1: top bits of run 4 half + t
    int8_t scale[16][kLanes];
    uint16_t d[kLanes];
  };
  static constexpr int RunLow(int j) { return 4 * (j / 2) + j % 2; }
  static constexpr int RunHigh(int j) { return RunLow(j) + 2; }
  static PADDOCK_INLINE void Codes(const Block& b, int j, int g, Isa::I* low, Isa::I* high) {
    const Isa::I v = Isa::Load(b.low[j][g]), h = Isa::Load(b.high[j / 2][g]), mask = Isa::Bytes(15),
                 bits = Isa::Bytes(48);
    const int t = j % 2;
    *low = Isa::Or(Isa::And(v, mask), Isa::And(Isa::ShiftTo4(h, 2 * t), bits));
    *high = Isa::Or(Isa::And(Isa::template ShiftRight16<4>(v), mask), Isa::And(Isa::ShiftTo4(h, 2 * t + 4), bits));
  }
  static PADDOCK_INLINE Isa::I Scale(const Block& b, int s) { return Isa::ScaleI8(b.scale[s]); }
  static PADDOCK_INLINE Isa::I SumPair(const Block& b, int i) {
    return Isa::PairI8(b.scale[2 * i], b.scale[2 * i + 1]);
  }
  static void PackRow(const uint8_t* source, int row, Block* b) {
    const BlockQ6_K& s = *reinterpret_cast<const BlockQ6_K*>(source);
    b->d[row] = s.d;
    for (int r = 0; r < 16; ++r) b->scale[r][row] = s.scales[r];
    SpreadGroups<32>(s.low, &b->low[0][0][4 * row]);
    SpreadGroups<16>(s.high, &b->high[0][0][4 * row]);
  }
};

// ---- blocks of 32 columns, one float scale -------------------------------------------------------------------
// Group g (0 .. 7) is columns 4g .. 4g+3; groups 4 .. 7 are the high nibbles of the bytes of groups 0 .. 3.

PADDOCK_INLINE Isa::I Nibble(const uint8_t* q, int g) {
  const Isa::I v = Isa::Load(q);
  return Isa::And(g < 4 ? v : Isa::template ShiftRight16<4>(v), Isa::Bytes(15));
}

// The minima of a block's rows, last in the block; no byte where the type has none, so that blocks are as large as the
// rows in the file and, where these fill cache lines, begin at one.
template <bool kMin>
struct Minima {};
template <>
struct Minima<true> {
  uint16_t m[kLanes];
};

// Scales of a block's rows, and minima where the type has them. A base of blocks, so that no byte is left where it has
// none: a block is then as large as its rows in the file, half a cache line longer than whole ones at most.
template <bool kMin>
struct RowScales {
  uint16_t d[kLanes];
};
template <>
struct RowScales<true> {
  uint16_t d[kLanes], m[kLanes];
};

template <typename Source, bool kMin>
struct FormatNibble {
  static constexpr int kBits = 4, kZero = kMin ? 0 : 8;
  static constexpr bool kHasMin = kMin;
  struct Quants {
    uint8_t q[4][kGroup];
  };
  struct Block : Quants, RowScales<kMin> {};
  static_assert(sizeof(Block) == kLanes * sizeof(Source));
  static PADDOCK_INLINE Isa::I Code(const Block& b, int g) { return Nibble(b.q[g % 4], g); }
  static void PackRow(const uint8_t* source, int row, Block* b) {
    const Source& s = *reinterpret_cast<const Source*>(source);
    b->d[row] = s.d;
    if constexpr (kMin) b->m[row] = s.m;
    SpreadGroups<4>(s.q, &b->q[0][4 * row]);
  }
};

using FormatQ4_0 = FormatNibble<BlockQ4_0, false>;
using FormatQ4_1 = FormatNibble<BlockQ4_1, true>;

// Bits 0, 4, 8 .. 28 side by side.
PADDOCK_INLINE uint8_t EveryFourthBit(uint32_t bits) {
  bits &= 0x11111111;
  bits = (bits | bits >> 3) & 0x03030303;
  bits = (bits | bits >> 6) & 0x000f000f;
  return static_cast<uint8_t>(bits | bits >> 12);
}

template <typename Source, bool kMin>
struct FormatNibbleAndBit {
  static constexpr int kBits = 5, kZero = kMin ? 0 : 16;
  static constexpr bool kHasMin = kMin;
  struct Quants {
    uint8_t q[4][kGroup];
    uint8_t high[kGroup];  // byte i of a row, bit g: fifth bit of column 4g + i
  };
  struct Block : Quants, RowScales<kMin> {};
  static_assert(sizeof(Block) == kLanes * sizeof(Source));
  static PADDOCK_INLINE Isa::I Code(const Block& b, int g) {
    return Isa::Or(Nibble(b.q[g % 4], g), Isa::And(Isa::ShiftTo4(Isa::Load(b.high), g), Isa::Bytes(16)));
  }
  static void PackRow(const uint8_t* source, int row, Block* b) {
    const Source& s = *reinterpret_cast<const Source*>(source);
    b->d[row] = s.d;
    if constexpr (kMin) b->m[row] = s.m;
    SpreadGroups<4>(s.q, &b->q[0][4 * row]);
    uint32_t high;
    memcpy(&high, s.high, 4);
    for (int i = 0; i < 4; ++i) b->high[4 * row + i] = EveryFourthBit(high >> i);
  }
};

using FormatQ5_0 = FormatNibbleAndBit<BlockQ5_0, false>;
using FormatQ5_1 = FormatNibbleAndBit<BlockQ5_1, true>;

struct PackedLevels {
  alignas(16) uint8_t byte[16];
  constexpr PackedLevels() : byte() {
    for (int i = 0; i < 16; ++i) byte[i] = static_cast<uint8_t>(kIq4NlCodebook[i] + Isa::kSignedOffset);
  }
};
constexpr PackedLevels kPackedLevels;

// Nibbles that number sixteen uneven levels; from there on they are signed bytes like those of Q8_0.
struct FormatIQ4_NL {
  static constexpr int kBits = 8, kZero = Isa::kSignedOffset;
  static constexpr bool kHasMin = false;
  struct Block {
    uint8_t q[4][kGroup];
    uint16_t d[kLanes];
  };
  static_assert(sizeof(Block) == kLanes * sizeof(BlockIQ4_NL));
  static PADDOCK_INLINE Isa::I Code(const Block& b, int g) {
    return Isa::Lookup(kPackedLevels.byte, Nibble(b.q[g % 4], g));
  }
  static void PackRow(const uint8_t* source, int row, Block* b) {
    const BlockIQ4_NL& s = *reinterpret_cast<const BlockIQ4_NL*>(source);
    b->d[row] = s.d;
    SpreadGroups<4>(s.q, &b->q[0][4 * row]);
  }
};

// Signed bytes. Where the instruction set multiplies unsigned by signed, 128 is added when packing.
struct FormatQ8_0 {
  static constexpr int kBits = 8, kZero = Isa::kSignedOffset;
  static constexpr bool kHasMin = false;
  struct Block {
    uint8_t q[8][kGroup];
    uint16_t d[kLanes];
  };
  static_assert(sizeof(Block) == kLanes * sizeof(BlockQ8_0));
  static PADDOCK_INLINE Isa::I Code(const Block& b, int g) { return Isa::Load(b.q[g]); }
  static void PackRow(const uint8_t* source, int row, Block* b) {
    const BlockQ8_0& s = *reinterpret_cast<const BlockQ8_0*>(source);
    b->d[row] = s.d;
    static_assert(Isa::kSignedOffset == 0 || Isa::kSignedOffset == 128);
    constexpr uint32_t kTopBits = Isa::kSignedOffset == 0 ? 0 : 0x80808080;  // adding 128 to a byte flips its top bit
    for (int g = 0; g < 8; ++g) {
      uint32_t codes;
      memcpy(&codes, s.q + 4 * g, 4);
      codes ^= kTopBits;
      memcpy(&b->q[g][4 * row], &codes, 4);
    }
  }
};
