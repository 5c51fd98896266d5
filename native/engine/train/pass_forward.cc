// The layers forward. The order of every float operation is that of model/forward.cc.
#include <cmath>
#include <cstring>

#include "model/rope.h"
#include "train/pass_parts-inl.h"

namespace paddock {

void TrainingPass::Multiply(const PanelMatrix& w, int rows, int panel_begin, int panel_end, float* out,
                            size_t out_stride, const Worker& worker) const {
  kernels_.matmul(w.type, {w.panels, w.panel_stride, w.columns, panel_begin, panel_end, rows, quantized_.At(w, 0), out,
                           out_stride, threads_[worker.index].scratch});
}

bool TrainingPass::ForwardLayer(const Task& task, int layer, const Worker& worker) {
  return ForwardAttention(task, layer, worker) && ForwardFeedForward(task, layer, worker);
}

bool TrainingPass::ForwardAttention(const Task& task, int layer, const Worker& worker) {
  const LayerWeights& w = weights_.layers[layer];
  const LayerState& kept = kept_[layer];
  const TrainingBatch& batch = task.batch;
  const size_t embedding = h_.embedding, q_rows = h_.q_rows();
  const int rows = batch.rows();
  ForEachRow(worker, rows, [&](size_t row) {
    std::memcpy(kept.x_in + row * embedding, x_ + row * embedding, embedding * sizeof(float));
    float* normalized = normalized_ + row * embedding;
    kernels_.rms_norm(x_ + row * embedding, w.attention_norm.data(), h_.embedding, h_.norm_epsilon, normalized);
    quantized_.Set(kernels_, row, normalized, h_.embedding, {&w.wq, &w.wk, &w.wv});
  });
  if (!worker.Sync()) return false;
  if (!LowRank(task, layer, {LoraTarget::kQ, LoraTarget::kK, LoraTarget::kV}, normalized_, worker)) return false;

  const int heads = h_.heads + 2 * h_.kv_heads;
  for (int head; (head = worker.Claim(heads)) < heads;) ProjectHead(task, layer, head, worker);
  if (!worker.Sync()) return false;

  // A piece is some tokens of one sample and one kv head; the last ones see the most keys and are begun first.
  std::vector<std::pair<int, int>> blocks;
  for (int s = batch.size() - 1; s >= 0; --s) {
    const int count = batch.begin[s + 1] - batch.begin[s];
    for (int i = (count - 1) / kAttendTokens; i >= 0; --i) blocks.emplace_back(s, i * kAttendTokens);
  }
  const int pieces = static_cast<int>(blocks.size()) * h_.kv_heads;
  for (int piece; (piece = worker.Claim(pieces)) < pieces;) {
    const auto [s, first] = blocks[piece / h_.kv_heads];
    const int kv_head = piece % h_.kv_heads, begin = batch.begin[s];
    const size_t at = (begin + first) * q_rows + (kv_head * h_.group() * h_.head_dim);
    AttendTokens(kernels_, cache_,
                 {0,
                  kv_head,
                  h_.group(),
                  h_.head_dim,
                  batch.cache_begin[s],
                  first,
                  std::min(kAttendTokens, batch.begin[s + 1] - begin - first),
                  {kept.q + at, q_rows},
                  {attended_ + at, q_rows}},
                 threads_[worker.index].attend);
  }
  if (!worker.Sync()) return false;

  ForEachRow(worker, rows, [&](size_t row) {
    const float* attended = attended_ + row * q_rows;
    if (kept.attended != nullptr) std::memcpy(kept.attended + row * q_rows, attended, q_rows * sizeof(float));
    quantized_.Set(kernels_, row, attended, h_.q_rows(), {&w.wo});
  });
  if (!worker.Sync()) return false;
  if (!LowRank(task, layer, {LoraTarget::kO}, attended_, worker)) return false;
  return AddProduct(task, layer, LoraTarget::kO, w.wo, worker);
}

// Makes of a head of q, which is changed, what attention takes: normalized, rotated and scaled.
void TrainingPass::FinishQuery(const LayerWeights& w, size_t row, float* head, float* out) const {
  const size_t half = h_.rope_dim / 2;
  if (!w.q_norm.empty()) kernels_.rms_norm(head, w.q_norm.data(), h_.head_dim, h_.norm_epsilon, head);
  Rotate(h_, cos_ + row * half, sin_ + row * half, head);
  const float scale = 1.0f / std::sqrt(static_cast<float>(h_.head_dim));
  for (int j = 0; j < h_.head_dim; ++j) out[j] = head[j] * scale;
}

// One head of q, k or v of all rows: product, adapter, bias, norm, rotation, and its place for attention and the
// backward pass.
void TrainingPass::ProjectHead(const Task& task, int layer, int head, const Worker& worker) {
  const LayerWeights& w = weights_.layers[layer];
  const LayerState& kept = kept_[layer];
  const bool is_q = head < h_.heads, is_k = !is_q && head < h_.heads + h_.kv_heads;
  const PanelMatrix& matrix = is_q ? w.wq : is_k ? w.wk : w.wv;
  const std::vector<float>& bias = is_q ? w.bq : is_k ? w.bk : w.bv;
  const LoraTarget target = is_q ? LoraTarget::kQ : is_k ? LoraTarget::kK : LoraTarget::kV;
  const int index = is_q ? head : is_k ? head - h_.heads : head - h_.heads - h_.kv_heads;
  const bool normed = h_.architecture->qk_norm;
  const int dim = h_.head_dim, panels = dim / kernels_.lanes, rows = task.batch.rows();
  const size_t stride = dim, half = h_.rope_dim / 2;
  const size_t q_rows = h_.q_rows(), kv_rows = h_.kv_rows();
  PerThread& mine = threads_[worker.index];
  Multiply(matrix, rows, index * panels, (index + 1) * panels, mine.tile, stride, worker);
  AddLora(layer, target, rows, index * dim, (index + 1) * dim, mine.tile, stride, worker);
  for (int s = 0; s < task.batch.size(); ++s) {
    const int begin = task.batch.begin[s], end = task.batch.begin[s + 1];
    for (int i = begin; i < end; ++i) {
      const size_t row = i;
      float* x = mine.tile + row * stride;
      if (!bias.empty()) {
        for (int j = 0; j < dim; ++j) x[j] += bias[index * dim + j];
      }
      if (is_q) {
        const size_t at = row * q_rows + (index * dim);
        if (normed) std::memcpy(kept.q_in + at, x, stride * sizeof(float));
        FinishQuery(w, row, x, kept.q + at);
        continue;
      }
      if (is_k && normed) {
        std::memcpy(kept.k_in + row * kv_rows + index * dim, x, stride * sizeof(float));
        kernels_.rms_norm(x, w.k_norm.data(), dim, h_.norm_epsilon, x);
      }
      if (is_k) Rotate(h_, cos_ + row * half, sin_ + row * half, x);
      kernels_.to_half(x, dim, mine.half);
      std::memcpy((is_k ? kept.k : kept.v) + row * kv_rows + index * dim, mine.half, stride * sizeof(uint16_t));
      const int position = task.batch.cache_begin[s] + i - begin;
      if (is_k) {
        cache_.StoreKey(0, index, position, mine.half, nullptr);
      } else {
        cache_.StoreValue(0, index, position, mine.half, nullptr);
      }
    }
  }
}

bool TrainingPass::ForwardFeedForward(const Task& task, int layer, const Worker& worker) {
  const LayerWeights& w = weights_.layers[layer];
  const LayerState& kept = kept_[layer];
  const size_t embedding = h_.embedding, ff = h_.ffn;
  const int rows = task.batch.rows();
  PerThread& mine = threads_[worker.index];
  ForEachRow(worker, rows, [&](size_t row) {
    std::memcpy(kept.x_mid + row * embedding, x_ + row * embedding, embedding * sizeof(float));
    float* normalized = normalized_ + row * embedding;
    kernels_.rms_norm(x_ + row * embedding, w.ffn_norm.data(), h_.embedding, h_.norm_epsilon, normalized);
    quantized_.Set(kernels_, row, normalized, h_.embedding, {&w.gate, &w.up});
  });
  if (!worker.Sync()) return false;
  if (!LowRank(task, layer, {LoraTarget::kGate, LoraTarget::kUp}, normalized_, worker)) return false;

  ForEachChunk(w.gate, worker, [&](int begin, int end) {
    const int first = begin * kernels_.lanes, last = std::min(end * kernels_.lanes, h_.ffn);
    const size_t stride = (end - begin) * kernels_.lanes;
    Multiply(w.gate, rows, begin, end, mine.tile, stride, worker);
    Multiply(w.up, rows, begin, end, mine.tile2, stride, worker);
    AddLora(layer, LoraTarget::kGate, rows, first, last, mine.tile, stride, worker);
    AddLora(layer, LoraTarget::kUp, rows, first, last, mine.tile2, stride, worker);
    for (size_t row = 0; row < static_cast<size_t>(rows); ++row) {
      float *gate = mine.tile + row * stride, *up = mine.tile2 + row * stride;
      const size_t at = row * ff + first;
      kernels_.to_half(gate, last - first, kept.gate + at);
      kernels_.to_half(up, last - first, kept.up + at);
      kernels_.silu_multiply(gate, up, last - first);
      std::memcpy(ffn_ + at, gate, (last - first) * sizeof(float));
    }
  });
  if (!worker.Sync()) return false;

  ForEachRow(worker, rows, [&](size_t row) { quantized_.Set(kernels_, row, ffn_ + row * ff, h_.ffn, {&w.down}); });
  if (!worker.Sync()) return false;
  if (!LowRank(task, layer, {LoraTarget::kDown}, ffn_, worker)) return false;
  return AddProduct(task, layer, LoraTarget::kDown, w.down, worker);
}

// x += the product of the quantized rows, and the adapter's.
bool TrainingPass::AddProduct(const Task& task, int layer, LoraTarget target, const PanelMatrix& w,
                              const Worker& worker) {
  const int rows = task.batch.rows();
  PerThread& mine = threads_[worker.index];
  ForEachChunk(w, worker, [&](int begin, int end) {
    const int first = begin * kernels_.lanes, last = std::min(end * kernels_.lanes, w.rows);
    const size_t stride = (end - begin) * kernels_.lanes;
    Multiply(w, rows, begin, end, mine.tile, stride, worker);
    AddLora(layer, target, rows, first, last, mine.tile, stride, worker);
    for (size_t row = 0; row < static_cast<size_t>(rows); ++row) {
      float* x = x_ + row * h_.embedding + first;
      const float* y = mine.tile + row * stride;
      for (int j = 0; j < last - first; ++j) x[j] += y[j];
    }
  });
  return worker.Sync();
}

}  // namespace paddock
