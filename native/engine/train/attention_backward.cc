#include "train/attention_backward.h"

#include <algorithm>
#include <cstring>

#include "base/half.h"

namespace paddock {
namespace {

constexpr int kTile = 64;  // queries at a time

size_t PadTo64(int n) {
  return static_cast<size_t>((n + 63) / 64 * 64);
}

}  // namespace

void AttentionBackward::Take(Arena* arena) {
  const size_t dim = dim_, length = PadTo64(longest_);
  const size_t element = products_.element_bytes;
  arena->Take(&rows_, length * dim);
  arena->Take(&k_columns_, products_.PackedBytes(dim_, static_cast<int>(length)));
  arena->Take(&v_columns_, products_.PackedBytes(dim_, static_cast<int>(length)));
  arena->Take(&k_rows_, products_.PackedBytes(static_cast<int>(length), dim_));
  arena->Take(&p_, kTile * length);
  arena->Take(&ds_, kTile * length);
  arena->Take(&left_, kTile * std::max(length, dim) * element);
  arena->Take(&packed_, products_.PackedBytes(kTile, static_cast<int>(length)));
  arena->Take(&transposed_, dim * kTile);
  arena->Take(&dk_t_, dim * length);
  arena->Take(&dv_t_, dim * length);
}

void AttentionBackward::LoadKeys(const Args& args) {
  const size_t dim = dim_;
  const int padded = static_cast<int>(PadTo64(args.rows));
  const auto load = [&](const uint16_t* halves) {
    for (int i = 0; i < args.rows; ++i) {
      for (size_t c = 0; c < dim; ++c) rows_[i * dim + c] = HalfToFloat(halves[i * args.kv_stride + c]);
    }
    std::memset(rows_ + args.rows * dim, 0, (padded - args.rows) * dim * sizeof(float));
  };
  load(args.v);
  products_.pack_columns({rows_, dim, dim_, padded, 0, dim_, v_columns_});
  load(args.k);
  products_.pack_columns({rows_, dim, dim_, padded, 0, dim_, k_columns_});
  products_.pack_rows({rows_, dim, padded, dim_, 0, padded, k_rows_});
}

void AttentionBackward::AddTile(const Args& args, int first, int count) {
  const size_t dim = dim_, length = PadTo64(longest_);
  const size_t element = products_.element_bytes;
  const int keys = static_cast<int>(PadTo64(first + count)), padded = static_cast<int>(PadTo64(args.rows));
  const float* q = args.q + first * args.q_stride;
  const float* d_out = args.d_out + first * args.d_stride;

  const auto times_columns = [&](const float* rows, size_t stride, const uint8_t* columns, float* out) {
    for (int i = 0; i < count; ++i) {
      products_.convert(rows + i * stride, dim, left_ + i * dim * element);
      std::memset(out + i * length, 0, keys * sizeof(float));
    }
    products_.multiply({left_, dim, columns, dim_, count, dim_, keys, out, length});
  };
  times_columns(q, args.q_stride, k_columns_, p_);
  for (int i = 0; i < count; ++i) gradients_.softmax(p_ + i * length, first + i + 1, keys);
  times_columns(d_out, args.d_stride, v_columns_, ds_);
  for (int i = 0; i < count; ++i) gradients_.softmax_backward(p_ + i * length, keys, ds_ + i * length);

  // dk^T += q^T dS, dv^T += dout^T P: the few rows are transposed, not the many scores.
  const auto add_transposed = [&](const float* rows, size_t stride, const float* scores, float* out) {
    for (int i = 0; i < count; ++i) {
      for (size_t c = 0; c < dim; ++c) transposed_[c * kTile + i] = rows[i * stride + c];
    }
    for (size_t c = 0; c < dim; ++c) {
      for (int i = count; i < kTile; ++i) transposed_[c * kTile + i] = 0;
      products_.convert(transposed_ + c * kTile, kTile, left_ + c * kTile * element);
    }
    products_.pack_rows({scores, length, count, keys, 0, kTile, packed_});
    products_.multiply({left_, kTile, packed_, kTile, dim_, count, keys, out, length});
  };
  add_transposed(q, args.q_stride, ds_, dk_t_);
  add_transposed(d_out, args.d_stride, p_, dv_t_);

  for (int i = 0; i < count; ++i) {
    products_.convert(ds_ + i * length, static_cast<size_t>(keys), left_ + (i * keys) * element);
  }
  products_.multiply({left_, static_cast<size_t>(keys), k_rows_, padded, count, keys, dim_,
                      args.dq + first * args.out_stride, args.out_stride});
}

void AttentionBackward::Run(const Args& args) {
  const size_t dim = dim_, length = PadTo64(longest_);
  LoadKeys(args);
  std::memset(dk_t_, 0, dim * length * sizeof(float));
  std::memset(dv_t_, 0, dim * length * sizeof(float));
  for (int i = 0; i < args.rows; ++i) std::memset(args.dq + i * args.out_stride, 0, dim * sizeof(float));
  for (int first = 0; first < args.rows; first += kTile) AddTile(args, first, std::min(kTile, args.rows - first));
  for (int i = 0; i < args.rows; ++i) {
    const size_t at = i * args.out_stride;
    for (size_t c = 0; c < dim; ++c) {
      args.dk[at + c] = dk_t_[c * length + i];
      args.dv[at + c] = dv_t_[c * length + i];
    }
  }
}

}  // namespace paddock
