#include "model/forward.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "model/rope.h"
#include "ops/own_lines.h"
#include "quant/dequantize.h"

namespace paddock {
namespace {

constexpr int kTileRows = 64;              // output rows of a chunk with many tokens
constexpr int kFewTileRows = 1024;         // the most with few tokens
constexpr size_t kChunkBytes = 128 << 10;  // weights of a chunk with few tokens

// `added` of the `all` pieces that `ready` counts are there now. True for the thread that completes them: it sees what
// the others have written, and the count begins anew.
bool Completes(std::atomic<int>& ready, int added, int all) {
  if (ready.fetch_add(added, std::memory_order_acq_rel) + added < all) return false;
  ready.store(0, std::memory_order_relaxed);
  return true;
}

}  // namespace

// What one Run() works on; shared by its threads.
struct Forward::Task {
  std::span<const int32_t> tokens;
  int first;   // position of tokens[0]
  int wanted;  // tokens that go through all layers, at the end
  int layer = 0;
  int total = static_cast<int>(tokens.size());
  int from = 0;  // rows before this one are no longer needed (last layer)

  int count() const { return total; }
  int rows() const { return total - from; }
};

Forward::Forward(const Hyperparameters& h, const Weights& weights, const KernelTable& kernels, ThreadPool& pool,
                 KvCache& cache)
    : h_(h),
      weights_(weights),
      kernels_(kernels),
      pool_(pool),
      cache_(cache),
      few_threads_(pool.size()),
      many_threads_(pool.size()),
      ready_columns_(static_cast<size_t>(std::max(h.feed_forward, h.q_rows()) / QuantizedRows::kPart + 1)),
      ready_segments_(static_cast<size_t>(h.kv_heads)) {}

uint64_t Forward::LayOut(const Hyperparameters& h, const KernelTable& k, int threads, int context, uint8_t* base,
                         Forward* out) {
  Arena layout(base);
  const auto pad = [](int n) { return static_cast<size_t>((n + kMaxLanes - 1) / kMaxLanes * kMaxLanes); };
  const size_t batch = kMaxBatch, few = kFewTokens;
  const size_t widest = static_cast<size_t>(std::max({h.hidden, h.feed_forward, h.q_rows()}));
  const size_t segments = static_cast<size_t>((context + kSegmentKeys - 1) / kSegmentKeys);
  layout.Take(&out->x_, batch * pad(h.hidden));
  layout.Take(&out->q_, batch * pad(h.q_rows()));
  layout.Take(&out->attended_, batch * pad(h.q_rows()));
  layout.Take(&out->hidden_, batch * pad(h.feed_forward));
  layout.Take(&out->logits_, static_cast<size_t>(kMaxLogitRows) * pad(h.vocabulary));
  layout.Take(&out->logit_max_,
              static_cast<size_t>(kMaxLogitRows) * LogitRow::BlockCount(static_cast<size_t>(h.vocabulary)));
  layout.Take(&out->cos_, batch * static_cast<size_t>(h.rope_dim / 2));
  layout.Take(&out->sin_, batch * static_cast<size_t>(h.rope_dim / 2));
  layout.Take(&out->segment_max_, few * segments * static_cast<size_t>(h.heads));
  layout.Take(&out->segment_sum_, few * segments * static_cast<size_t>(h.heads));
  layout.Take(&out->segment_o_, few * segments * static_cast<size_t>(h.q_rows()));
  layout.Take(&out->frequencies_, static_cast<size_t>(h.rope_dim / 2));
  out->shared_.Take(&layout, batch, widest);
  out->threads_.resize(static_cast<size_t>(threads));
  const size_t tile = std::max({batch * static_cast<size_t>(kTileRows), few * static_cast<size_t>(kFewTileRows),
                                batch * static_cast<size_t>(h.head_dim)});
  for (PerThread& t : out->threads_) {
    t.own.Take(&layout, few, widest);
    layout.Take(&t.row, widest);
    layout.Take(&t.tile, 2 * tile);
    t.attend.Take(&layout, h.group(), h.head_dim);
    layout.Take(&t.half, static_cast<size_t>(h.head_dim));
    layout.Take(&t.byte, static_cast<size_t>(h.head_dim));
    layout.Take(&t.byte_scale, static_cast<size_t>(h.head_dim / kKvBlock + 1));
    layout.Take(&t.byte_sum, static_cast<size_t>(h.head_dim / kKvBlock + 1));
    layout.Take(&t.scratch, k.scratch_bytes);
  }
  return layout.used();
}

uint64_t Forward::ScratchBytes(const Hyperparameters& h, const KernelTable& kernels, int threads, int context) {
  static const Weights kNoWeights{};
  ThreadPool pool(1);
  KvCache cache;
  Forward measure(h, kNoWeights, kernels, pool, cache);
  return LayOut(h, kernels, threads, context, nullptr, &measure);
}

bool Forward::Allocate(int context) {
  context_ = context;
  if (!memory_.Allocate(LayOut(h_, kernels_, pool_.size(), context, nullptr, this))) return false;
  LayOut(h_, kernels_, pool_.size(), context, memory_.data(), this);
  logit_stride_ = static_cast<size_t>(Padded(h_.vocabulary));
  RopeFrequencies(h_, weights_, frequencies_);
  return true;
}

Status Forward::Run(std::span<const int32_t> tokens, int first, int wanted, const std::atomic<bool>* cancel,
                    const std::function<void(int)>& progress) {
  assert(std::all_of(tokens.begin(), tokens.end(), [&](int32_t id) { return id >= 0 && id < h_.vocabulary; }));
  const Task task{tokens, first, wanted};
  // Nothing is quantized before all rows are floats.
  uint8_t* const rows = reinterpret_cast<uint8_t*>(shared_.floats());
  PADDOCK_RETURN_IF_ERROR(weights_.embedding.Read(tokens, rows));
  last_count_ = task.count();
  last_wanted_ = wanted;
  // What a cancelled pass left.
  for (std::atomic<int>& ready : ready_columns_) ready.store(0, std::memory_order_relaxed);
  for (std::atomic<int>& ready : ready_segments_) ready.store(0, std::memory_order_relaxed);
  bool finished = true;
  pool_.Run(cancel, Threads(task.count()), [&](int thread) {
    Task mine = task;
    Embed(mine, rows, thread);
    bool running = pool_.Sync(thread);
    for (mine.layer = 0; running && mine.layer < h_.layers; ++mine.layer) {
      running = Layer(mine, thread);
      if (running && thread == 0 && progress) progress(mine.layer + 1);
    }
    if (running && wanted > 0 && wanted <= kMaxLogitRows) HeadRows(mine, thread);
    if (thread == 0) finished = running;
  });
  if (finished && !(cancel != nullptr && cancel->load(std::memory_order_relaxed))) return Status::Ok();
  return {Code::kCancelled, "Computing was cancelled."};
}

void Forward::RunLayers(std::span<const int32_t> tokens, int begin, int end) {
  const Task task{tokens, 0, static_cast<int>(tokens.size())};
  pool_.Run(nullptr, Threads(task.count()), [&](int thread) {
    Task mine = task;
    for (mine.layer = begin; mine.layer < end; ++mine.layer) Layer(mine, thread);
  });
}

bool Forward::Head(int begin, int count, const std::atomic<bool>* cancel) {
  Task task{{}, 0, count};
  task.total = last_count_ - last_wanted_ + begin + count;
  task.from = task.total - count;
  pool_.Run(cancel, Threads(count), [&](int thread) {
    Task mine = task;
    HeadRows(mine, thread);
  });
  return !(cancel != nullptr && cancel->load(std::memory_order_relaxed));
}

void Forward::HeadRows(Task& t, int thread) {
  QuantizedRows a;
  Prepare(t, thread, x_, h_.hidden, &weights_.output_norm, {&weights_.head}, std::nullopt, &a);
  const int block_panels = static_cast<int>(kLogitBlock) / kernels_.lanes;
  EachChunk(weights_.head, t.rows(), thread, block_panels, [&](int begin, int end) {
    Multiply(weights_.head, a, 0, t.rows(), begin, end, logits_ + begin * kernels_.lanes, logit_stride_, thread);
    for (int i = 0; i < t.rows(); ++i) {
      const LogitRow row = Logits(i);
      for (int block = begin / block_panels; block * block_panels < end; ++block)
        row.Update(static_cast<size_t>(block));
    }
  });
}

LogitRow Forward::Logits(int row) const {
  const size_t vocabulary = static_cast<size_t>(h_.vocabulary), blocks = LogitRow::BlockCount(vocabulary);
  const size_t i = static_cast<size_t>(row);
  return {{logits_ + i * logit_stride_, vocabulary}, {logit_max_ + i * blocks, blocks}};
}

void Forward::Embed(Task& t, const uint8_t* rows, int thread) {
  const EmbeddingRows& e = weights_.embedding;
  const int half = h_.rope_dim / 2;
  for (int i; (i = pool_.Claim(thread, t.count())) < t.count();) {
    Dequantize(e.type(), rows + static_cast<size_t>(i) * e.row_bytes(), static_cast<size_t>(h_.hidden),
               x_ + static_cast<size_t>(i) * static_cast<size_t>(Padded(h_.hidden)));
    for (int j = 0; j < half; ++j) {
      const float angle = static_cast<float>(t.first + i) * frequencies_[j];
      cos_[i * half + j] = std::cos(angle);
      sin_[i * half + j] = std::sin(angle);
    }
  }
}

// Makes the current rows of x ready for the matrices in `users`.
void Forward::Prepare(Task& t, int thread, const float* x, int columns, const std::vector<float>* norm,
                      std::initializer_list<const PanelMatrix*> users, std::optional<LayerInput> input,
                      QuantizedRows* out) {
  const bool few = Few(t.count());
  *out = few ? threads_[static_cast<size_t>(thread)].own : shared_;
  const size_t stride = static_cast<size_t>(Padded(columns));
  float* normalized = threads_[static_cast<size_t>(thread)].row;
  const auto quantize = [&](int row) {
    const float* from = x + static_cast<size_t>(t.from + row) * stride;
    if (norm != nullptr) kernels_.rms_norm(from, norm->data(), columns, h_.norm_epsilon, normalized);
    const float* ready = norm != nullptr ? normalized : from;
    if (observer_ != nullptr && input) observer_->Add(thread, t.layer, *input, ready);
    out->Set(kernels_, static_cast<size_t>(row), ready, columns, users);
  };
  if (few) {
    for (int row = 0; row < t.rows() && pool_.Joined(thread); ++row) quantize(row);
    return;
  }
  for (int row; (row = pool_.Claim(thread, t.rows())) < t.rows();) quantize(row);
  pool_.Sync(thread);  // a cancelled pass goes on to the end of its phase
}

// Columns begin .. end - 1 of the rows of x, `user`'s input, are there: the parts that are complete with them are
// quantized, for all threads. It spares them fetching a row of which another core has written half.
void Forward::Share(Task& t, const float* x, const PanelMatrix& user, int begin, int end) {
  constexpr int kPart = QuantizedRows::kPart;
  const size_t stride = static_cast<size_t>(Padded(user.columns));
  for (int part = begin / kPart; part * kPart < end; ++part) {
    const int first = part * kPart, columns = std::min(kPart, user.columns - first);
    const int added = std::min(end, first + columns) - std::max(begin, first);
    if (added < columns && !Completes(ready_columns_[static_cast<size_t>(part)], added, columns)) continue;
    for (int i = 0; i < t.rows(); ++i) {
      shared_.SetPart(kernels_, static_cast<size_t>(i), user.columns,
                      x + static_cast<size_t>(t.from + i) * stride + first, first, columns, {&user});
    }
  }
}

void Forward::Multiply(const PanelMatrix& w, const QuantizedRows& a, int row, int tokens, int panel_begin,
                       int panel_end, float* out, size_t out_stride, int thread) const {
  kernels_.matmul(
      w.type, {w.panels, w.panel_stride, w.columns, panel_begin, panel_end, tokens, a.At(w, static_cast<size_t>(row)),
               out, out_stride, threads_[static_cast<size_t>(thread)].scratch});
}

// Shares the panels of `w` out; epilogue(begin, end) is called for each claimed range, which begins at a multiple of
// `multiple`.
template <typename Epilogue>
void Forward::EachChunk(const PanelMatrix& w, int tokens, int thread, int multiple, Epilogue epilogue) {
  int step = kTileRows / kernels_.lanes;
  if (Few(tokens)) {
    // No more than half of a thread's share, so that a late thread is made up for.
    step = static_cast<int>(kChunkBytes / w.panel_bytes) + 1;
    step = std::min({step, kFewTileRows / kernels_.lanes, std::max(1, w.panel_count / (2 * pool_.active()))});
  }
  // As many of the same size for each thread.
  const auto divide_up = [](int a, int b) { return (a + b - 1) / b; };
  const int units = divide_up(w.panel_count, multiple), needed = divide_up(units, std::max(1, step / multiple));
  const int chunks = std::min(units, divide_up(needed, pool_.active()) * pool_.active());
  const auto bound = [&](int chunk) {
    return static_cast<int>(static_cast<int64_t>(units) * chunk / chunks) * multiple;
  };
  for (int chunk; (chunk = pool_.Claim(thread, chunks)) < chunks;)
    epilogue(bound(chunk), std::min(bound(chunk + 1), w.panel_count));
}

// One head of q, k or v for all tokens: product, bias, norm, rotation, and its place in the cache.
void Forward::ProjectHead(Task& t, const LayerWeights& layer, const QuantizedRows& a, int head, int thread) {
  const bool is_q = head < h_.heads, is_k = !is_q && head < h_.heads + h_.kv_heads;
  const PanelMatrix& w = is_q ? layer.wq : is_k ? layer.wk : layer.wv;
  const std::vector<float>& bias = is_q ? layer.bq : is_k ? layer.bk : layer.bv;
  const std::vector<float>* norm = is_q ? &layer.q_norm : is_k ? &layer.k_norm : nullptr;
  const int index = is_q ? head : is_k ? head - h_.heads : head - h_.heads - h_.kv_heads;
  const int dim = h_.head_dim, panels = dim / kernels_.lanes, half = h_.rope_dim / 2;
  PerThread& mine = threads_[static_cast<size_t>(thread)];
  // Queries of rows whose logits nobody wants are not needed in the last layer; their keys and values are.
  const int begin = is_q ? t.count() - (t.layer == h_.layers - 1 ? t.wanted : t.count()) : 0;
  if (begin == t.count()) return;
  Multiply(w, a, begin, t.count() - begin, index * panels, (index + 1) * panels, mine.tile, static_cast<size_t>(dim),
           thread);
  for (int i = begin; i < t.count(); ++i) {
    float* row = mine.tile + static_cast<size_t>(i - begin) * static_cast<size_t>(dim);
    if (!bias.empty()) {
      for (int j = 0; j < dim; ++j) row[j] += bias[static_cast<size_t>(index * dim + j)];
    }
    if (norm != nullptr && !norm->empty()) kernels_.rms_norm(row, norm->data(), dim, h_.norm_epsilon, row);
    if (is_q) {
      Rotate(h_, cos_ + i * half, sin_ + i * half, row);
      const float scale = 1.0f / std::sqrt(static_cast<float>(dim));
      float* out =
          q_ + static_cast<size_t>(i) * static_cast<size_t>(Padded(h_.q_rows())) + static_cast<size_t>(index * dim);
      for (int j = 0; j < dim; ++j) out[j] = row[j] * scale;
    } else if (is_k) {
      Rotate(h_, cos_ + i * half, sin_ + i * half, row);
      Store(row, true, t.layer, index, t.first + i, thread);
    } else {
      Store(row, false, t.layer, index, t.first + i, thread);
    }
  }
}

// Puts a key or a value into the cache, as what the cache holds.
void Forward::Store(const float* head, bool is_key, int layer, int kv_head, int position, int thread) {
  PerThread& mine = threads_[static_cast<size_t>(thread)];
  const int dim = h_.head_dim;
  const auto store = [&](const auto* elements, const uint16_t* scales) {
    if (is_key) {
      cache_.StoreKey(layer, kv_head, position, elements, scales);
    } else {
      cache_.StoreValue(layer, kv_head, position, elements, scales);
    }
  };
  if (cache_.type() == KvType::kF16) {
    kernels_.to_half(head, dim, mine.half);
    return store(mine.half, nullptr);
  }
  static_assert(kKvBlock == 32);
  kernels_.quantize_32(head, dim, mine.byte, mine.byte_scale, mine.byte_sum);
  kernels_.to_half(mine.byte_scale, dim / kKvBlock, mine.half);
  store(mine.byte, mine.half);
}

// Many tokens: one kv head, some tokens, all segments in order.
void Forward::AttendBlock(Task& t, int kv_head, int token_begin, int token_end, int thread) {
  const size_t stride = static_cast<size_t>(Padded(h_.q_rows()));
  const size_t at = static_cast<size_t>(token_begin) * stride + static_cast<size_t>(kv_head * h_.group() * h_.head_dim);
  AttendTokens(kernels_, cache_,
               {t.layer, kv_head, h_.group(), h_.head_dim, 0, t.first + token_begin, token_end - token_begin, q_ + at,
                stride, attended_ + at, stride},
               threads_[static_cast<size_t>(thread)].attend);
}

// Few tokens: one kv head and one segment; MergeSegments() puts the parts together.
void Forward::AttendSegment(Task& t, int kv_head, int segment, int thread) {
  PerThread& mine = threads_[static_cast<size_t>(thread)];
  const int dim = h_.head_dim, group = h_.group(), begin = segment * kSegmentKeys;
  const int segments = (context_ + kSegmentKeys - 1) / kSegmentKeys;
  for (int i = t.from; i < t.count(); ++i) {
    const int valid = std::min(kSegmentKeys, t.first + i - begin + 1);
    if (valid <= 0) continue;
    for (int r = 0; r < group; ++r) mine.attend.valid[r] = valid;
    const size_t part = static_cast<size_t>((i * segments + segment) * h_.heads + kv_head * group);
    AttendArgs args{};
    args.q = q_ + static_cast<size_t>(i) * static_cast<size_t>(Padded(h_.q_rows())) +
             static_cast<size_t>(kv_head * group * dim);
    args.rows = group;
    args.head_dim = dim;
    args.valid = mine.attend.valid;
    args.scores = mine.attend.scores;
    args.max = segment_max_ + part;
    args.sum = segment_sum_ + part;
    args.o = segment_o_ + part * static_cast<size_t>(dim);
    cache_.Locate(t.layer, kv_head, begin, &args);
    kernels_.attend(args);
  }
}

void Forward::MergeSegments(Task& t, int kv_head) {
  const int dim = h_.head_dim, segments = (context_ + kSegmentKeys - 1) / kSegmentKeys;
  for (int i = t.from; i < t.count(); ++i) {
    for (int head = kv_head * h_.group(); head < (kv_head + 1) * h_.group(); ++head) {
      float max = 0, sum = 0;
      float* o = attended_ + static_cast<size_t>(i) * static_cast<size_t>(Padded(h_.q_rows())) +
                 static_cast<size_t>(head * dim);
      for (int s = 0; s * kSegmentKeys <= t.first + i; ++s) {
        const size_t part = static_cast<size_t>((i * segments + s) * h_.heads + head);
        const float* part_o = segment_o_ + part * static_cast<size_t>(dim);
        if (s == 0) {
          max = segment_max_[part];
          sum = segment_sum_[part];
          std::memcpy(o, part_o, static_cast<size_t>(dim) * sizeof(float));
        } else {
          kernels_.merge(&max, &sum, o, segment_max_[part], segment_sum_[part], part_o, dim);
        }
      }
      const float inverse = 1.0f / sum;
      for (int j = 0; j < dim; ++j) o[j] *= inverse;
    }
  }
}

bool Forward::Layer(Task& t, int thread) {
  const LayerWeights& layer = weights_.layers[static_cast<size_t>(t.layer)];
  PerThread& mine = threads_[static_cast<size_t>(thread)];
  QuantizedRows a;
  Prepare(t, thread, x_, h_.hidden, &layer.attention_norm, {&layer.wq, &layer.wk, &layer.wv}, LayerInput::kAttention,
          &a);
  const int heads = h_.heads + 2 * h_.kv_heads;
  for (int head; (head = pool_.Claim(thread, heads)) < heads;) ProjectHead(t, layer, a, head, thread);
  if (!pool_.Sync(thread)) return false;
  if (t.layer == h_.layers - 1) t.from = t.count() - t.wanted;
  if (t.rows() == 0) return true;

  if (Few(t.count())) {
    const int segments = (t.first + t.count() - 1) / kSegmentKeys + 1;
    const int units = segments * h_.kv_heads;
    // One segment after the other of a head, since each asks for the next one's keys.
    for (int unit; (unit = pool_.Claim(thread, units)) < units;) {
      const int kv_head = unit / segments, columns = h_.group() * h_.head_dim;
      AttendSegment(t, kv_head, unit % segments, thread);
      if (!Completes(ready_segments_[static_cast<size_t>(kv_head)], 1, segments)) continue;
      MergeSegments(t, kv_head);
      Share(t, attended_, layer.wo, kv_head * columns, (kv_head + 1) * columns);
    }
    if (!pool_.Sync(thread)) return false;
    a = shared_;
  } else {
    const int blocks = (t.rows() + kAttendTokens - 1) / kAttendTokens;
    // The last tokens see the most keys: they are begun first.
    const int units = blocks * h_.kv_heads;
    for (int unit; (unit = pool_.Claim(thread, units)) < units;) {
      const int begin = t.from + (blocks - 1 - unit / h_.kv_heads) * kAttendTokens;
      AttendBlock(t, unit % h_.kv_heads, begin, std::min(begin + kAttendTokens, t.count()), thread);
    }
    if (!pool_.Sync(thread)) return false;
    Prepare(t, thread, attended_, h_.q_rows(), nullptr, {&layer.wo}, LayerInput::kOutput, &a);
  }

  const auto add_to_x = [&](const PanelMatrix& w) {
    EachChunk(w, t.count(), thread, 1, [&](int begin, int end) {
      const int first_row = begin * kernels_.lanes, rows = std::min(end * kernels_.lanes, w.rows) - first_row;
      const size_t stride = static_cast<size_t>((end - begin) * kernels_.lanes);
      const auto x_row = [&](int i) {
        return x_ + static_cast<size_t>(t.from + i) * static_cast<size_t>(Padded(h_.hidden)) + first_row;
      };
      for (int i = 0; Few(t.count()) && i < t.rows(); ++i) OwnLines(x_row(i), rows);
      Multiply(w, a, 0, t.rows(), begin, end, mine.tile, stride, thread);
      for (int i = 0; i < t.rows(); ++i) {
        float* x = x_row(i);
        const float* y = mine.tile + static_cast<size_t>(i) * stride;
        for (int j = 0; j < rows; ++j) x[j] += y[j];
      }
    });
  };
  add_to_x(layer.wo);
  if (!pool_.Sync(thread)) return false;
  if (!FeedForward(t, layer, thread)) return false;
  if (Few(t.count())) {
    a = shared_;
  } else {
    Prepare(t, thread, hidden_, h_.feed_forward, nullptr, {&layer.down}, LayerInput::kDown, &a);
  }
  add_to_x(layer.down);
  return pool_.Sync(thread);
}

bool Forward::FeedForward(Task& t, const LayerWeights& layer, int thread) {
  PerThread& mine = threads_[static_cast<size_t>(thread)];
  QuantizedRows a;
  Prepare(t, thread, x_, h_.hidden, &layer.feed_forward_norm, {&layer.gate, &layer.up}, LayerInput::kFeedForward, &a);
  EachChunk(layer.gate, t.count(), thread, 1, [&](int begin, int end) {
    const int first_row = begin * kernels_.lanes, rows = std::min(end * kernels_.lanes, h_.feed_forward) - first_row;
    // Rows of the tile: lanes of gate, as many of up, the next of gate ... As panels lie in memory, so they are read.
    const size_t stride = static_cast<size_t>(2 * (end - begin) * kernels_.lanes);
    if (layer.gate_up_is_one()) {
      PanelMatrix both = layer.gate;
      both.panel_stride = both.panel_bytes;
      Multiply(both, a, 0, t.rows(), 2 * begin, 2 * end, mine.tile, stride, thread);
    } else {
      for (int p = begin; p < end; ++p) {
        float* out = mine.tile + 2 * (p - begin) * kernels_.lanes;
        Multiply(layer.gate, a, 0, t.rows(), p, p + 1, out, stride, thread);
        Multiply(layer.up, a, 0, t.rows(), p, p + 1, out + kernels_.lanes, stride, thread);
      }
    }
    for (int i = 0; i < t.rows(); ++i) {
      float* hidden =
          hidden_ + static_cast<size_t>(t.from + i) * static_cast<size_t>(Padded(h_.feed_forward)) + first_row;
      kernels_.silu_pairs(mine.tile + static_cast<size_t>(i) * stride, rows, hidden);
    }
    if (Few(t.count())) Share(t, hidden_, layer.down, first_row, first_row + rows);
  });
  return pool_.Sync(thread);
}

}  // namespace paddock
