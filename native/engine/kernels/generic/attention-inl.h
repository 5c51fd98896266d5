// Attention of a few query rows to one segment of keys: scores, softmax, weighted sum of values.
//
// The G query heads that share a kv head, times the tokens of a batch, are the rows of two small matrix products, so
// each key and value is converted from half precision once for several rows. Per row the order of every float
// operation is fixed: it does not depend on the rows beside it.

constexpr int kKeyVectors = kKeyPanel / kLanes > 0 ? kKeyPanel / kLanes : 1;

// How keys and values of one KvType become floats, up to their scales.
struct KvHalf {
  using Element = uint16_t;
  static constexpr bool kScaled = false;
  static PADDOCK_INLINE Isa::F Load(const uint16_t* p) { return Isa::LoadHalf(p); }
};
struct KvByte {
  using Element = int8_t;
  static constexpr bool kScaled = true;
  static PADDOCK_INLINE Isa::F Load(const int8_t* p) { return Isa::LoadSignedBytes(p); }
};

// Scores of kRows queries and the keys of kCount panels from panel `p` on. Two panels share the broadcast queries,
// where one is a single vector: otherwise loading them would take as long as multiplying. kFirst: the segment's first
// tile. It prefetches the values of its keys, which are not cached yet, as ValueTile() prefetches the next segment's
// keys; memory is then busy in both halves of the work.
template <typename Kv, int kRows, bool kFirst, int kCount>
PADDOCK_INLINE void ScorePanels(const AttendArgs& a, int row, int p) {
  using Element = typename Kv::Element;
  constexpr int kColumnsPerLine = 64 / static_cast<int>(kKeyPanel * sizeof(Element));
  constexpr int kVectors = kCount * kKeyVectors;
  const float* q = a.q + static_cast<size_t>(row) * a.head_dim;
  const size_t panel_size = static_cast<size_t>(a.head_dim) * kKeyPanel;
  const int block = Kv::kScaled ? kKvBlock : a.head_dim;
  const Element* k = static_cast<const Element*>(a.k) + static_cast<size_t>(p) * panel_size;
  const Element* values = static_cast<const Element*>(a.v) + static_cast<size_t>(p) * panel_size;
  Isa::F s[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) s[r][v] = Isa::Zero();
  }
  for (int begin = 0; begin < a.head_dim; begin += block) {
    Isa::F part[kRows][kVectors];
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kVectors; ++v) part[r][v] = Isa::Zero();
    }
    for (int c = begin; c < begin + block; ++c) {
      if (kFirst && c % kColumnsPerLine == 0) {
        for (int i = 0; i < kCount; ++i) PADDOCK_FETCH(values + c * kKeyPanel + i * panel_size);
      }
      Isa::F key[kVectors];
      for (int v = 0; v < kVectors; ++v)
        key[v] = Kv::Load(k + v / kKeyVectors * panel_size + c * kKeyPanel + v % kKeyVectors * kLanes);
      PADDOCK_UNROLL(16)
      for (int r = 0; r < kRows; ++r) {
        const Isa::F x = Isa::Set1(q[static_cast<size_t>(r) * a.head_dim + c]);
        for (int v = 0; v < kVectors; ++v) part[r][v] = Isa::Fma(key[v], x, part[r][v]);
      }
    }
    for (int v = 0; v < kVectors; ++v) {
      if constexpr (Kv::kScaled) {
        const Isa::F scale = Isa::LoadHalf(a.k_scale + begin / kKvBlock * kSegmentKeys + p * kKeyPanel + v * kLanes);
        for (int r = 0; r < kRows; ++r) s[r][v] = Isa::Fma(part[r][v], scale, s[r][v]);
      } else {
        for (int r = 0; r < kRows; ++r) s[r][v] = part[r][v];
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      Isa::Store(a.scores + static_cast<size_t>(row + r) * kSegmentKeys + p * kKeyPanel + v * kLanes, s[r][v]);
    }
  }
}

template <typename Kv, int kRows, bool kFirst>
PADDOCK_INLINE void ScoreTile(const AttendArgs& a, int row, int panels) {
  constexpr int kAtOnce = kKeyVectors == 1 ? 2 : 1;
  int p = 0;
  for (; p + kAtOnce <= panels; p += kAtOnce) ScorePanels<Kv, kRows, kFirst, kAtOnce>(a, row, p);
  for (; p < panels; ++p) ScorePanels<Kv, kRows, kFirst, 1>(a, row, p);
}

// Turns the scores of a row into exp(score - max); keys the row may not see get exactly 0.
PADDOCK_INLINE void Softmax(const AttendArgs& a, int row, int keys) {
  float* s = a.scores + static_cast<size_t>(row) * kSegmentKeys;
  for (int i = a.valid[row]; i < keys; ++i) s[i] = -3.0e38f;
  Isa::F max = Isa::LoadF(s);
  for (int i = kLanes; i < keys; i += kLanes) max = Isa::Max(max, Isa::LoadF(s + i));
  const float largest = Isa::ReduceMax(max);
  Isa::F sum = Isa::Zero();
  for (int i = 0; i < keys; i += kLanes) {
    Isa::F e = Exp(Isa::Add(Isa::LoadF(s + i), Isa::Set1(-largest)));
    Isa::Store(s + i, e);
  }
  for (int i = a.valid[row]; i < keys; ++i) s[i] = 0.0f;
  for (int i = 0; i < keys; i += kLanes) sum = Isa::Add(sum, Isa::LoadF(s + i));
  a.max[row] = largest;
  a.sum[row] = ReduceAdd(sum);
}

// The columns of a tile lie within one kKvBlock. kFirst: asks for the keys of the next segment, as many in each tile.
template <typename Kv, int kRows, int kVectors, bool kFirst>
PADDOCK_INLINE void ValueTile(const AttendArgs& a, int row, int keys, int column) {
  static_assert(kVectors * kLanes <= kKvBlock);
  const auto* values = static_cast<const typename Kv::Element*>(a.v) + column;
  const float* weights = a.scores + static_cast<size_t>(row) * kSegmentKeys;
  alignas(64) float scaled[Kv::kScaled ? kRows * kSegmentKeys : 1];
  if constexpr (Kv::kScaled) {
    const uint16_t* scale = a.v_scale + column / kKvBlock * kSegmentKeys;
    for (int i = 0; i < keys; i += kLanes) {
      const Isa::F factor = Isa::LoadHalf(scale + i);
      for (int r = 0; r < kRows; ++r) {
        Isa::Store(scaled + r * kSegmentKeys + i, Isa::Mul(Isa::LoadF(weights + r * kSegmentKeys + i), factor));
      }
    }
    weights = scaled;
  }
  Isa::F o[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) o[r][v] = Isa::Zero();
  }
  // The last segment, which is hardly ever full, has no next one.
  const bool fetch = kFirst && keys == kSegmentKeys && a.next_k != nullptr;
  constexpr int kKeysPerLine = 64 / static_cast<int>(kVectors * kLanes * sizeof(typename Kv::Element));
  const auto* next =
      fetch ? static_cast<const typename Kv::Element*>(a.next_k) + static_cast<size_t>(kSegmentKeys * column) : nullptr;
  for (int i = 0; i < keys; ++i) {
    if (fetch && i % kKeysPerLine == 0) PADDOCK_FETCH(next + static_cast<size_t>(i) * kVectors * kLanes);
    Isa::F value[kVectors];
    for (int v = 0; v < kVectors; ++v) value[v] = Kv::Load(values + static_cast<size_t>(i) * a.head_dim + v * kLanes);
    PADDOCK_UNROLL(16)
    for (int r = 0; r < kRows; ++r) {
      const Isa::F p = Isa::Set1(weights[r * kSegmentKeys + i]);
      for (int v = 0; v < kVectors; ++v) o[r][v] = Isa::Fma(value[v], p, o[r][v]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      Isa::Store(a.o + static_cast<size_t>(row + r) * a.head_dim + column + v * kLanes, o[r][v]);
    }
  }
}

template <typename Kv, int kRows, bool kFirst>
PADDOCK_INLINE void ValueRows(const AttendArgs& a, int row, int keys) {
  int column = 0;
  for (; column + 2 * kLanes <= a.head_dim; column += 2 * kLanes) ValueTile<Kv, kRows, 2, kFirst>(a, row, keys, column);
  for (; column + kLanes <= a.head_dim; column += kLanes) ValueTile<Kv, kRows, 1, kFirst>(a, row, keys, column);
  if constexpr (!Kv::kScaled) {
    // Head sizes are multiples of 8; a table with wider lanes finishes in scalars.
    const auto* values = static_cast<const uint16_t*>(a.v);
    for (; column < a.head_dim; ++column) {
      for (int r = row; r < row + kRows; ++r) {
        float sum = 0;
        for (int i = 0; i < keys; ++i) {
          sum += a.scores[static_cast<size_t>(r) * kSegmentKeys + i] *
                 Isa::HalfToFloat(values[static_cast<size_t>(i) * a.head_dim + column]);
        }
        a.o[static_cast<size_t>(r) * a.head_dim + column] = sum;
      }
    }
  }
}

template <typename Kv, int kRows, bool kFirst>
PADDOCK_NOINLINE void AttendTile(const AttendArgs& a, int row) {
  int keys = 0;
  for (int r = row; r < row + kRows; ++r) keys = a.valid[r] > keys ? a.valid[r] : keys;
  const int panels = (keys + kKeyPanel - 1) / kKeyPanel;
  ScoreTile<Kv, kRows, kFirst>(a, row, panels);
  for (int r = row; r < row + kRows; ++r) Softmax(a, r, panels * kKeyPanel);
  ValueRows<Kv, kRows, kFirst>(a, row, keys);
}

template <typename Kv, int kRows>
PADDOCK_INLINE void AttendRows(const AttendArgs& a, int row) {
  if (row == 0) {
    AttendTile<Kv, kRows, true>(a, row);
  } else {
    AttendTile<Kv, kRows, false>(a, row);
  }
}

// The rows that are left over, at most kMost of them.
template <typename Kv, int kMost>
void AttendRest(const AttendArgs& a, int row) {
  if constexpr (kMost > 0) {
    if (a.rows - row == kMost) return AttendRows<Kv, kMost>(a, row);
    AttendRest<Kv, kMost - 1>(a, row);
  }
}

template <typename Kv>
void AttendAll(const AttendArgs& a) {
  int row = 0;
  for (; row + kAttendRows <= a.rows; row += kAttendRows) AttendRows<Kv, kAttendRows>(a, row);
  AttendRest<Kv, kAttendRows - 1>(a, row);
}

void Attend(const AttendArgs& a) {
  if (a.type == KvType::kQ8) return AttendAll<KvByte>(a);
  AttendAll<KvHalf>(a);
}

void Merge(float* max, float* sum, float* o, float segment_max, float segment_sum, const float* segment_o,
           int head_dim) {
  const float largest = *max > segment_max ? *max : segment_max;
  alignas(64) float scale[2 * kLanes] = {};
  scale[0] = *max - largest;
  scale[1] = segment_max - largest;
  Isa::Store(scale, Exp(Isa::LoadF(scale)));
  const float old_scale = scale[0], new_scale = scale[1];
  *max = largest;
  *sum = *sum * old_scale + segment_sum * new_scale;
  for (int i = 0; i < head_dim; ++i) o[i] = o[i] * old_scale + segment_o[i] * new_scale;
}
