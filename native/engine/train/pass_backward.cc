// The layers backward: dx_ comes in as the derivative by a layer's output and leaves as the one by its input.
#include <cmath>
#include <cstring>

#include "model/rope.h"
#include "train/pass_parts-inl.h"

namespace paddock {

bool TrainingPass::BackwardLayer(const Task& task, int layer, const Worker& worker) {
  if (options_.checkpoints) {
    const size_t hidden = h_.hidden;
    EachRow(worker, task.batch.rows(), [&](size_t row) {
      std::memcpy(x_ + row * hidden, kept_[layer].x_in + row * hidden, hidden * sizeof(float));
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
  const size_t hidden = h_.hidden, ff = h_.feed_forward;
  const size_t element = products_.element_bytes;
  const size_t hidden_left = (Padded(h_.hidden)) * element;
  const size_t ff_left = (Padded(h_.feed_forward)) * element;
  const int rows = task.batch.rows();
  const bool down = lora_.Has(layer, LoraTarget::kDown);
  const bool inputs = AnyLora(layer, {LoraTarget::kGate, LoraTarget::kUp});

  EachRow(worker, rows, [&](size_t row) { products_.convert(dx_ + row * hidden, hidden, left_ + row * hidden_left); });
  if (!worker.Sync() || !Back(w.down, left_, false, dhidden_, rows, worker)) return false;
  if (!LowRankBackward(task, layer, LoraTarget::kDown, dx_, dhidden_, worker)) return false;

  EachRow(worker, rows, [&](size_t row) {
    const size_t at = row * ff;
    gradients_.silu_backward(kept.gate + at, kept.up + at, h_.feed_forward, dhidden_ + at, dup_ + at,
                             down ? hidden_ + at : nullptr);
    products_.convert(dhidden_ + at, ff, left_ + row * ff_left);
    products_.convert(dup_ + at, ff, left2_ + row * ff_left);
    if (inputs) {
      kernels_.rms_norm(kept.x_mid + row * hidden, w.feed_forward_norm.data(), h_.hidden, h_.norm_epsilon,
                        normalized_ + row * hidden);
    }
  });
  if (!worker.Sync()) return false;
  if (!AdapterGradients(task, layer, LoraTarget::kDown, hidden_, dx_, worker)) return false;
  if (!Back(w.gate, left_, false, dnormalized_, rows, worker)) return false;
  if (!Back(w.up, left2_, true, dnormalized_, rows, worker)) return false;
  for (const LoraTarget target : {LoraTarget::kGate, LoraTarget::kUp}) {
    const float* dy = target == LoraTarget::kGate ? dhidden_ : dup_;
    if (!LowRankBackward(task, layer, target, dy, dnormalized_, worker)) return false;
    if (!AdapterGradients(task, layer, target, normalized_, dy, worker)) return false;
  }

  EachRow(worker, rows, [&](size_t row) {
    gradients_.rms_norm_backward(kept.x_mid + row * hidden, w.feed_forward_norm.data(), dnormalized_ + row * hidden,
                                 h_.hidden, h_.norm_epsilon, dx_ + row * hidden);
    products_.convert(dx_ + row * hidden, hidden, left_ + row * hidden_left);
  });
  return worker.Sync();
}

// d, the derivative by a normalized head, becomes the one by the head.
void TrainingPass::NormBack(const float* head, const std::vector<float>& norm, float* d, const Worker& worker) {
  const size_t size = static_cast<size_t>(h_.head_dim) * sizeof(float);
  float* dy = threads_[worker.index].row;
  std::memcpy(dy, d, size);
  std::memset(d, 0, size);
  gradients_.rms_norm_backward(head, norm.data(), dy, h_.head_dim, h_.norm_epsilon, d);
}

bool TrainingPass::BackwardAttention(const Task& task, int layer, const Worker& worker) {
  const LayerWeights& w = weights_.layers[layer];
  const LayerState& kept = kept_[layer];
  const Batch& batch = task.batch;
  const size_t hidden = h_.hidden, dim = h_.head_dim;
  const size_t q_rows = h_.q_rows(), kv_rows = h_.kv_rows();
  const size_t element = products_.element_bytes, half = h_.rope_dim / 2;
  const bool normed = h_.architecture->qk_norm;
  const int rows = batch.rows();

  if (!Back(w.wo, left_, false, attended_, rows, worker)) return false;
  if (!LowRankBackward(task, layer, LoraTarget::kO, dx_, attended_, worker)) return false;
  if (!AdapterGradients(task, layer, LoraTarget::kO, kept.attended, dx_, worker)) return false;

  const int pieces = batch.size() * h_.heads;
  for (int piece; (piece = worker.Claim(pieces)) < pieces;) {
    const size_t sample = piece / h_.heads, head = piece % h_.heads;
    const size_t begin = batch.begin[sample];
    const size_t q_at = begin * q_rows + head * dim;
    const size_t kv_at = begin * kv_rows + head / h_.group() * dim;
    PerThread& mine = threads_[worker.index];
    if (normed) {
      for (size_t row = begin; row < static_cast<size_t>(batch.begin[sample + 1]); ++row) {
        const size_t at = row * q_rows + head * dim;
        std::memcpy(mine.row, kept.q_in + at, dim * sizeof(float));
        FinishQuery(w, row, mine.row, kept.q + at);
      }
    }
    mine.attention->Run({batch.begin[sample + 1] - batch.begin[sample], kept.q + q_at, kept.k + kv_at, kept.v + kv_at,
                         attended_ + q_at, dq_ + q_at, dk_heads_ + q_at, dv_heads_ + q_at, q_rows, kv_rows, q_rows,
                         q_rows});
  }
  if (!worker.Sync()) return false;

  const size_t q_left = (Padded(h_.q_rows())) * element;
  const size_t kv_left = (Padded(h_.kv_rows())) * element;
  const bool inputs = AnyLora(layer, {LoraTarget::kQ, LoraTarget::kK, LoraTarget::kV});
  EachRow(worker, rows, [&](size_t row) {
    const float *c = cos_ + row * half, *s = sin_ + row * half;
    const float scale = 1.0f / std::sqrt(static_cast<float>(h_.head_dim));
    float* dq = dq_ + row * q_rows;
    for (size_t i = 0; i < q_rows; ++i) dq[i] *= scale;
    for (size_t i = 0; i < q_rows; i += dim) {
      Rotate<RotationSense::kBackward>(h_, c, s, dq + i);
      if (normed) NormBack(kept.q_in + row * q_rows + i, w.q_norm, dq + i, worker);
    }
    // The query heads of a group share its key and value.
    for (size_t kv = 0; kv < static_cast<size_t>(h_.kv_heads); ++kv) {
      float *dk = dk_ + row * kv_rows + kv * dim, *dv = dv_ + row * kv_rows + kv * dim;
      const size_t first = row * q_rows + kv * h_.group() * dim;
      std::memcpy(dk, dk_heads_ + first, dim * sizeof(float));
      std::memcpy(dv, dv_heads_ + first, dim * sizeof(float));
      for (size_t g = 1; g < static_cast<size_t>(h_.group()); ++g) {
        for (size_t i = 0; i < dim; ++i) {
          dk[i] += dk_heads_[first + g * dim + i];
          dv[i] += dv_heads_[first + g * dim + i];
        }
      }
      Rotate<RotationSense::kBackward>(h_, c, s, dk);
      if (normed) NormBack(kept.k_in + row * kv_rows + kv * dim, w.k_norm, dk, worker);
    }
    products_.convert(dq, q_rows, left_ + row * q_left);
    products_.convert(dk_ + row * kv_rows, kv_rows, left2_ + row * kv_left);
    products_.convert(dv_ + row * kv_rows, kv_rows, left3_ + row * kv_left);
    if (inputs) {
      kernels_.rms_norm(kept.x_in + row * hidden, w.attention_norm.data(), h_.hidden, h_.norm_epsilon,
                        normalized_ + row * hidden);
    }
  });
  return worker.Sync();
}

// Through q, k and v to the layer's input; of the first layer with adapters only what those need.
bool TrainingPass::BackwardProjections(const Task& task, int layer, const Worker& worker) {
  const LayerWeights& w = weights_.layers[layer];
  const LayerState& kept = kept_[layer];
  const size_t hidden = h_.hidden;
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
  EachRow(worker, rows, [&](size_t row) {
    gradients_.rms_norm_backward(kept.x_in + row * hidden, w.attention_norm.data(), dnormalized_ + row * hidden,
                                 h_.hidden, h_.norm_epsilon, dx_ + row * hidden);
  });
  return worker.Sync();
}

}  // namespace paddock
