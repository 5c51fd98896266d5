// The forward pass: tokens in, logits out.
//
// Five phases per layer, with one meeting of the threads between them: normalize + q, k, v + norms of heads, if any,
// + rotation + cache; attention; output projection + residual; normalize + gate, up + activation; down projection +
// residual. With few tokens every thread normalizes for itself, which is cheaper than meeting once more, and what needs
// no norm is quantized part by part by who completes it; with many the tokens are shared out and the threads meet in
// between. Both give the same bits, as do all batch sizes and thread counts: each output row of each token is computed
// by one thread over the whole reduced dimension in one fixed order.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <span>

#include "base/buffer.h"
#include "base/status.h"
#include "kernels/kernel_table.h"
#include "model/attend_tokens.h"
#include "model/importance.h"
#include "model/kv_cache.h"
#include "model/logit_row.h"
#include "model/quantized_rows.h"
#include "model/weights.h"
#include "ops/thread_pool.h"

namespace paddock {

// The most tokens of one pass: enough to use each unpacked weight often, few enough to fit the caches.
inline constexpr int kMaxBatch = 256;
// The most rows of logits of one pass.
inline constexpr int kMaxLogitRows = 32;

class Forward {
 public:
  Forward(const Hyperparameters& h, const Weights& weights, const KernelTable& kernels, ThreadPool& pool,
          KvCache& cache);

  static uint64_t ScratchBytes(const Hyperparameters& h, const KernelTable& kernels, int threads, int context);
  // False when there is not enough memory.
  bool Allocate(int context);

  // Evaluates tokens at positions first .. first + tokens.size() - 1, whose predecessors are in the cache, and writes
  // their keys and values. The last `wanted` tokens go through all layers; up to kMaxLogitRows of them get their logits
  // at once, more by Head(). `progress`, called on the calling thread after each layer, gets the number of finished
  // layers. kCancelled, or as EmbeddingRows::Read(): the cache then holds garbage at these positions and is whole
  // before them.
  Status Run(std::span<const int32_t> tokens, int first, int wanted, const std::atomic<bool>* cancel,
             const std::function<void(int)>& progress);

  // How many threads take part in passes over few tokens, as when decoding, and over many. All, until this is called.
  void SetThreads(int few, int many) {
    few_threads_ = few;
    many_threads_ = many;
  }
  // Up to here every thread normalizes for itself and attention is shared out by segments.
  static constexpr int kFewTokens = 4;

  // Adds what each matrix of the layers is multiplied with to `sums`, until this is called with null. Only passes of
  // more than kFewTokens count every row once.
  void Observe(ImportanceSums* sums) { observer_ = sums; }

  // Only the layers begin .. end - 1 of as many tokens as are given, for the sake of the time that they take; the cache
  // holds garbage at the positions of the tokens afterwards.
  void RunLayers(std::span<const int32_t> tokens, int begin, int end);

  // Logits of `count` (at most kMaxLogitRows) of the tokens that the last Run() wanted, from the one with index
  // `begin` among them.
  bool Head(int begin, int count, const std::atomic<bool>* cancel);

  // Row i of the latest logits.
  LogitRow Logits(int row) const;

 private:
  struct Task;

  int Padded(int rows) const { return (rows + kMaxLanes - 1) / kMaxLanes * kMaxLanes; }
  // Lays out all buffers at `base` (null to measure); returns the bytes.
  static uint64_t LayOut(const Hyperparameters& h, const KernelTable& k, int threads, int context, uint8_t* base,
                         Forward* out);

  // `rows` are those of the embedding, as in the file, [tokens][row_bytes()].
  void Embed(Task& t, const uint8_t* rows, int thread);
  void HeadRows(Task& t, int thread);
  void Prepare(Task& t, int thread, const float* x, int columns, const std::vector<float>* norm,
               std::initializer_list<const PanelMatrix*> users, std::optional<LayerInput> input, QuantizedRows* out);
  void Share(Task& t, const float* x, const PanelMatrix& user, int begin, int end);
  void Multiply(const PanelMatrix& w, const QuantizedRows& a, int row, int tokens, int panel_begin, int panel_end,
                float* out, size_t out_stride, int thread) const;
  void ProjectHead(Task& t, const LayerWeights& layer, const QuantizedRows& a, int head, int thread);
  void Store(const float* head, bool is_key, int layer, int kv_head, int position, int thread);
  void AttendBlock(Task& t, int kv_head, int token_begin, int token_end, int thread);
  void AttendSegment(Task& t, int kv_head, int segment, int thread);
  void MergeSegments(Task& t, int kv_head);
  bool Layer(Task& t, int thread);
  bool FeedForward(Task& t, const LayerWeights& layer, int thread);
  template <typename Epilogue>
  void EachChunk(const PanelMatrix& w, int tokens, int thread, int multiple, Epilogue epilogue);
  bool Few(int tokens) const { return tokens <= kFewTokens; }
  int Threads(int tokens) const { return Few(tokens) ? few_threads_ : many_threads_; }

  const Hyperparameters& h_;
  const Weights& weights_;
  const KernelTable& kernels_;
  ThreadPool& pool_;
  KvCache& cache_;
  Buffer memory_;
  ImportanceSums* observer_ = nullptr;
  int context_ = 0;
  int few_threads_, many_threads_;

  float *x_, *q_, *attended_, *hidden_, *logits_;   // [batch][...], rows padded
  float* logit_max_;                                // [kMaxLogitRows][blocks of logits]
  float *cos_, *sin_;                               // [batch][rope_dim / 2]
  float *segment_max_, *segment_sum_, *segment_o_;  // [few][segments][heads](, [head_dim])
  float* frequencies_;                              // [rope_dim / 2] radians per position
  QuantizedRows shared_;
  // Of this phase: columns of each part of shared_ that are there, and segments of each kv head.
  std::vector<std::atomic<int>> ready_columns_, ready_segments_;
  struct PerThread {
    QuantizedRows own;
    float* row;   // [widest]: a normalized one
    float* tile;  // results of a chunk before its epilogue; of two matrices at a time
    AttendScratch attend;
    uint16_t* half;     // [head_dim]: a key or value, or the scales of
    int8_t* byte;       // ... one in bytes
    float* byte_scale;  // [head_dim / kKvBlock]
    int16_t* byte_sum;
    uint8_t* scratch;
  };
  std::vector<PerThread> threads_;
  int last_count_ = 0, last_wanted_ = 0;  // tokens of the last Run(), and how many of them went through all layers
  size_t logit_stride_ = 0;
};

}  // namespace paddock
