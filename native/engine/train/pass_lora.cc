// The adapters' share of a pass: z = s A x (after dropout), y += B z, and back.
#include <cstring>

#include "train/pass_parts-inl.h"
#include "train/random.h"

namespace paddock {

bool TrainingPass::AnyLora(int layer, std::initializer_list<LoraTarget> targets) const {
  return std::any_of(targets.begin(), targets.end(), [&](LoraTarget t) { return lora_.Has(layer, t); });
}

// Columns begin .. end - 1 of a row of the adapter's input: kept and scaled up, or zero.
void TrainingPass::Drop(const Task& task, int layer, LoraTarget target, int row, int begin, int end, float* x) const {
  const LoraOptions& o = lora_.options();
  const uint64_t matrix = static_cast<uint64_t>(layer * kLoraTargets + static_cast<int>(target));
  const uint64_t key = MixKey(MixKey(o.seed, matrix), task.batch.number + static_cast<uint64_t>(row));
  const auto limit = static_cast<uint32_t>(static_cast<double>(o.dropout) * 4294967296.0);
  const float scale = 1.0f / (1.0f - o.dropout);
  for (int i = begin; i < end; ++i) x[i - begin] *= BitsAt(key, static_cast<uint64_t>(i)) < limit ? 0.0f : scale;
}

bool TrainingPass::LowRank(const Task& task, int layer, std::initializer_list<LoraTarget> targets, const float* x,
                           const Worker& worker) {
  if (!AnyLora(layer, targets)) return true;
  const int rank = lora_.options().rank, rows = task.batch.rows();
  const size_t low = LowStride();
  PerThread& mine = threads_[worker.index];
  const int blocks = (rows + kRowBlock - 1) / kRowBlock;
  const int pieces = blocks * static_cast<int>(targets.size());
  int packed = -1;  // the target whose A is at hand
  for (int piece; (piece = worker.Claim(pieces)) < pieces;) {
    const LoraTarget target = targets.begin()[piece / blocks];
    if (!lora_.Has(layer, target)) continue;
    const Lora::Pair& pair = lora_.At(layer, target);
    const size_t in = pair.in;
    if (packed != piece / blocks) {
      packed = piece / blocks;
      small_.pack_columns({lora_.values().data() + pair.a, in, pair.in, rank, 0, pair.in, mine.packed_a});
    }
    const int begin = piece % blocks * kRowBlock, count = std::min(kRowBlock, rows - begin);
    const float* input = x + begin * in;
    if (task.dropout) {
      std::memcpy(mine.block, input, count * in * sizeof(float));
      for (int i = 0; i < count; ++i) Drop(task, layer, target, begin + i, 0, pair.in, mine.block + i * in);
      input = mine.block;
    }
    float* out = kept_[layer].low[static_cast<int>(target)] + begin * low;
    std::memset(out, 0, count * low * sizeof(float));
    small_.multiply({input, in, mine.packed_a, pair.in, count, pair.in, rank, out, low});
    for (size_t i = 0; i < count * low; ++i) out[i] *= lora_.options().scale();
  }
  return worker.Sync();
}

// out[row][0 .. end - begin) += z B, of output rows begin .. end - 1.
void TrainingPass::AddLora(int layer, LoraTarget target, int rows, int begin, int end, float* out, size_t out_stride,
                           const Worker& worker) {
  if (!lora_.Has(layer, target)) return;
  const Lora::Pair& pair = lora_.At(layer, target);
  const int rank = lora_.options().rank;
  PerThread& mine = threads_[worker.index];
  small_.pack_rows({lora_.values().data() + pair.b + begin, static_cast<size_t>(pair.out), rank, end - begin, 0, rank,
                    mine.packed_b});
  small_.multiply({kept_[layer].low[static_cast<int>(target)], LowStride(), mine.packed_b, rank, rows, rank,
                   end - begin, out, out_stride});
}

// dz = s dy B^T, transposed into dlow_t_, and, unless dx is null, dx += dz A (through the dropout).
bool TrainingPass::LowRankBackward(const Task& task, int layer, LoraTarget target, const float* dy, float* dx,
                                   const Worker& worker) {
  if (!lora_.Has(layer, target)) return true;
  const Lora::Pair& pair = lora_.At(layer, target);
  const int rank = lora_.options().rank, rows = task.batch.rows(), t = static_cast<int>(target);
  const size_t low = LowStride(), in = pair.in, out = pair.out;
  const size_t stride = options_.max_rows;
  const float* z = kept_[layer].low[t];
  PerThread& mine = threads_[worker.index];
  bool packed = false;
  const int blocks = (rows + kRowBlock - 1) / kRowBlock;
  for (int block; (block = worker.Claim(blocks)) < blocks;) {
    if (!std::exchange(packed, true)) {
      small_.pack_columns({lora_.values().data() + pair.b, out, pair.out, rank, 0, pair.out, mine.packed_a});
      if (dx != nullptr) small_.pack_rows({lora_.values().data() + pair.a, in, rank, pair.in, 0, rank, mine.packed_b});
    }
    const int begin = block * kRowBlock, count = std::min(kRowBlock, rows - begin);
    std::memset(mine.low, 0, kRowBlock * low * sizeof(float));
    small_.multiply({dy + begin * out, out, mine.packed_a, pair.out, count, pair.out, rank, mine.low, low});
    for (int i = 0; i < count; ++i) {
      for (size_t r = 0; r < static_cast<size_t>(rank); ++r) {
        float& dz = mine.low[i * low + r];
        dz *= lora_.options().scale();
        const size_t at = r * stride + (begin + i);
        dlow_t_[t][at] = dz;
        low_t_[t][at] = z[(begin + i) * low + r];
      }
    }
    if (dx == nullptr) continue;
    float* to = dx + begin * in;
    if (!task.dropout) {
      small_.multiply({mine.low, low, mine.packed_b, rank, count, rank, pair.in, to, in});
      continue;
    }
    std::memset(mine.block, 0, count * in * sizeof(float));
    small_.multiply({mine.low, low, mine.packed_b, rank, count, rank, pair.in, mine.block, in});
    for (int i = 0; i < count; ++i) {
      float* row = mine.block + i * in;
      Drop(task, layer, target, begin + i, 0, pair.in, row);
      for (size_t j = 0; j < in; ++j) to[i * in + j] += row[j];
    }
  }
  return worker.Sync();
}

// dA += dz^T x, dB^T += z^T dy (z already holds s), some columns at a time, over all rows in order.
bool TrainingPass::AdapterGradients(const Task& task, int layer, LoraTarget target, const float* x, const float* dy,
                                    const Worker& worker) {
  if (!lora_.Has(layer, target)) return true;
  const Lora::Pair& pair = lora_.At(layer, target);
  const int rank = lora_.options().rank, rows = task.batch.rows(), t = static_cast<int>(target);
  const size_t stride = options_.max_rows;
  PerThread& mine = threads_[worker.index];
  const int in_slices = (pair.in + kSliceColumns - 1) / kSliceColumns;
  const int slices = in_slices + (pair.out + kSliceColumns - 1) / kSliceColumns;
  for (int slice; (slice = worker.Claim(slices)) < slices;) {
    const bool is_a = slice < in_slices;
    const int columns = is_a ? pair.in : pair.out;
    const int begin = (is_a ? slice : slice - in_slices) * kSliceColumns, n = std::min(kSliceColumns, columns - begin);
    const float* source = (is_a ? x : dy) + begin;
    size_t source_stride = columns;
    if (is_a && task.dropout) {
      for (int row = 0; row < rows; ++row) {
        float* to = mine.slice + static_cast<size_t>(row) * kSliceColumns;
        std::memcpy(to, source + row * source_stride, n * sizeof(float));
        Drop(task, layer, target, row, begin, begin + n, to);
      }
      source = mine.slice;
      source_stride = kSliceColumns;
    }
    small_.pack_rows({source, source_stride, rows, n, 0, rows, mine.packed_slice});
    small_.multiply({is_a ? dlow_t_[t] : low_t_[t], stride, mine.packed_slice, rows, rank, rows, n,
                     task.gradient->data() + (is_a ? pair.a : pair.b) + begin, static_cast<size_t>(columns)});
  }
  return worker.Sync();
}

}  // namespace paddock
