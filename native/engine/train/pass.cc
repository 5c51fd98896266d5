#include "train/pass.h"

#include <algorithm>
#include <cstring>

#include "kernels/dispatch.h"
#include "model/rope.h"
#include "quant/dequantize.h"
#include "train/pass_parts-inl.h"

namespace paddock {
namespace {

constexpr uint64_t kLogitBytes = uint64_t{96} << 20;  // at most, at a time

const ProductTable& ChooseProducts(const KernelTable& kernels, const Weights& weights, GradientPrecision precision) {
  const ProductTable* bfloat16 = Bfloat16Products(kernels);
  // Where no activation is rounded, derivatives are in single precision as well.
  if (precision == GradientPrecision::kFloat32 || weights.float_activations() || bfloat16 == nullptr)
    return *kernels.gradients->float32;
  return *bfloat16;
}

KvFormat OneLayer(Hyperparameters h) {
  h.layers = 1;
  return {h, KvType::kF16};
}

int LogitRows(const Hyperparameters& h, int rows) {
  const uint64_t fitting = kLogitBytes / sizeof(float) / static_cast<uint64_t>(h.vocabulary);
  return std::clamp(static_cast<int>(fitting / 16 * 16), 64, std::max(64, rows));
}

}  // namespace

TrainingPass::TrainingPass(const Model& model, const Team& team, const Lora& lora, const PassOptions& options)
    : h_(model.h),
      weights_(model.weights),
      kernels_(model.kernels),
      gradients_(*kernels_.gradients),
      products_(ChooseProducts(kernels_, weights_, options.precision)),
      small_(*kernels_.gradients->float32),
      team_(team),
      lora_(lora),
      options_(options),
      transposed_(kernels_, products_),
      cache_(OneLayer(h_)),
      logit_rows_(LogitRows(h_, options.max_rows)) {}

void TrainingPass::LayOutKept(Arena* arena) {
  const size_t rows = options_.max_rows, low = LowStride();
  const size_t embedding = h_.embedding, ff = h_.ffn;
  const size_t q = h_.q_rows(), kv = h_.kv_rows();
  kept_.resize(h_.layers);
  for (size_t i = 0; i < kept_.size(); ++i) {
    LayerState& s = kept_[i];
    if (options_.checkpoints && i > 0) s = kept_[0];
    arena->Take(&s.x_in, rows * embedding);
    if (options_.checkpoints && i > 0) continue;
    arena->Take(&s.x_mid, rows * embedding);
    if (h_.architecture->qk_norm) {
      arena->Take(&s.q_in, rows * q);
      arena->Take(&s.k_in, rows * kv);
    }
    if (h_.architecture->qk_norm && i > 0) {
      s.q = kept_[0].q;
    } else {
      arena->Take(&s.q, rows * q);
    }
    arena->Take(&s.k, rows * kv);
    arena->Take(&s.v, rows * kv);
    if (Trains(LoraTarget::kO)) arena->Take(&s.attended, rows * q);
    arena->Take(&s.gate, rows * ff);
    arena->Take(&s.up, rows * ff);
    for (int t = 0; t < kLoraTargets; ++t) {
      if (Trains(static_cast<LoraTarget>(t))) arena->Take(&s.low[t], rows * low);
    }
  }
}

void TrainingPass::LayOutThread(Arena* arena, PerThread* thread) {
  PerThread& t = *thread;
  const size_t rows = options_.max_rows, low = LowStride(), widest = std::max({h_.embedding, h_.ffn, h_.q_rows()});
  const size_t tile = rows * std::max(kTileRows, h_.head_dim);
  arena->Take(&t.tile, tile);
  arena->Take(&t.tile2, tile);
  arena->Take(&t.row, widest);
  arena->Take(&t.half, h_.head_dim);
  arena->Take(&t.block, kRowBlock * widest);
  arena->Take(&t.low, kRowBlock * low);
  arena->Take(&t.packed_a, small_.PackedBytes(static_cast<int>(widest), lora_.options().rank));
  arena->Take(&t.packed_b, small_.PackedBytes(lora_.options().rank, static_cast<int>(widest)));
  arena->Take(&t.slice, rows * kSliceColumns);
  arena->Take(&t.packed_slice, small_.PackedBytes(static_cast<int>(rows), kSliceColumns));
  arena->Take(&t.scratch, kernels_.scratch_bytes);
  arena->Take(&t.tiles, transposed_.ScratchBytes());
  t.attend.Take(arena, h_.group(), h_.head_dim);
  t.attention = std::make_unique<AttentionBackward>(gradients_, products_, h_.head_dim, options_.max_rows);
  t.attention->Take(arena);
}

void TrainingPass::LayOut(Arena* arena) {
  const size_t rows = options_.max_rows, low = LowStride();
  const size_t embedding = h_.embedding, ff = h_.ffn;
  const size_t q = h_.q_rows(), kv = h_.kv_rows();
  const size_t widest = std::max({embedding, ff, q});
  const size_t logit_rows = logit_rows_;
  LayOutKept(arena);
  arena->Take(&x_, rows * embedding);
  arena->Take(&normalized_, std::max(rows, logit_rows) * embedding);
  arena->Take(&attended_, rows * q);
  arena->Take(&dx_, rows * embedding);
  arena->Take(&dnormalized_, std::max(rows, logit_rows) * embedding);
  arena->Take(&dffn_, rows * ff);
  arena->Take(&dup_, rows * ff);
  // Only an adapter of `down` needs the row beside its derivatives.
  if (Trains(LoraTarget::kDown)) {
    arena->Take(&ffn_, rows * ff);
  } else {
    ffn_ = dup_;
  }
  for (float** p : {&dq_, &dk_heads_, &dv_heads_}) arena->Take(p, rows * q);
  for (float** p : {&dk_, &dv_}) arena->Take(p, rows * kv);
  for (int t = 0; t < kLoraTargets; ++t) {
    if (!Trains(static_cast<LoraTarget>(t))) continue;
    arena->Take(&low_t_[t], low * rows);
    arena->Take(&dlow_t_[t], low * rows);
  }
  const size_t element = products_.element_bytes;
  arena->Take(&left_, rows * Padded(static_cast<int>(widest)) * element);
  arena->Take(&left2_, rows * Padded(static_cast<int>(std::max(ff, kv))) * element);
  arena->Take(&left3_, rows * Padded(static_cast<int>(kv)) * element);
  arena->Take(&logits_, logit_rows * Padded(h_.vocabulary));
  arena->Take(&cos_, rows * (h_.rope_dim / 2));
  arena->Take(&sin_, rows * (h_.rope_dim / 2));
  arena->Take(&frequencies_, h_.rope_dim / 2);
  quantized_.Take(arena, std::max(rows, logit_rows), widest);
  threads_.resize(team_.size());
  for (PerThread& thread : threads_) LayOutThread(arena, &thread);
}

// Each sample begins a page.
uint64_t TrainingPass::CacheBytes() const {
  const int positions = options_.max_rows + options_.max_samples * kSegmentKeys;
  return static_cast<uint64_t>(KvFormat::Pages(positions)) * cache_.format().page_bytes();
}

uint64_t TrainingPass::Bytes() {
  Arena measure(nullptr);
  LayOut(&measure);
  return measure.used() + CacheBytes();
}

bool TrainingPass::Allocate() {
  Arena measure(nullptr);
  LayOut(&measure);
  if (!memory_.Allocate(measure.used())) return false;
  Arena arena(memory_.data());
  LayOut(&arena);
  RopeFrequencies(h_, weights_, frequencies_);
  if (!cache_memory_.Allocate(CacheBytes())) return false;
  const size_t page = cache_.format().page_bytes();
  for (size_t at = 0; at < cache_memory_.size(); at += page) cache_.Add(cache_memory_.data() + at);
  return true;
}

TrainingPass::Task TrainingPass::MakeTask(const TrainingBatch& batch) const {
  Task task{.batch = batch, .cancel = nullptr};
  for (int s = 0; s < batch.size(); ++s) {
    const TrainingSample& sample = batch.samples[s];
    for (size_t i = 1; i < sample.ids.size(); ++i) {
      if (sample.counted[i] == 0) continue;
      task.counted.push_back(batch.begin[s] + static_cast<int>(i) - 1);
      task.wanted.push_back(sample.ids[i]);
    }
  }
  task.losses.resize(task.counted.size());
  return task;
}

Result<std::vector<float>> TrainingPass::Loss(const TrainingBatch& batch, const std::atomic<bool>* cancel) {
  Task task = MakeTask(batch);
  task.cancel = cancel;
  PADDOCK_RETURN_IF_ERROR(Execute(&task));
  return std::move(task.losses);
}

Result<std::vector<float>> TrainingPass::LossAndGradient(const TrainingBatch& batch, float weight,
                                                         std::vector<float>* gradient,
                                                         const std::atomic<bool>* cancel) {
  Task task = MakeTask(batch);
  task.cancel = cancel;
  task.weight = weight;
  task.gradient = gradient;
  task.backward = true;
  task.dropout = lora_.options().dropout > 0;
  PADDOCK_RETURN_IF_ERROR(Execute(&task));
  return std::move(task.losses);
}

std::vector<float> TrainingPass::Logits(const TrainingBatch& batch) {
  Task task{.batch = batch, .cancel = nullptr};
  for (int row = 0; row < batch.rows(); ++row) task.counted.push_back(row);
  task.wanted.resize(task.counted.size());
  task.losses.resize(task.counted.size());
  std::vector<float> logits(task.counted.size() * h_.vocabulary);
  task.logits = &logits;
  if (!Execute(&task).ok()) return {};
  return logits;
}

Status TrainingPass::Execute(Task* task) {
  // The rows of the embedding as they stand in the file, where normalized rows will be.
  uint8_t* rows = reinterpret_cast<uint8_t*>(normalized_);
  for (int s = 0; s < task->batch.size(); ++s) {
    const TrainingSample& sample = task->batch.samples[s];
    const size_t first = task->batch.begin[s];
    PADDOCK_RETURN_IF_ERROR(weights_.embedding.Read(sample.ids, rows + first * weights_.embedding.row_bytes()));
  }
  bool finished = true;
  team_.Run(task->cancel, [&](const Worker& worker) {
    bool running = Embed(*task, worker);
    for (int layer = 0; running && layer < h_.layers; ++layer) running = ForwardLayer(*task, layer, worker);
    running = running && Head(task, worker);
    if (task->backward) {
      for (int layer = h_.layers - 1; running && layer >= lora_.options().first_layer; --layer)
        running = BackwardLayer(*task, layer, worker);
    }
    if (worker.index == 0) finished = running;
  });
  if (finished && !(task->cancel != nullptr && task->cancel->load(std::memory_order_relaxed))) return Status::Ok();
  return {StatusCode::kCancelled, "Training was cancelled."};
}

bool TrainingPass::Embed(const Task& task, const Worker& worker) {
  const EmbeddingRows& e = weights_.embedding;
  const uint8_t* const rows = reinterpret_cast<const uint8_t*>(normalized_);
  const size_t half = h_.rope_dim / 2;
  for (int s; (s = worker.Claim(task.batch.size())) < task.batch.size();) {
    const TrainingSample& sample = task.batch.samples[s];
    for (size_t i = 0; i < sample.ids.size(); ++i) {
      const size_t row = static_cast<size_t>(task.batch.begin[s]) + i;
      Dequantize(e.type(), rows + row * e.row_bytes(), h_.embedding, x_ + row * h_.embedding);
      RopeAngles(h_, frequencies_, static_cast<int>(i), cos_ + row * half, sin_ + row * half);
    }
  }
  return worker.Sync();
}

// Logits of the wanted rows, some at a time; their losses; and, in the backward pass, dx_ of all rows.
bool TrainingPass::Head(Task* task, const Worker& worker) {
  const size_t embedding = h_.embedding, stride = Padded(h_.vocabulary);
  const int total = static_cast<int>(task->counted.size());
  if (task->backward) {
    ForEachRow(worker, task->batch.rows(),
               [&](size_t row) { std::memset(dx_ + row * embedding, 0, embedding * sizeof(float)); });
    if (!worker.Sync()) return false;
  }
  // Parts of one size: weights are unpacked once for each.
  const int parts = (total + logit_rows_ - 1) / logit_rows_, part = parts == 0 ? 0 : (total + parts - 1) / parts;
  for (int first = 0; first < total; first += part) {
    const int rows = std::min(part, total - first);
    const auto x = [&](size_t i) { return (task->counted[static_cast<size_t>(first) + i]) * embedding; };
    ForEachRow(worker, rows, [&](size_t i) {
      float* normalized = normalized_ + i * embedding;
      kernels_.rms_norm(x_ + x(i), weights_.output_norm.data(), h_.embedding, h_.norm_epsilon, normalized);
      quantized_.Set(kernels_, i, normalized, h_.embedding, {&weights_.lm_head});
    });
    if (!worker.Sync()) return false;
    ForEachChunk(weights_.lm_head, worker, [&](int begin, int end) {
      Multiply(weights_.lm_head, rows, begin, end, logits_ + begin * kernels_.lanes, stride, worker);
    });
    if (!worker.Sync()) return false;
    ForEachRow(worker, rows, [&](size_t i) {
      float* logits = logits_ + i * stride;
      const size_t at = static_cast<size_t>(first) + i;
      if (task->logits != nullptr) {
        std::memcpy(task->logits->data() + at * h_.vocabulary, logits, h_.vocabulary * sizeof(float));
      }
      std::fill(logits + h_.vocabulary, logits + stride, -3.0e38f);
      task->losses[at] = gradients_.cross_entropy(logits, static_cast<int>(stride), task->wanted[at], task->weight);
      // In place: an element is never larger than the float that it comes from.
      if (task->backward) products_.convert(logits, stride, logits);
    });
    if (!worker.Sync()) return false;
    if (!task->backward) continue;
    const size_t elements = stride * sizeof(float) / static_cast<size_t>(products_.element_bytes);
    transposed_.Run(weights_.lm_head, logits_, elements, rows, false, dnormalized_, embedding, worker,
                    threads_[worker.index].tiles);
    if (!worker.Sync()) return false;
    ForEachRow(worker, rows, [&](size_t i) {
      gradients_.rms_norm_backward(x_ + x(i), weights_.output_norm.data(), dnormalized_ + i * embedding, h_.embedding,
                                   h_.norm_epsilon, dx_ + x(i));
    });
    if (!worker.Sync()) return false;
  }
  return true;
}

}  // namespace paddock
