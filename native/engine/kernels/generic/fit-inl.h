// The search for the scales of quantized weights: see quant/fit_table.h.
//
// A fit tries several scales that bring the largest element near the end of the range. The codes that one gives have a
// best scale of their own, by least squares, whose error is known from two sums without looking at the elements again;
// the best of all is improved by turns of codes and least squares.

// Elements relative to the group's own size, so that no sum can leave the range of single precision.
struct RelativeGroups {
  int n;
  alignas(64) float x[kFitElements][kLanes];
  alignas(64) float w[kFitElements][kLanes];
  alignas(64) float wx[kFitElements][kLanes];
};

PADDOCK_INLINE Isa::F Negative(Isa::F v) {
  return Isa::Mul(v, Isa::Set1(-1.0f));
}
PADDOCK_INLINE Isa::F Minus(Isa::F a, Isa::F b) {
  return Isa::Add(a, Negative(b));
}
PADDOCK_INLINE Isa::F Magnitude(Isa::F v) {
  return Isa::Max(v, Negative(v));
}
PADDOCK_INLINE Isa::F Clamped(Isa::F v, Isa::F low, Isa::F high) {
  return Isa::Min(Isa::Max(Isa::Round(v), low), high);
}

// 1 / v, and 0 where v is as good as 0: half precision could not hold what belongs to it.
PADDOCK_INLINE Isa::F Inverse(Isa::F v) {
  const Isa::F tiny = Isa::Set1(1e-30f), one = Isa::Set1(1.0f);
  const Isa::F magnitude = Magnitude(v);
  return Isa::SelectGreater(magnitude, tiny, Isa::Div(one, Isa::SelectGreater(magnitude, tiny, v, one)), Isa::Zero());
}

PADDOCK_INLINE void MakeRelative(const FitGroups& g, int lane, Isa::F middle, Isa::F inverse, RelativeGroups* out) {
  out->n = g.n;
  for (int i = 0; i < g.n; ++i) {
    const Isa::F x = Isa::Mul(Minus(Isa::LoadF(g.x[i] + lane), middle), inverse), w = Isa::LoadF(g.w[i] + lane);
    Isa::Store(out->x[i], x);
    Isa::Store(out->w[i], w);
    Isa::Store(out->wx[i], Isa::Mul(w, x));
  }
}

// ---- x ~ scale * q ---------------------------------------------------------------------------------------------

struct BestScale {
  Isa::F gain, scale;
};

// Keeps the better of `best` and the least-squares scales for the levels that kCount inverse scales give: level(v) is
// the one nearest to v.
template <int kCount, typename Level>
PADDOCK_INLINE void TryScales(const RelativeGroups& g, const Isa::F (&inverse)[kCount], Level level, BestScale* best) {
  Isa::F qq[kCount], xq[kCount];
  PADDOCK_UNROLL(8)
  for (int t = 0; t < kCount; ++t) qq[t] = xq[t] = Isa::Zero();
  for (int i = 0; i < g.n; ++i) {
    const Isa::F x = Isa::LoadF(g.x[i]), w = Isa::LoadF(g.w[i]), wx = Isa::LoadF(g.wx[i]);
    PADDOCK_UNROLL(8)
    for (int t = 0; t < kCount; ++t) {
      const Isa::F q = level(Isa::Mul(x, inverse[t]));
      qq[t] = Isa::Add(qq[t], Isa::Mul(Isa::Mul(w, q), q));
      xq[t] = Isa::Add(xq[t], Isa::Mul(wx, q));
    }
  }
  PADDOCK_UNROLL(8)
  for (int t = 0; t < kCount; ++t) {
    // The error is the sum of w x^2 less this gain.
    const Isa::F scale = Isa::Mul(xq[t], Inverse(qq[t])), gain = Isa::Mul(xq[t], scale);
    best->scale = Isa::SelectGreater(gain, best->gain, scale, best->scale);
    best->gain = Isa::Max(gain, best->gain);
  }
}

// Turns of codes and least squares.
template <typename Level>
PADDOCK_INLINE void ImproveScale(const RelativeGroups& g, Level level, BestScale* best) {
  for (int turn = 0; turn < 2; ++turn) {
    const Isa::F again[1] = {Inverse(best->scale)};
    TryScales(g, again, level, best);
  }
}

// Makes each group's element of the largest magnitude 1; returns it.
PADDOCK_INLINE Isa::F RelativeToExtreme(const FitGroups& g, int lane, RelativeGroups* out) {
  Isa::F extreme = Isa::LoadF(g.x[0] + lane);
  for (int i = 1; i < g.n; ++i) {
    const Isa::F x = Isa::LoadF(g.x[i] + lane);
    extreme = Isa::SelectGreater(Magnitude(x), Magnitude(extreme), x, extreme);
  }
  MakeRelative(g, lane, Isa::Zero(), Inverse(extreme), out);
  return extreme;
}

PADDOCK_INLINE void FitScaleLanes(const FitGroups& g, int lane, int low, int high, float* out) {
  RelativeGroups relative;
  const Isa::F extreme = RelativeToExtreme(g, lane, &relative);
  const Isa::F lowest = Isa::Set1(static_cast<float>(low)), highest = Isa::Set1(static_cast<float>(high));
  const auto level = [&](Isa::F v) PADDOCK_LAMBDA { return Clamped(v, lowest, highest); };
  // Where the extreme comes to lie, beside either end of the range.
  static constexpr float kLow[8] = {-0.9f, -0.6f, -0.3f, 0.0f, 0.3f, 0.6f, 0.95f, 1.3f};
  static constexpr float kHigh[4] = {-0.6f, -0.2f, 0.25f, 0.7f};
  BestScale best{Isa::Zero(), Isa::Zero()};
  for (int first = 0; first < 8; first += 4) {
    Isa::F inverse[4];
    for (int t = 0; t < 4; ++t) inverse[t] = Isa::Set1(static_cast<float>(low) + kLow[first + t]);
    TryScales(relative, inverse, level, &best);
  }
  Isa::F inverse[4];
  for (int t = 0; t < 4; ++t) inverse[t] = Isa::Set1(static_cast<float>(high) + kHigh[t]);
  TryScales(relative, inverse, level, &best);
  ImproveScale(relative, level, &best);
  Isa::Store(out + lane, Isa::Mul(best.scale, extreme));
}

void FitScales(const FitGroups& g, int low, int high, float* scale) {
  for (int lane = 0; lane < kFitGroups; lane += kLanes) FitScaleLanes(g, lane, low, high, scale);
}

// ---- x ~ scale * kIq4NlCodebook[q] ---------------------------------------------------------------------------------

// values[q] for the q whose level is the nearest to v.
PADDOCK_INLINE Isa::F AtNearestLevel(Isa::F v, const float* values) {
  Isa::F out = Isa::Set1(values[0]);
  PADDOCK_UNROLL(16)
  for (int q = 1; q < 16; ++q) {
    const float border = 0.5f * static_cast<float>(kIq4NlCodebook[q - 1] + kIq4NlCodebook[q]);
    out = Isa::SelectGreater(v, Isa::Set1(border), Isa::Set1(values[q]), out);
  }
  return out;
}

void FitUnevenScales(const FitGroups& g, float* out) {
  float levels[16];
  for (int q = 0; q < 16; ++q) levels[q] = static_cast<float>(kIq4NlCodebook[q]);
  const auto level = [&](Isa::F v) PADDOCK_LAMBDA { return AtNearestLevel(v, levels); };
  // Where the extreme comes to lie, around either end of the levels.
  static constexpr float kPlaces[12] = {-142, -134, -127, -120, -112, -104, 92, 100, 106, 113, 120, 128};
  for (int lane = 0; lane < kFitGroups; lane += kLanes) {
    RelativeGroups relative;
    const Isa::F extreme = RelativeToExtreme(g, lane, &relative);
    BestScale best{Isa::Zero(), Isa::Zero()};
    for (int first = 0; first < 12; first += 4) {
      Isa::F inverse[4];
      for (int t = 0; t < 4; ++t) inverse[t] = Isa::Set1(kPlaces[first + t]);
      TryScales(relative, inverse, level, &best);
    }
    ImproveScale(relative, level, &best);
    Isa::Store(out + lane, Isa::Mul(best.scale, extreme));
  }
}

void FitUnevenCodes(const FitGroups& g, const float* scale, int8_t (*code)[kFitGroups]) {
  static constexpr float kNumbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  for (int lane = 0; lane < kFitGroups; lane += kLanes) {
    const Isa::F inverse = Inverse(Isa::LoadF(scale + lane));
    for (int i = 0; i < g.n; ++i)
      Isa::StoreRounded8(AtNearestLevel(Isa::Mul(Isa::LoadF(g.x[i] + lane), inverse), kNumbers), code[i] + lane);
  }
}

// ---- x ~ scale * q + offset --------------------------------------------------------------------------------------
// In terms of the middle: x ~ scale * k + center with k = q - levels / 2, so that sums stay small and well apart.

struct BestLine {
  Isa::F gain, scale, center;
};

struct LineSums {
  Isa::F w, x;  // of the weights, and of what they weigh
};

// Keeps the better of `best` and the least-squares lines for the codes of kCount inverse scales and centers.
template <int kCount>
PADDOCK_INLINE void TryLines(const RelativeGroups& g, const LineSums& sums, const Isa::F (&inverse)[kCount],
                             const Isa::F (&center)[kCount], float half, Isa::F limit, BestLine* best) {
  const Isa::F middle = Isa::Set1(half), zero = Isa::Zero(), levels = Isa::Set1(2 * half);
  Isa::F k1[kCount], kk[kCount], xk[kCount], shift[kCount];
  PADDOCK_UNROLL(8)
  for (int t = 0; t < kCount; ++t) {
    k1[t] = kk[t] = xk[t] = zero;
    shift[t] = Minus(middle, Isa::Mul(center[t], inverse[t]));
  }
  for (int i = 0; i < g.n; ++i) {
    const Isa::F x = Isa::LoadF(g.x[i]), w = Isa::LoadF(g.w[i]), wx = Isa::LoadF(g.wx[i]);
    PADDOCK_UNROLL(8)
    for (int t = 0; t < kCount; ++t) {
      const Isa::F k = Minus(Clamped(Isa::Add(Isa::Mul(x, inverse[t]), shift[t]), zero, levels), middle);
      const Isa::F wk = Isa::Mul(w, k);
      k1[t] = Isa::Add(k1[t], wk);
      kk[t] = Isa::Add(kk[t], Isa::Mul(wk, k));
      xk[t] = Isa::Add(xk[t], Isa::Mul(wx, k));
    }
  }
  const Isa::F per_weight = Inverse(sums.w);
  // What the mean alone explains; the gain of a line is what it explains beyond that.
  const Isa::F by_mean = Isa::Mul(Isa::Mul(sums.x, sums.x), per_weight);
  PADDOCK_UNROLL(8)
  for (int t = 0; t < kCount; ++t) {
    const Isa::F mean = Isa::Mul(k1[t], per_weight);
    const Isa::F variance = Minus(kk[t], Isa::Mul(mean, k1[t]));
    const Isa::F covariance = Minus(xk[t], Isa::Mul(mean, sums.x));
    Isa::F scale = Isa::Max(Isa::Mul(covariance, Inverse(variance)), zero);
    Isa::F gain = Isa::Mul(scale, covariance);
    Isa::F middle_of = Isa::Mul(Minus(sums.x, Isa::Mul(scale, k1[t])), per_weight);
    // A line whose offset is above the limit: the best one through the limit, in terms of y = x - limit and q.
    const Isa::F above = Minus(Minus(middle_of, Isa::Mul(scale, middle)), limit);
    const Isa::F y1 = Minus(sums.x, Isa::Mul(limit, sums.w));
    const Isa::F yq = Isa::Add(Minus(xk[t], Isa::Mul(limit, k1[t])), Isa::Mul(middle, y1));
    const Isa::F qq =
        Isa::Add(kk[t], Isa::Mul(middle, Isa::Add(Isa::Mul(Isa::Set1(2.0f), k1[t]), Isa::Mul(middle, sums.w))));
    const Isa::F bound = Isa::Max(Isa::Mul(yq, Inverse(qq)), zero);
    // sum w x^2 - sum w (y - bound q)^2 - by_mean, with sum w x^2 - sum w y^2 = limit (2 sums.x - limit sums.w).
    const Isa::F bound_gain = Minus(Isa::Add(Isa::Mul(bound, yq), Isa::Mul(limit, Isa::Add(sums.x, y1))), by_mean);
    gain = Isa::SelectGreater(above, zero, bound_gain, gain);
    scale = Isa::SelectGreater(above, zero, bound, scale);
    middle_of = Isa::SelectGreater(above, zero, Isa::Add(limit, Isa::Mul(bound, middle)), middle_of);
    best->scale = Isa::SelectGreater(gain, best->gain, scale, best->scale);
    best->center = Isa::SelectGreater(gain, best->gain, middle_of, best->center);
    best->gain = Isa::Max(gain, best->gain);
  }
}

PADDOCK_INLINE void FitLineLanes(const FitGroups& g, int lane, int levels, bool below, float* out_scale,
                                 float* out_offset) {
  Isa::F low = Isa::LoadF(g.x[0] + lane), high = low;
  for (int i = 1; i < g.n; ++i) {
    const Isa::F x = Isa::LoadF(g.x[i] + lane);
    low = Isa::Min(low, x);
    high = Isa::Max(high, x);
  }
  if (below) low = Isa::Min(low, Isa::Zero());
  const float half = 0.5f * static_cast<float>(levels);
  const Isa::F middle = Isa::Mul(Isa::Add(low, high), Isa::Set1(0.5f)), reach = Minus(high, middle);
  const Isa::F inverse_reach = Inverse(reach);
  RelativeGroups relative;
  MakeRelative(g, lane, middle, inverse_reach, &relative);
  LineSums sums{Isa::Zero(), Isa::Zero()};
  for (int i = 0; i < relative.n; ++i) {
    sums.w = Isa::Add(sums.w, Isa::LoadF(relative.w[i]));
    sums.x = Isa::Add(sums.x, Isa::LoadF(relative.wx[i]));
  }
  const Isa::F limit = below ? Negative(Isa::Mul(middle, inverse_reach)) : Isa::Set1(1e6f);
  // Elements lie in [-1, 1] now; the range of the codes reaches a little further, or leaves the ends out. The first one
  // has a level less, so that elements which come from half as many levels find each of theirs again.
  static constexpr float kReach[8] = {-1.0f, -0.4f, 0.1f, 0.5f, 0.9f, 1.4f, 2.0f, 2.8f};
  BestLine best{Isa::Set1(-1.0f), Isa::Set1(1.0f / half), Isa::Zero()};
  for (int first = 0; first < 8; first += 4) {
    Isa::F inverse[4], center[4];
    for (int t = 0; t < 4; ++t) {
      const float steps = half + 0.5f * kReach[first + t];
      inverse[t] = Isa::Set1(steps);
      center[t] = Isa::Set1(first + t == 0 ? 0.5f / steps : 0.0f);
    }
    TryLines(relative, sums, inverse, center, half, limit, &best);
  }
  for (int turn = 0; turn < 3; ++turn) {
    const Isa::F inverse[1] = {Inverse(best.scale)}, center[1] = {best.center};
    TryLines(relative, sums, inverse, center, half, limit, &best);
  }
  const Isa::F scale = Isa::Mul(best.scale, reach);
  const Isa::F offset = Isa::Add(middle, Isa::Mul(Minus(best.center, Isa::Mul(best.scale, Isa::Set1(half))), reach));
  // Where all elements are alike there is no scale to find.
  const Isa::F spread = Magnitude(inverse_reach);
  Isa::Store(out_scale + lane, Isa::SelectGreater(spread, Isa::Zero(), scale, Isa::Zero()));
  Isa::Store(out_offset + lane, Isa::SelectGreater(spread, Isa::Zero(), offset, low));
}

void FitLines(const FitGroups& g, int levels, bool below, float* scale, float* offset) {
  for (int lane = 0; lane < kFitGroups; lane += kLanes) FitLineLanes(g, lane, levels, below, scale, offset);
}

// ---- with given scales ------------------------------------------------------------------------------------------

void FitErrors(const FitGroups& g, const float* scale, const float* offset, int low, int high, float* error) {
  const Isa::F lowest = Isa::Set1(static_cast<float>(low)), highest = Isa::Set1(static_cast<float>(high));
  for (int lane = 0; lane < kFitGroups; lane += kLanes) {
    const Isa::F s = Isa::LoadF(scale + lane), o = Isa::LoadF(offset + lane), inverse = Inverse(s);
    Isa::F sum = Isa::Zero();
    for (int i = 0; i < g.n; ++i) {
      const Isa::F y = Minus(Isa::LoadF(g.x[i] + lane), o);
      const Isa::F e = Minus(y, Isa::Mul(s, Clamped(Isa::Mul(y, inverse), lowest, highest)));
      sum = Isa::Add(sum, Isa::Mul(Isa::Mul(Isa::LoadF(g.w[i] + lane), e), e));
    }
    Isa::Store(error + lane, sum);
  }
}

void FitCodes(const FitGroups& g, const float* scale, const float* offset, int low, int high,
              int8_t (*code)[kFitGroups]) {
  const Isa::F lowest = Isa::Set1(static_cast<float>(low)), highest = Isa::Set1(static_cast<float>(high));
  for (int lane = 0; lane < kFitGroups; lane += kLanes) {
    const Isa::F o = Isa::LoadF(offset + lane), inverse = Inverse(Isa::LoadF(scale + lane));
    for (int i = 0; i < g.n; ++i) {
      const Isa::F y = Minus(Isa::LoadF(g.x[i] + lane), o);
      Isa::StoreRounded8(Clamped(Isa::Mul(y, inverse), lowest, highest), code[i] + lane);
    }
  }
}

void WidenHalves(const uint16_t* half, int n, float* out) {
  for (int i = 0; i < n; i += kLanes) Isa::Store(out + i, Isa::LoadHalf(half + i));
}

const FitTable kFits = {
    .scales = FitScales,
    .lines = FitLines,
    .uneven_scales = FitUnevenScales,
    .uneven_codes = FitUnevenCodes,
    .errors = FitErrors,
    .codes = FitCodes,
    .widen = WidenHalves,
};
