#include "model/forward.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "model/rope.h"
#include "ops/prefetch_for_write.h"
#include "quant/dequantize.h"

namespace paddock {
namespace {

constexpr int kPrefillTileRows = 64;       // output rows of a chunk
constexpr int kDecodeTileRows = 1024;      // the same, at most
constexpr size_t kChunkBytes = 128 << 10;  // weights of a chunk on the decode path

constexpr int DivideUp(int a, int b) {
  return (a + b - 1) / b;
}

constexpr int Padded(int columns) {
  return DivideUp(columns, kMaxLanes) * kMaxLanes;
}

// Adds `arrived` to the pieces that `ready` counts. True for the thread that brings them to `all`: it sees what the
// others have written, and the count starts again from 0.
bool LastArriver(std::atomic<int>& ready, int arrived, int all) {
  if (ready.fetch_add(arrived, std::memory_order_acq_rel) + arrived < all) return false;
  ready.store(0, std::memory_order_relaxed);
  return true;
}

}  // namespace

// A pass and where a thread is in it. Each thread has its own.
struct Forward::Task {
  const Batch* batch;
  int wanted;  // tokens that go through all layers, at the end
  int count;
  int layer = 0;
  int from = 0;  // rows before this one are no longer needed (last layer)

  int rows() const { return count - from; }
};

struct Forward::Worker : paddock::Worker {
  Scratch& scratch;
};

Pass::~Pass() {
  if (forward_ != nullptr) forward_->resident_ = nullptr;
}

Forward::Forward(const Model& model, const Team& team)
    : h_(model.h),
      weights_(model.weights),
      kernels_(model.kernels),
      team_(team),
      decode_threads_(team.size()),
      prefill_threads_(team.size()),
      ready_columns_(std::max(h_.ffn, h_.q_rows()) / QuantizedRows::kPart + 1),
      ready_segments_(h_.kv_heads) {}

uint64_t Forward::Workspace::LayOut(const Hyperparameters& h, const KernelTable& k, int thread_count, int context,
                                    uint8_t* base) {
  Arena arena(base);
  const int widest = std::max({h.embedding, h.ffn, h.q_rows()});
  const int parts = kDecodeRows * DivideUp(context, kSegmentKeys);
  arena.Take(&x, kMaxBatch, Padded(h.embedding));
  arena.Take(&q, kMaxBatch, Padded(h.q_rows()));
  arena.Take(&attended, kMaxBatch, Padded(h.q_rows()));
  arena.Take(&ffn, kMaxBatch, Padded(h.ffn));
  arena.Take(&logits, kMaxLogitRows, Padded(h.vocabulary));
  arena.Take(&logit_max, kMaxLogitRows, LogitRow::BlockCount(h.vocabulary));
  arena.Take(&cos, kMaxBatch, h.rope_dim / 2);
  arena.Take(&sin, kMaxBatch, h.rope_dim / 2);
  arena.Take(&part_max, parts, h.heads);
  arena.Take(&part_sum, parts, h.heads);
  arena.Take(&part_o, parts, h.q_rows());
  arena.Take(&frequencies, h.rope_dim / 2);
  shared.Take(&arena, kMaxBatch, widest);
  threads.resize(thread_count);
  const int tile = std::max({kMaxBatch * kPrefillTileRows, kDecodeRows * kDecodeTileRows, kMaxBatch * h.head_dim});
  for (Scratch& t : threads) {
    t.own.Take(&arena, kDecodeRows, widest);
    arena.Take(&t.row, widest);
    arena.Take(&t.tile, 2 * tile);
    t.attend.Take(&arena, h.group(), h.head_dim);
    arena.Take(&t.half, h.head_dim);
    arena.Take(&t.byte, h.head_dim);
    arena.Take(&t.byte_scale, h.head_dim / kKvBlock + 1);
    arena.Take(&t.byte_sum, h.head_dim / kKvBlock + 1);
    arena.Take(&t.matmul, k.scratch_bytes);
  }
  return arena.used();
}

uint64_t Forward::ScratchBytes(const Hyperparameters& h, const KernelTable& kernels, int threads, int context) {
  return Workspace().LayOut(h, kernels, threads, context, nullptr);
}

bool Forward::Allocate(int context) {
  segments_ = DivideUp(context, kSegmentKeys);
  if (!memory_.Allocate(ScratchBytes(h_, kernels_, team_.size(), context))) return false;
  space_.LayOut(h_, kernels_, team_.size(), context, memory_.data());
  RopeFrequencies(h_, weights_, space_.frequencies);
  return true;
}

bool Forward::Occupy(Pass* pass) {
  if (resident_ == pass) return true;
  if (resident_ != nullptr) {
    Pass& other = *std::exchange(resident_, nullptr);
    other.forward_ = nullptr;
    other.x_.reserve(static_cast<size_t>(other.count_ * h_.embedding));
    for (int i = 0; i < other.count_; ++i)
      other.x_.insert(other.x_.end(), space_.x.Row(i), space_.x.Row(i) + h_.embedding);
  }
  resident_ = pass;
  pass->forward_ = this;
  SetPlaces(pass->batch_);
  return !pass->begun_;
}

void Forward::SetPlaces(const Batch& batch) {
  places_.clear();
  for (const BatchRun& run : batch.runs) {
    for (size_t i = 0; i < run.tokens.size(); ++i) places_.push_back({run.kv, run.first + static_cast<int>(i)});
  }
}

Status Forward::Finish(Pass* pass, Status status) {
  resident_ = nullptr;
  pass->forward_ = nullptr;
  pass->done_ = true;
  return status;
}

Status Forward::Run(Batch batch, const std::atomic<bool>* cancel, const std::function<void(int)>& progress) {
  Pass pass(std::move(batch));
  return Run(&pass, cancel, ThreadPool::kNoDeadline, progress);
}

Status Forward::Run(Pass* pass, const std::atomic<bool>* cancel, ThreadPool::Deadline deadline,
                    const std::function<void(int)>& progress) {
  const Task task{&pass->batch_, pass->batch_.wanted, pass->count_};
  const bool here = Occupy(pass), begin = !std::exchange(pass->begun_, true);
  // Nothing is quantized before all rows are floats.
  uint8_t* rows = reinterpret_cast<uint8_t*>(space_.shared.floats());
  if (begin) {
    uint8_t* out = rows;
    for (const BatchRun& run : pass->batch_.runs) {
      if (Status read = weights_.embedding.Read(run.tokens, out); !read.ok()) return Finish(pass, std::move(read));
      out += run.tokens.size() * weights_.embedding.row_bytes();
    }
  }
  // A cancelled pass may have left counts.
  for (std::atomic<int>& ready : ready_columns_) ready.store(0, std::memory_order_relaxed);
  for (std::atomic<int>& ready : ready_segments_) ready.store(0, std::memory_order_relaxed);
  const int first_layer = pass->layer_, wanted = task.wanted;
  std::atomic<int> next_layer{h_.layers};
  team_.Run(cancel, Threads(task.count), deadline, [&](const paddock::Worker& thread) {
    const Worker w{thread, space_.threads[thread.index]};
    Task mine = task;
    if (begin) Embed(mine, w, rows);
    if (!here) BringBack(mine, w, *pass);
    bool running = w.Sync();
    for (mine.layer = first_layer; running && mine.layer < h_.layers; ++mine.layer) {
      running = Layer(mine, w) && (mine.layer + 1 < h_.layers ? w.SyncAtBorder() : w.Sync());
      // The others of this phase say the same; who was behind has nothing to say.
      if (!running && w.Joined()) next_layer.store(mine.layer + 1, std::memory_order_relaxed);
      if (running && w.index == 0 && progress) progress(mine.layer + 1);
    }
    if (running && wanted > 0 && wanted <= kMaxLogitRows) LmHead(mine, w);
  });
  if (cancel != nullptr && cancel->load(std::memory_order_relaxed))
    return Finish(pass, {StatusCode::kCancelled, "Computing was cancelled."});
  pass->layer_ = next_layer.load(std::memory_order_relaxed);
  if (!here) std::vector<float>().swap(pass->x_);
  if (pass->layer_ < h_.layers) return Status::Ok();
  last_count_ = task.count;
  last_wanted_ = wanted;
  return Finish(pass, Status::Ok());
}

void Forward::RunLayers(const Batch& batch, int begin, int end) {
  const int count = batch.count();
  SetPlaces(batch);
  team_.Run(nullptr, Threads(count), ThreadPool::kNoDeadline, [&](const paddock::Worker& thread) {
    Task mine{&batch, count, count};
    for (mine.layer = begin; mine.layer < end; ++mine.layer) {
      Layer(mine, {thread, space_.threads[thread.index]});
      thread.Sync();
    }
  });
}

bool Forward::ComputeLogits(int begin, int count, const std::atomic<bool>* cancel) {
  Task task{nullptr, count, last_count_ - last_wanted_ + begin + count};
  task.from = task.count - count;
  team_.Run(cancel, Threads(count), ThreadPool::kNoDeadline, [&](const paddock::Worker& thread) {
    LmHead(task, {thread, space_.threads[thread.index]});
  });
  return !(cancel != nullptr && cancel->load(std::memory_order_relaxed));
}

void Forward::LmHead(const Task& t, const Worker& w) {
  const PanelMatrix& m = weights_.lm_head;
  QuantizedRows a;
  QuantizeInput(t, w, space_.x, &weights_.output_norm, {&m}, std::nullopt, &a);
  const int block_panels = static_cast<int>(kLogitBlock) / kernels_.lanes;
  ForEachChunk(w, m, t.rows(), block_panels, [&](int begin, int end) {
    Multiply(w, m, a.At(m, 0), t.rows(), begin, end, space_.logits.From(0, begin * kernels_.lanes));
    for (int i = 0; i < t.rows(); ++i) {
      const LogitRow row = Logits(i);
      for (int block = begin / block_panels; block * block_panels < end; ++block) row.Update(block);
    }
  });
}

LogitRow Forward::Logits(int row) const {
  const size_t vocabulary = h_.vocabulary;
  return {{space_.logits.Row(row), vocabulary}, {space_.logit_max.Row(row), LogitRow::BlockCount(vocabulary)}};
}

void Forward::Embed(const Task& t, const Worker& w, const uint8_t* rows) {
  const EmbeddingRows& e = weights_.embedding;
  const Rows<const uint8_t> source{rows, e.row_bytes()};
  w.ForEach(t.count, [&](int i) {
    Dequantize(e.type(), source.Row(i), h_.embedding, space_.x.Row(i));
    RopeAngles(h_, space_.frequencies, places_[i].position, space_.cos.Row(i), space_.sin.Row(i));
  });
}

void Forward::BringBack(const Task& t, const Worker& w, const Pass& pass) {
  w.ForEach(t.count, [&](int i) {
    std::copy_n(pass.x_.data() + static_cast<size_t>(i * h_.embedding), h_.embedding, space_.x.Row(i));
    RopeAngles(h_, space_.frequencies, places_[i].position, space_.cos.Row(i), space_.sin.Row(i));
  });
}

// Normalizes the current rows of x, if there is a norm, and quantizes them for the matrices in `users`.
void Forward::QuantizeInput(const Task& t, const Worker& w, Rows<const float> x, const std::vector<float>* norm,
                            std::initializer_list<const PanelMatrix*> users, std::optional<LayerInput> input,
                            QuantizedRows* out) {
  const bool decode = DecodePath(t.count);
  *out = decode ? w.scratch.own : space_.shared;
  const int columns = (*users.begin())->columns;
  const auto quantize = [&](int row) {
    const float* from = x.Row(t.from + row);
    float* const normalized = w.scratch.row;
    if (norm != nullptr) kernels_.rms_norm(from, norm->data(), columns, h_.norm_epsilon, normalized);
    const float* ready = norm != nullptr ? normalized : from;
    if (observer_ != nullptr && input) observer_->Add(w.index, t.layer, *input, ready);
    out->Set(kernels_, row, ready, columns, users);
  };
  if (decode) {
    for (int row = 0; row < t.rows() && w.Joined(); ++row) quantize(row);
    return;
  }
  w.ForEach(t.rows(), quantize);
  w.Sync();  // a cancelled pass goes on to the end of its phase
}

// Columns begin .. end - 1 of the rows of x, the input of `user`, have been written. Quantizes the parts that are now
// complete, for all threads: no thread then has to fetch a row of which another core has written half.
void Forward::QuantizeFinishedParts(const Task& t, Rows<const float> x, const PanelMatrix& user, int begin, int end) {
  constexpr int kPart = QuantizedRows::kPart;
  for (int part = begin / kPart; part * kPart < end; ++part) {
    const int first = part * kPart, columns = std::min(kPart, user.columns - first);
    const int added = std::min(end, first + columns) - std::max(begin, first);
    if (added < columns && !LastArriver(ready_columns_[part], added, columns)) continue;
    for (int i = 0; i < t.rows(); ++i)
      space_.shared.SetPart(kernels_, i, user.columns, x.At(t.from + i, first), first, columns, {&user});
  }
}

void Forward::Multiply(const Worker& w, const PanelMatrix& m, Activations a, int tokens, int panel_begin, int panel_end,
                       Rows<float> out) const {
  kernels_.matmul(m.type, {m.panels, m.panel_stride, m.columns, panel_begin, panel_end, tokens, a, out.data, out.stride,
                           w.scratch.matmul});
}

// Shares the panels of `m` out; calls epilogue(begin, end) for each claimed range, which begins at a multiple of
// `multiple`.
template <typename Epilogue>
void Forward::ForEachChunk(const Worker& w, const PanelMatrix& m, int tokens, int multiple, Epilogue epilogue) {
  int step = kPrefillTileRows / kernels_.lanes;
  if (DecodePath(tokens)) {
    // No more than half of a thread's run, so that the others can make up for a late thread.
    step = static_cast<int>(kChunkBytes / m.panel_bytes) + 1;
    step = std::min({step, kDecodeTileRows / kernels_.lanes, std::max(1, m.panel_count / (2 * w.pool.active()))});
  }
  // Chunks of equal size, and as many for each thread.
  const int units = DivideUp(m.panel_count, multiple), needed = DivideUp(units, std::max(1, step / multiple));
  const int chunks = std::min(units, DivideUp(needed, w.pool.active()) * w.pool.active());
  const auto bound = [&](int chunk) {
    return static_cast<int>(static_cast<int64_t>(units) * chunk / chunks) * multiple;
  };
  w.ForEach(chunks, [&](int chunk) { epilogue(bound(chunk), std::min(bound(chunk + 1), m.panel_count)); });
}

// One head of q, k or v for all tokens: product, bias, norm, rotation, and its place in the cache.
void Forward::ProjectHead(const Task& t, const Worker& w, const LayerWeights& layer, const QuantizedRows& a, int head) {
  const bool is_q = head < h_.heads, is_k = !is_q && head < h_.heads + h_.kv_heads;
  const PanelMatrix& m = is_q ? layer.wq : is_k ? layer.wk : layer.wv;
  const std::vector<float>& bias = is_q ? layer.bq : is_k ? layer.bk : layer.bv;
  const std::vector<float>* norm = is_q ? &layer.q_norm : is_k ? &layer.k_norm : nullptr;
  const int index = is_q ? head : is_k ? head - h_.heads : head - h_.heads - h_.kv_heads;
  const int dim = h_.head_dim, panels = dim / kernels_.lanes;
  // The last layer needs the queries of the wanted rows alone, and the keys and values of all.
  const int begin = is_q ? t.count - (t.layer == h_.layers - 1 ? t.wanted : t.count) : 0;
  if (begin == t.count) return;
  const Rows<float> tile(w.scratch.tile, dim);
  Multiply(w, m, a.At(m, begin), t.count - begin, index * panels, (index + 1) * panels, tile);
  for (int i = begin; i < t.count; ++i) {
    float* row = tile.Row(i - begin);
    if (!bias.empty()) {
      for (int j = 0; j < dim; ++j) row[j] += bias[index * dim + j];
    }
    if (norm != nullptr && !norm->empty()) kernels_.rms_norm(row, norm->data(), dim, h_.norm_epsilon, row);
    if (is_q || is_k) Rotate(h_, space_.cos.Row(i), space_.sin.Row(i), row);
    if (is_q) {
      const float scale = 1.0f / std::sqrt(static_cast<float>(dim));
      float* out = space_.q.At(i, index * dim);
      for (int j = 0; j < dim; ++j) out[j] = row[j] * scale;
    } else {
      StoreInCache(t, w, row, is_k, index, places_[i]);
    }
  }
}

// Converts a key or a value to the type of the cache and stores it.
void Forward::StoreInCache(const Task& t, const Worker& w, const float* head, bool is_key, int kv_head,
                           const Place& place) {
  const Scratch& s = w.scratch;
  const int dim = h_.head_dim;
  const auto store = [&](const auto* elements, const uint16_t* scales) {
    if (is_key) {
      place.kv->StoreKey(t.layer, kv_head, place.position, elements, scales);
    } else {
      place.kv->StoreValue(t.layer, kv_head, place.position, elements, scales);
    }
  };
  if (place.kv->format().type() == KvType::kF16) {
    kernels_.to_half(head, dim, s.half);
    return store(s.half, nullptr);
  }
  static_assert(kKvBlock == 32);
  kernels_.quantize_32(head, dim, s.byte, s.byte_scale, s.byte_sum);
  kernels_.to_half(s.byte_scale, dim / kKvBlock, s.half);
  store(s.byte, s.half);
}

// One kv head and one segment of rows first .. end - 1, which are of one sequence; MergeSegments() merges the parts.
void Forward::AttendSegment(const Task& t, const Worker& w, int kv_head, int first, int end, int segment) {
  const AttendScratch& s = w.scratch.attend;
  const int dim = h_.head_dim, group = h_.group(), begin = segment * kSegmentKeys, head = kv_head * group;
  for (int i = first; i < end; ++i) {
    const int valid = std::min(kSegmentKeys, places_[i].position - begin + 1), part = i * segments_ + segment;
    if (valid <= 0) continue;
    for (int r = 0; r < group; ++r) s.valid[r] = valid;
    AttendArgs args{};
    args.q = space_.q.At(i, head * dim);
    args.rows = group;
    args.head_dim = dim;
    args.valid = s.valid;
    args.scores = s.scores;
    args.max = space_.part_max.At(part, head);
    args.sum = space_.part_sum.At(part, head);
    args.o = space_.part_o.At(part, head * dim);
    places_[i].kv->Locate(t.layer, kv_head, begin, &args);
    kernels_.attend(args);
  }
}

void Forward::MergeSegments(const Task& t, int kv_head) {
  const int dim = h_.head_dim;
  for (int i = t.from; i < t.count; ++i) {
    for (int head = kv_head * h_.group(); head < (kv_head + 1) * h_.group(); ++head) {
      float max = 0, sum = 0;
      float* o = space_.attended.At(i, head * dim);
      for (int s = 0; s * kSegmentKeys <= places_[i].position; ++s) {
        const int part = i * segments_ + s;
        const float part_max = *space_.part_max.At(part, head), part_sum = *space_.part_sum.At(part, head);
        const float* part_o = space_.part_o.At(part, head * dim);
        if (s == 0) {
          max = part_max;
          sum = part_sum;
          std::copy_n(part_o, dim, o);
        } else {
          kernels_.merge(&max, &sum, o, part_max, part_sum, part_o, dim);
        }
      }
      const float inverse = 1.0f / sum;
      for (int j = 0; j < dim; ++j) o[j] *= inverse;
    }
  }
}

// Attention by segments. The last thread to finish a head's segments merges and quantizes them.
bool Forward::AttendDecode(const Task& t, const Worker& w, const LayerWeights& layer, QuantizedRows* out) {
  const auto segments_of = [](const BatchRun& run) {
    return KvFormat::Pages(run.first + static_cast<int>(run.tokens.size()));
  };
  int segments = 0;
  for (const BatchRun& run : t.batch->runs) segments += segments_of(run);
  const int columns = h_.group() * h_.head_dim;
  // Segment after segment of a head, since each prefetches the next one's keys.
  w.ForEach(segments * h_.kv_heads, [&](int unit) {
    const int kv_head = unit / segments;
    int segment = unit % segments, begin = 0;
    const BatchRun* run = t.batch->runs.data();
    for (; segment >= segments_of(*run); ++run) {
      segment -= segments_of(*run);
      begin += static_cast<int>(run->tokens.size());
    }
    AttendSegment(t, w, kv_head, std::max(begin, t.from), begin + static_cast<int>(run->tokens.size()), segment);
    if (!LastArriver(ready_segments_[kv_head], 1, segments)) return;
    MergeSegments(t, kv_head);
    QuantizeFinishedParts(t, space_.attended, layer.wo, kv_head * columns, (kv_head + 1) * columns);
  });
  *out = space_.shared;
  return w.Sync();
}

// Attention by blocks of tokens, each through all segments in order.
bool Forward::AttendPrefill(const Task& t, const Worker& w, const LayerWeights& layer, QuantizedRows* out) {
  // Those of the rows begin .. end - 1.
  const auto blocks_of = [](int begin, int end) { return DivideUp(std::max(0, end - begin), kAttendTokens); };
  int begin = 0, blocks = 0;
  for (const BatchRun& run : t.batch->runs) {
    const int end = begin + static_cast<int>(run.tokens.size());
    blocks += blocks_of(std::max(begin, t.from), end);
    begin = end;
  }
  w.ForEach(blocks * h_.kv_heads, [&](int unit) {
    const int kv_head = unit % h_.kv_heads, column = kv_head * h_.group() * h_.head_dim;
    // The last tokens see the most keys, so they come first.
    int block = unit / h_.kv_heads, end = t.count;
    const BatchRun* run = &t.batch->runs.back();
    const auto first = [&] { return std::max(end - static_cast<int>(run->tokens.size()), t.from); };
    for (; block >= blocks_of(first(), end); --run) {
      block -= blocks_of(first(), end);
      end -= static_cast<int>(run->tokens.size());
    }
    const int at = first() + (blocks_of(first(), end) - 1 - block) * kAttendTokens;
    AttendTokens(kernels_, *run->kv,
                 {t.layer, kv_head, h_.group(), h_.head_dim, 0, places_[at].position, std::min(kAttendTokens, end - at),
                  space_.q.From(at, column), space_.attended.From(at, column)},
                 w.scratch.attend);
  });
  if (!w.Sync()) return false;
  QuantizeInput(t, w, space_.attended, nullptr, {&layer.wo}, LayerInput::kOutput, out);
  return true;
}

// All but the barrier at its end. False when cancelled.
bool Forward::Layer(Task& t, const Worker& w) {
  const LayerWeights& layer = weights_.layers[t.layer];
  QuantizedRows a;
  QuantizeInput(t, w, space_.x, &layer.attention_norm, {&layer.wq, &layer.wk, &layer.wv}, LayerInput::kAttention, &a);
  w.ForEach(h_.heads + 2 * h_.kv_heads, [&](int head) { ProjectHead(t, w, layer, a, head); });
  if (!w.Sync()) return false;
  if (t.layer == h_.layers - 1) t.from = t.count - t.wanted;
  if (t.rows() == 0) return true;
  if (!(DecodePath(t.count) ? AttendDecode(t, w, layer, &a) : AttendPrefill(t, w, layer, &a))) return false;
  AddProduct(t, w, layer.wo, a);
  if (!w.Sync() || !FeedForward(t, w, layer, &a)) return false;
  AddProduct(t, w, layer.down, a);
  return true;
}

// x += the product of `m` and `a`.
void Forward::AddProduct(const Task& t, const Worker& w, const PanelMatrix& m, const QuantizedRows& a) {
  ForEachChunk(w, m, t.count, 1, [&](int begin, int end) {
    const int first = begin * kernels_.lanes, columns = std::min(end * kernels_.lanes, m.rows) - first;
    const Rows<float> x = space_.x.From(t.from, first);
    const Rows<float> tile(w.scratch.tile, (end - begin) * kernels_.lanes);
    for (int i = 0; DecodePath(t.count) && i < t.rows(); ++i) PrefetchForWrite(x.Row(i), columns);
    Multiply(w, m, a.At(m, 0), t.rows(), begin, end, tile);
    for (int i = 0; i < t.rows(); ++i) {
      float* sum = x.Row(i);
      const float* y = tile.Row(i);
      for (int j = 0; j < columns; ++j) sum[j] += y[j];
    }
  });
}

bool Forward::FeedForward(const Task& t, const Worker& w, const LayerWeights& layer, QuantizedRows* out) {
  const int lanes = kernels_.lanes;
  QuantizedRows a;
  QuantizeInput(t, w, space_.x, &layer.ffn_norm, {&layer.gate, &layer.up}, LayerInput::kFfn, &a);
  ForEachChunk(w, layer.gate, t.count, 1, [&](int begin, int end) {
    const int first = begin * lanes, columns = std::min(end * lanes, h_.ffn) - first;
    // A row of the tile: `lanes` values of gate, as many of up, the next of gate ... Panels are read in memory order.
    const Rows<float> tile(w.scratch.tile, 2 * (end - begin) * lanes);
    if (layer.gate_up_is_one()) {
      PanelMatrix both = layer.gate;
      both.panel_stride = both.panel_bytes;
      Multiply(w, both, a.At(both, 0), t.rows(), 2 * begin, 2 * end, tile);
    } else {
      for (int p = begin; p < end; ++p) {
        const Rows<float> panel = tile.From(0, 2 * (p - begin) * lanes);
        Multiply(w, layer.gate, a.At(layer.gate, 0), t.rows(), p, p + 1, panel);
        Multiply(w, layer.up, a.At(layer.up, 0), t.rows(), p, p + 1, panel.From(0, lanes));
      }
    }
    for (int i = 0; i < t.rows(); ++i) kernels_.silu_pairs(tile.Row(i), columns, space_.ffn.At(t.from + i, first));
    if (DecodePath(t.count)) QuantizeFinishedParts(t, space_.ffn, layer.down, first, first + columns);
  });
  *out = space_.shared;
  if (!w.Sync()) return false;
  if (!DecodePath(t.count)) QuantizeInput(t, w, space_.ffn, nullptr, {&layer.down}, LayerInput::kDown, out);
  return true;
}

}  // namespace paddock
