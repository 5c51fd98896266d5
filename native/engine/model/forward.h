// The forward pass: tokens in, logits out.
//
// A layer has five phases with one barrier after each: (1) normalize, q, k, v, head norms, rotation, cache; (2)
// attention; (3) output projection + residual; (4) normalize, gate, up, activation; (5) down projection + residual.
// There are two paths with the same bits. On the decode path (up to kDecodeRows rows) each thread normalizes for
// itself, which is cheaper than one more barrier, and the last thread to finish a part of an activation row quantizes
// it. On the prefill path the rows are shared out, with a barrier in between. The bits do not depend on the batch size
// or the thread count either: one thread computes each output row of each token over the whole reduced dimension in one
// order.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/buffer.h"
#include "base/rows.h"
#include "base/status.h"
#include "model/attend_tokens.h"
#include "model/importance.h"
#include "model/kv_pages.h"
#include "model/logit_row.h"
#include "model/model.h"
#include "model/quantized_rows.h"
#include "ops/thread_pool.h"

namespace paddock {

// The most tokens of one pass: enough to use each unpacked weight often, few enough to fit the caches.
inline constexpr int kMaxBatch = 256;
// The most rows of logits of one pass.
inline constexpr int kMaxLogitRows = 32;

// Neighbouring tokens of one sequence, at positions first .. first + tokens.size() - 1. The table has pages for them,
// and the keys and values of all tokens before them.
struct BatchRun {
  const KvTable* kv;
  int first;
  std::span<const int32_t> tokens;
};

// The rows of one pass: at most kMaxBatch tokens. The last `wanted` of them go through all layers; with several runs
// these are all tokens.
struct Batch {
  std::vector<BatchRun> runs;
  int wanted = 0;

  int count() const {
    size_t tokens = 0;
    for (const BatchRun& run : runs) tokens += run.tokens.size();
    return static_cast<int>(tokens);
  }
};

class Forward;

// A pass that can be broken off between layers and gone on with after others. The bits are those of a whole one.
class Pass {
 public:
  explicit Pass(Batch batch) : batch_(std::move(batch)), count_(batch_.count()) {}
  ~Pass();
  Pass(const Pass&) = delete;
  Pass& operator=(const Pass&) = delete;

  bool done() const { return done_; }
  int count() const { return count_; }

 private:
  friend Forward;
  const Batch batch_;
  const int count_;
  int layer_ = 0;  // the next one
  bool begun_ = false, done_ = false;
  std::vector<float> x_;        // [count][embedding] after the last layer, while another pass uses the workspace
  Forward* forward_ = nullptr;  // whose workspace has them otherwise
};

class Forward {
 public:
  Forward(const Model& model, const Team& team);

  // The memory that Allocate() takes.
  static uint64_t ScratchBytes(const Hyperparameters& h, const KernelTable& kernels, int threads, int context);
  // False when there is not enough memory.
  bool Allocate(int context);

  // Goes on with `pass` until it is done or, between two layers, `deadline` is over. Writes keys and values. If
  // `wanted` of the batch is at most kMaxLogitRows, the logits of these tokens are then computed; otherwise
  // ComputeLogits() does it. `progress`, called on the calling thread after each layer, gets the number of finished
  // layers. Returns kCancelled, or what EmbeddingRows::Read() returns: the pass is then over, and the tables hold
  // garbage at its positions.
  Status Run(Pass* pass, const std::atomic<bool>* cancel, ThreadPool::Deadline deadline,
             const std::function<void(int)>& progress);
  // The same, whole.
  Status Run(Batch batch, const std::atomic<bool>* cancel, const std::function<void(int)>& progress);

  // The threads that take part on the decode path and on the prefill path; all, until this is called.
  void SetThreads(int decode, int prefill) {
    decode_threads_ = decode;
    prefill_threads_ = prefill;
  }
  // Passes of up to this many rows take the decode path.
  static constexpr int kDecodeRows = 4;

  // Adds the input of each matrix of the layers to `sums`, until this is called with null. Only the prefill path counts
  // every row once.
  void Observe(ImportanceSums* sums) { observer_ = sums; }

  // Runs layers begin .. end - 1 on arbitrary rows, to measure the time. Leaves garbage at the positions of the tokens.
  void RunLayers(const Batch& batch, int begin, int end);

  // Computes the logits of `count` (at most kMaxLogitRows) of the tokens that the last Run() wanted, from index `begin`
  // among them. False when cancelled.
  bool ComputeLogits(int begin, int count, const std::atomic<bool>* cancel);

  // Row `row` of the latest logits.
  LogitRow Logits(int row) const;

 private:
  friend Pass;
  struct Task;
  struct Worker;
  // Where a row of a pass belongs.
  struct Place {
    const KvTable* kv;
    int position;
  };
  // Working memory of one thread.
  struct Scratch {
    QuantizedRows own;  // the decode path's input of a product
    float* row;         // [widest]: a normalized one
    float* tile;        // results of a chunk before its epilogue; of two matrices at a time
    AttendScratch attend;
    uint16_t* half;     // [head_dim] a key or value, or the scales of ...
    int8_t* byte;       // ... one in bytes
    float* byte_scale;  // [head_dim / kKvBlock]
    int16_t* byte_sum;
    uint8_t* matmul;
  };
  // All buffers of a pass.
  struct Workspace {
    Rows<float> x, q, attended, ffn;         // [kMaxBatch][embedding | q_rows | q_rows | ffn], padded
    Rows<float> logits, logit_max;           // [kMaxLogitRows][vocabulary, padded | blocks of logits]
    Rows<float> cos, sin;                    // [kMaxBatch][rope_dim / 2]
    Rows<float> part_max, part_sum, part_o;  // [kDecodeRows * segments][heads | heads | q_rows]
    float* frequencies;                      // [rope_dim / 2] radians per position
    QuantizedRows shared;                    // input of the next product, for all threads
    std::vector<Scratch> threads;

    // Lays all buffers out at `base` (null to measure); returns the bytes.
    uint64_t LayOut(const Hyperparameters& h, const KernelTable& k, int thread_count, int context, uint8_t* base);
  };

  // Makes the workspace that of `pass`; false when it has to bring its rows back.
  bool Occupy(Pass* pass);
  Status Finish(Pass* pass, Status status);
  void SetPlaces(const Batch& batch);
  // `rows` are those of the embedding, as in the file, [tokens][row_bytes()].
  void Embed(const Task& t, const Worker& w, const uint8_t* rows);
  void BringBack(const Task& t, const Worker& w, const Pass& pass);
  void LmHead(const Task& t, const Worker& w);
  void QuantizeInput(const Task& t, const Worker& w, Rows<const float> x, const std::vector<float>* norm,
                     std::initializer_list<const PanelMatrix*> users, std::optional<LayerInput> input,
                     QuantizedRows* out);
  void QuantizeFinishedParts(const Task& t, Rows<const float> x, const PanelMatrix& user, int begin, int end);
  void Multiply(const Worker& w, const PanelMatrix& m, Activations a, int tokens, int panel_begin, int panel_end,
                Rows<float> out) const;
  void ProjectHead(const Task& t, const Worker& w, const LayerWeights& layer, const QuantizedRows& a, int head);
  void StoreInCache(const Task& t, const Worker& w, const float* head, bool is_key, int kv_head, const Place& place);
  void AttendSegment(const Task& t, const Worker& w, int kv_head, int first, int end, int segment);
  void MergeSegments(const Task& t, int kv_head);
  bool AttendDecode(const Task& t, const Worker& w, const LayerWeights& layer, QuantizedRows* out);
  bool AttendPrefill(const Task& t, const Worker& w, const LayerWeights& layer, QuantizedRows* out);
  bool Layer(Task& t, const Worker& w);
  bool FeedForward(const Task& t, const Worker& w, const LayerWeights& layer, QuantizedRows* out);
  void AddProduct(const Task& t, const Worker& w, const PanelMatrix& m, const QuantizedRows& a);
  template <typename Epilogue>
  void ForEachChunk(const Worker& w, const PanelMatrix& m, int tokens, int multiple, Epilogue epilogue);
  static bool DecodePath(int tokens) { return tokens <= kDecodeRows; }
  int Threads(int tokens) const { return DecodePath(tokens) ? decode_threads_ : prefill_threads_; }

  const Hyperparameters& h_;
  const Weights& weights_;
  const KernelTable& kernels_;
  const Team team_;
  Buffer memory_;
  Workspace space_;
  Pass* resident_ = nullptr;   // whose rows are in the workspace
  std::vector<Place> places_;  // [rows] of this pass
  ImportanceSums* observer_ = nullptr;
  int segments_ = 0;  // of the whole context
  int decode_threads_, prefill_threads_;
  // Of this phase: finished columns of each part of space_.shared, and finished segments of each kv head.
  std::vector<std::atomic<int>> ready_columns_, ready_segments_;
  int last_count_ = 0, last_wanted_ = 0;  // tokens of the last Run(), and how many of them went through all layers
};

}  // namespace paddock
