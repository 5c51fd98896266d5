// Attention of a few query rows to one segment of keys: scores, softmax, weighted sum of values.
//
// The G query heads that share a kv head, times the tokens of a batch, are the rows of two small matrix products, so
// each key and value is converted from half precision once for several rows. Per row the order of every float
// operation is fixed: it does not depend on the rows beside it.

constexpr int kRowTile = 6;
constexpr int kKeyVectors = kKeyPanel / kLanes > 0 ? kKeyPanel / kLanes : 1;

template <int kRows>
PADDOCK_INLINE void ScoreTile(const AttendArgs& a, int row, int panels) {
  const float* q = a.q + static_cast<size_t>(row) * a.head_dim;
  for (int p = 0; p < panels; ++p) {
    const uint16_t* k = a.k + static_cast<size_t>(p) * a.head_dim * kKeyPanel;
    Isa::F s[kRows][kKeyVectors];
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kKeyVectors; ++v) s[r][v] = Isa::Zero();
    }
    for (int c = 0; c < a.head_dim; ++c) {
      Isa::F key[kKeyVectors];
      for (int v = 0; v < kKeyVectors; ++v) key[v] = Isa::LoadHalf(k + c * kKeyPanel + v * kLanes);
      PADDOCK_UNROLL(8)
      for (int r = 0; r < kRows; ++r) {
        const Isa::F x = Isa::Set1(q[static_cast<size_t>(r) * a.head_dim + c]);
        for (int v = 0; v < kKeyVectors; ++v) s[r][v] = Isa::Fma(key[v], x, s[r][v]);
      }
    }
    for (int r = 0; r < kRows; ++r) {
      for (int v = 0; v < kKeyVectors; ++v) {
        Isa::Store(a.scores + static_cast<size_t>(row + r) * kSegmentKeys + p * kKeyPanel + v * kLanes, s[r][v]);
      }
    }
  }
}

// Turns the scores of a row into exp(score - max); keys the row may not see get exactly 0.
PADDOCK_INLINE void Softmax(const AttendArgs& a, int row, int keys) {
  float* s = a.scores + static_cast<size_t>(row) * kSegmentKeys;
  for (int i = a.valid[row]; i < keys; ++i) s[i] = -3.0e38f;
  Isa::F max = Isa::LoadF(s);
  for (int i = kLanes; i < keys; i += kLanes) max = Isa::Max(max, Isa::LoadF(s + i));
  const float largest = ReduceMax(max);
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

template <int kRows, int kVectors>
PADDOCK_INLINE void ValueTile(const AttendArgs& a, int row, int keys, int column) {
  Isa::F o[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) o[r][v] = Isa::Zero();
  }
  const float* s = a.scores + static_cast<size_t>(row) * kSegmentKeys;
  for (int i = 0; i < keys; ++i) {
    Isa::F value[kVectors];
    for (int v = 0; v < kVectors; ++v)
      value[v] = Isa::LoadHalf(a.v + static_cast<size_t>(i) * a.head_dim + column + v * kLanes);
    PADDOCK_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      const Isa::F p = Isa::Set1(s[r * kSegmentKeys + i]);
      for (int v = 0; v < kVectors; ++v) o[r][v] = Isa::Fma(value[v], p, o[r][v]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      Isa::Store(a.o + static_cast<size_t>(row + r) * a.head_dim + column + v * kLanes, o[r][v]);
    }
  }
}

template <int kRows>
PADDOCK_INLINE void ValueRows(const AttendArgs& a, int row, int keys) {
  int column = 0;
  for (; column + 2 * kLanes <= a.head_dim; column += 2 * kLanes) ValueTile<kRows, 2>(a, row, keys, column);
  for (; column + kLanes <= a.head_dim; column += kLanes) ValueTile<kRows, 1>(a, row, keys, column);
  // Head sizes are multiples of 8; a table with wider lanes finishes in scalars.
  for (; column < a.head_dim; ++column) {
    for (int r = row; r < row + kRows; ++r) {
      float sum = 0;
      for (int i = 0; i < keys; ++i) {
        sum += a.scores[static_cast<size_t>(r) * kSegmentKeys + i] *
               Isa::HalfToFloat(a.v[static_cast<size_t>(i) * a.head_dim + column]);
      }
      a.o[static_cast<size_t>(r) * a.head_dim + column] = sum;
    }
  }
}

template <int kRows>
void AttendRows(const AttendArgs& a, int row) {
  int keys = 0;
  for (int r = row; r < row + kRows; ++r) keys = a.valid[r] > keys ? a.valid[r] : keys;
  const int panels = (keys + kKeyPanel - 1) / kKeyPanel;
  ScoreTile<kRows>(a, row, panels);
  for (int r = row; r < row + kRows; ++r) Softmax(a, r, panels * kKeyPanel);
  ValueRows<kRows>(a, row, keys);
}

void Attend(const AttendArgs& a) {
  int row = 0;
  for (; row + kRowTile <= a.rows; row += kRowTile) AttendRows<kRowTile>(a, row);
  switch (a.rows - row) {
    case 5: return AttendRows<5>(a, row);
    case 4: return AttendRows<4>(a, row);
    case 3: return AttendRows<3>(a, row);
    case 2: return AttendRows<2>(a, row);
    case 1: return AttendRows<1>(a, row);
    default: return;
  }
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
