// The layers backward: dx_ comes in as the derivative by a layer's output and leaves as the one by its input.
#include <cmath>
#include <cstring>

#include "model/rope.h"
#include "train/pass_parts-inl.h"

namespace paddock {

bool TrainingPass::BackwardLayer(const Task& task, int layer, const Worker& worker) {
  if (options_.checkpoints) {
    const size_t embedding = h_.embedding;
    ForEachRow(worker, task.batch.rows(), [&](size_t row) {
      std::memcpy(x_ + row * embedding, kept_[layer].x_in + row * embedding, embedding * sizeof(float));
    });
    if (!worker.Sync() || !ForwardLayer(task, layer, worker)) return false;
  }
  return BackwardFeedForward(task, layer, worker) && BackwardAttention(task, layer, worker) &&
         BackwardProjections(task, layer, worker);
}

// dx = (or +=) left W.
bool TrainingPass::Back(const PanelMatrix& w, const uint8_t* left, bool add, float* dx, int rows,
                        const Worker& worker) {
  transposed_.Run(w, left, static_cast<size_t>(Padded(w.rows)), rows, add, dx, static_cast<size_t>(w.columns), worker,
                  threads_[worker.index].tiles);
  return worker.Sync();
}

bool TrainingPass::BackwardFeedForward(const Task& task, int layer, const Worker& worker) {
  const LayerWeights& w = weights_.layers[layer];
  const LayerState& kept = kept_[layer];
  const size_t embedding = h_.embedding, ff = h_.ffn;
  const size_t element = products_.element_bytes;
  const size_t embedding_left = Padded(h_.embedding) * element;
  const size_t ff_left = Padded(h_.ffn) * element;
  const int rows = task.batch.rows();
  const bool down = lora_.Has(layer, LoraTarget::kDown);
  const bool inputs = AnyLora(layer, {LoraTarget::kGate, LoraTarget::kUp});

  ForEachRow(worker, rows,
             [&](size_t row) { products_.convert(dx_ + row * embedding, embedding, left_ + row * embedding_left); });
  if (!worker.Sync() || !Back(w.down, left_, false, dffn_, rows, worker)) return false;
  if (!LowRankBackward(task, layer, LoraTarget::kDown, dx_, dffn_, worker)) return false;

  ForEachRow(worker, rows, [&](size_t row) {
    const size_t at = row * ff;
    gradients_.silu_backward(kept.gate + at, kept.up + at, h_.ffn, dffn_ + at, dup_ + at, down ? ffn_ + at : nullptr);
    products_.convert(dffn_ + at, ff, left_ + row * ff_left);
    products_.convert(dup_ + at, ff, left2_ + row * ff_left);
    if (inputs) {
      kernels_.rms_norm(kept.x_mid + row * embedding, w.ffn_norm.data(), h_.embedding, h_.norm_epsilon,
                        normalized_ + row * embedding);
    }
  });
  if (!worker.Sync()) return false;
  if (!AdapterGradients(task, layer, LoraTarget::kDown, ffn_, dx_, worker)) return false;
  if (!Back(w.gate, left_, false, dnormalized_, rows, worker)) return false;
  if (!Back(w.up, left2_, true, dnormalized_, rows, worker)) return false;
  for (const LoraTarget target : {LoraTarget::kGate, LoraTarget::kUp}) {
    const float* dy = target == LoraTarget::kGate ? dffn_ : dup_;
    if (!LowRankBackward(task, layer, target, dy, dnormalized_, worker)) return false;
    if (!AdapterGradients(task, layer, target, normalized_, dy, worker)) return false;
  }

  ForEachRow(worker, rows, [&](size_t row) {
    gradients_.rms_norm_backward(kept.x_mid + row * embedding, w.ffn_norm.data(), dnormalized_ + row * embedding,
                                 h_.embedding, h_.norm_epsilon, dx_ + row * embedding);
    products_.convert(dx_ + row * embedding, embedding, left_ + row * embedding_left);
  });
  return worker.Sync();
}

// d, the derivative by a normalized head, becomes the one by the head.
void TrainingPass::NormBack(const float* head, const std::vector<float>& norm, float* d, const Worker& worker) {
  const size_t size = h_.head_dim * sizeof(float);
  float* dy = threads_[worker.index].row;
  std::memcpy(dy, d, size);
  std::memset(d, 0, size);
  gradients_.rms_norm_backward(head, norm.data(), dy, h_.head_dim, h_.norm_epsilon, d);
}

// Attention of one head over one sample: dq, and this head's part of dk and dv.
void TrainingPass::BackwardHead(const Task& task, int layer, int sample, int head, const Worker& worker) {
  const LayerState& kept = kept_[layer];
  const std::vector<int>& rows = task.batch.begin;
  const size_t dim = h_.head_dim, q_rows = h_.q_rows(), kv_rows = h_.kv_rows(), begin = rows[sample];
  const size_t q_at = begin * q_rows + head * dim, kv_at = begin * kv_rows + head / h_.group() * dim;
  PerThread& mine = threads_[worker.index];
  for (size_t row = begin, end = rows[sample + 1]; h_.architecture->qk_norm && row < end; ++row) {
    const size_t at = row * q_rows + head * dim;
    std::memcpy(mine.row, kept.q_in + at, dim * sizeof(float));
    FinishQuery(weights_.layers[layer], row, mine.row, kept.q + at);
  }
  mine.attention->Run({rows[sample + 1] - rows[sample], kept.q + q_at, kept.k + kv_at, kept.v + kv_at, attended_ + q_at,
                       dq_ + q_at, dk_heads_ + q_at, dv_heads_ + q_at, q_rows, kv_rows, q_rows, q_rows});
}

// One row of dq, dk and dv through scale, rotation and head norms, to the outputs of the projections.
void TrainingPass::BackwardRotation(int layer, size_t row, const Worker& worker) {
  const LayerWeights& w = weights_.layers[layer];
  const LayerState& kept = kept_[layer];
  const size_t dim = h_.head_dim, q_rows = h_.q_rows(), kv_rows = h_.kv_rows(), half = h_.rope_dim / 2;
  const size_t group = h_.group(), kv_heads = h_.kv_heads;
  const bool normed = h_.architecture->qk_norm;
  const float *c = cos_ + row * half, *s = sin_ + row * half;
  const float scale = 1.0f / std::sqrt(static_cast<float>(h_.head_dim));
  float* dq = dq_ + row * q_rows;
  for (size_t i = 0; i < q_rows; ++i) dq[i] *= scale;
  for (size_t i = 0; i < q_rows; i += dim) {
    Rotate<RotationSense::kBackward>(h_, c, s, dq + i);
    if (normed) NormBack(kept.q_in + row * q_rows + i, w.q_norm, dq + i, worker);
  }
  // The query heads of a group share its key and value.
  for (size_t kv = 0; kv < kv_heads; ++kv) {
    float *dk = dk_ + row * kv_rows + kv * dim, *dv = dv_ + row * kv_rows + kv * dim;
    const size_t first = row * q_rows + kv * group * dim;
    std::memcpy(dk, dk_heads_ + first, dim * sizeof(float));
    std::memcpy(dv, dv_heads_ + first, dim * sizeof(float));
    for (size_t g = 1; g < group; ++g) {
      for (size_t i = 0; i < dim; ++i) {
        dk[i] += dk_heads_[first + g * dim + i];
        dv[i] += dv_heads_[first + g * dim + i];
      }
    }
    Rotate<RotationSense::kBackward>(h_, c, s, dk);
    if (normed) NormBack(kept.k_in + row * kv_rows + kv * dim, w.k_norm, dk, worker);
  }
}

bool TrainingPass::BackwardAttention(const Task& task, int layer, const Worker& worker) {
  const LayerWeights& w = weights_.layers[layer];
  const LayerState& kept = kept_[layer];
  const size_t embedding = h_.embedding, q_rows = h_.q_rows(), kv_rows = h_.kv_rows();
  const size_t element = products_.element_bytes;
  const int rows = task.batch.rows();

  if (!Back(w.wo, left_, false, attended_, rows, worker)) return false;
  if (!LowRankBackward(task, layer, LoraTarget::kO, dx_, attended_, worker)) return false;
  if (!AdapterGradients(task, layer, LoraTarget::kO, kept.attended, dx_, worker)) return false;

  worker.ForEach(task.batch.size() * h_.heads,
                 [&](int piece) { BackwardHead(task, layer, piece / h_.heads, piece % h_.heads, worker); });
  if (!worker.Sync()) return false;

  const size_t q_left = Padded(h_.q_rows()) * element, kv_left = Padded(h_.kv_rows()) * element;
  const bool inputs = AnyLora(layer, {LoraTarget::kQ, LoraTarget::kK, LoraTarget::kV});
  ForEachRow(worker, rows, [&](size_t row) {
    BackwardRotation(layer, row, worker);
    products_.convert(dq_ + row * q_rows, q_rows, left_ + row * q_left);
    products_.convert(dk_ + row * kv_rows, kv_rows, left2_ + row * kv_left);
    products_.convert(dv_ + row * kv_rows, kv_rows, left3_ + row * kv_left);
    if (inputs) {
      kernels_.rms_norm(kept.x_in + row * embedding, w.attention_norm.data(), h_.embedding, h_.norm_epsilon,
                        normalized_ + row * embedding);
    }
  });
  return worker.Sync();
}

// Through q, k and v to the layer's input; of the first layer with adapters only what those need.
bool TrainingPass::BackwardProjections(const Task& task, int layer, const Worker& worker) {
  const LayerWeights& w = weights_.layers[layer];
  const LayerState& kept = kept_[layer];
  const size_t embedding = h_.embedding;
  const int rows = task.batch.rows();
  const bool go_on = layer > lora_.options().first_layer;
  if (go_on) {
    if (!Back(w.wq, left_, false, dnormalized_, rows, worker)) return false;
    if (!Back(w.wk, left2_, true, dnormalized_, rows, worker)) return false;
    if (!Back(w.wv, left3_, true, dnormalized_, rows, worker)) return false;
  }
  for (const LoraTarget target : {LoraTarget::kQ, LoraTarget::kK, LoraTarget::kV}) {
    const float* dy = target == LoraTarget::kQ ? dq_ : target == LoraTarget::kK ? dk_ : dv_;
    if (!LowRankBackward(task, layer, target, dy, go_on ? dnormalized_ : nullptr, worker)) return false;
    if (!AdapterGradients(task, layer, target, normalized_, dy, worker)) return false;
  }
  if (!go_on) return true;
  ForEachRow(worker, rows, [&](size_t row) {
    gradients_.rms_norm_backward(kept.x_in + row * embedding, w.attention_norm.data(), dnormalized_ + row * embedding,
                                 h_.embedding, h_.norm_epsilon, dx_ + row * embedding);
  });
  return worker.Sync();
}

}  // namespace paddock
