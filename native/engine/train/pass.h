// One pass of training: the loss of a batch, and its derivatives by the numbers of the adapters.
//
// The forward pass uses the kernels of inference: with adapters that add zero the logits are the same bits. The inputs
// of the backward pass are kept per layer, or, with checkpoints, only each layer's input, and computed once more.
// Weights are never formed as floats but tile by tile (train/transposed_product), and neither are their derivatives,
// since they are frozen. Every sum has one order, so the result depends on no number of threads.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/status.h"
#include "model/attend_tokens.h"
#include "model/kv_pages.h"
#include "model/model.h"
#include "model/quantized_rows.h"
#include "ops/thread_pool.h"
#include "train/attention_backward.h"
#include "train/batch.h"
#include "train/lora.h"
#include "train/transposed_product.h"

namespace paddock {

// Derivatives in bfloat16 where the CPU has products of it, or in single precision.
enum class GradientPrecision { kBest, kFloat32 };

struct PassOptions {
  int max_rows = 512;  // of a batch
  int max_samples = kMaxBatchSamples;
  bool checkpoints = false;  // keep only the inputs of layers
  GradientPrecision precision = GradientPrecision::kBest;
};

class TrainingPass {
 public:
  TrainingPass(const Model& model, const Team& team, const Lora& lora, const PassOptions& options);

  // Memory that Allocate() takes, in bytes.
  uint64_t Bytes();
  // False when there is not so much.
  bool Allocate();

  const char* precision() const { return products_.name; }

  // The loss of each counted token in nats, in order. Adapters act without dropout. kCancelled, or as
  // EmbeddingRows::Read().
  Result<std::vector<float>> Loss(const TrainingBatch& batch, const std::atomic<bool>* cancel);

  // The same with dropout; adds `weight` times the derivative of their sum to `gradient`, which is laid out as
  // Lora::values(). After an error `gradient` is undefined.
  Result<std::vector<float>> LossAndGradient(const TrainingBatch& batch, float weight, std::vector<float>* gradient,
                                             const std::atomic<bool>* cancel);

  // Logits of every row of the batch, [rows][vocabulary]. For tests.
  std::vector<float> Logits(const TrainingBatch& batch);

 private:
  // The inputs of a layer's backward pass. With checkpoints all layers share everything but x_in.
  struct LayerState {
    float *x_in, *x_mid;       // [rows][embedding] residual stream before attention and before the feed-forward part
    float* q;                  // [rows][q_rows] rotated and scaled; with norms of heads shared, and made again
    float *q_in, *k_in;        // [rows][q_rows | kv_rows] heads before their norms; only where they have them
    uint16_t *k, *v;           // [rows][kv_rows] halves: what attention saw
    float* attended;           // [rows][q_rows]; only where an adapter is trained on it
    uint16_t *gate, *up;       // [rows][ffn] halves
    float* low[kLoraTargets];  // [rows][rank, padded] what B is multiplied with, scaled; only with an adapter
  };
  struct PerThread {
    float *tile, *tile2;           // [rows][kTileRows]: results of a chunk before they are added or stored
    float* row;                    // [widest]
    uint16_t* half;                // [head_dim]
    float *block, *low;            // [kRowBlock][widest input of an adapter | rank, padded]
    uint8_t *packed_a, *packed_b;  // A and B of an adapter as right sides
    float* slice;                  // [rows][64] columns of a left side's rows
    uint8_t* packed_slice;
    uint8_t* scratch;  // of the matmul kernels
    uint8_t* tiles;    // of the transposed product
    AttendScratch attend;
    std::unique_ptr<AttentionBackward> attention;
  };
  // What one call works on; shared by its threads.
  struct Task {
    const TrainingBatch& batch;
    const std::atomic<bool>* cancel;
    bool dropout = false, backward = false;
    float weight = 0;
    std::vector<float>* gradient = nullptr;
    std::vector<int> counted = {};     // rows whose logits are wanted, in order
    std::vector<int32_t> wanted = {};  // and the ids that they should predict
    std::vector<float> losses = {};
    std::vector<float>* logits = nullptr;  // of these rows, if asked for
  };

  void LayOut(Arena* arena);
  void LayOutKept(Arena* arena);
  void LayOutThread(Arena* arena, PerThread* thread);
  uint64_t CacheBytes() const;
  // Whether any layer has an adapter there.
  bool Trains(LoraTarget target) const { return lora_.options().targets[static_cast<int>(target)]; }
  Task MakeTask(const TrainingBatch& batch) const;
  Status Execute(Task* task);
  static int Padded(int n) { return (n + kMaxLanes - 1) / kMaxLanes * kMaxLanes; }
  size_t LowStride() const { return static_cast<size_t>(Padded(lora_.options().rank)); }
  template <typename Each>
  void ForEachRow(const Worker& worker, int rows, Each each);

  // Phases; each begins where all threads are together and ends there. False when cancelled.
  bool Embed(const Task& task, const Worker& worker);
  bool ForwardLayer(const Task& task, int layer, const Worker& worker);
  bool ForwardAttention(const Task& task, int layer, const Worker& worker);
  bool ForwardFeedForward(const Task& task, int layer, const Worker& worker);
  bool Head(Task* task, const Worker& worker);
  bool BackwardLayer(const Task& task, int layer, const Worker& worker);
  bool BackwardFeedForward(const Task& task, int layer, const Worker& worker);
  void BackwardHead(const Task& task, int layer, int sample, int head, const Worker& worker);
  void BackwardRotation(int layer, size_t row, const Worker& worker);
  bool BackwardAttention(const Task& task, int layer, const Worker& worker);
  bool BackwardProjections(const Task& task, int layer, const Worker& worker);

  // Parts of phases.
  void Multiply(const PanelMatrix& w, int rows, int panel_begin, int panel_end, float* out, size_t out_stride,
                const Worker& worker) const;
  template <typename Epilogue>
  void ForEachChunk(const PanelMatrix& w, const Worker& worker, Epilogue epilogue);
  void ProjectHead(const Task& task, int layer, int head, const Worker& worker);
  void FinishQuery(const LayerWeights& w, size_t row, float* head, float* out) const;
  void NormBack(const float* head, const std::vector<float>& norm, float* d, const Worker& worker);
  bool AddProduct(const Task& task, int layer, LoraTarget target, const PanelMatrix& w, const Worker& worker);
  bool Back(const PanelMatrix& w, const uint8_t* left, bool add, float* dx, int rows, const Worker& worker);

  // The adapters' share (train/pass_lora.cc). `x` is the input of the matrix, [rows][in], and dy, dx derivatives of
  // its output and input.
  bool AnyLora(int layer, std::initializer_list<LoraTarget> targets) const;
  bool LowRank(const Task& task, int layer, std::initializer_list<LoraTarget> targets, const float* x,
               const Worker& worker);
  void AddLora(int layer, LoraTarget target, int rows, int begin, int end, float* out, size_t out_stride,
               const Worker& worker);
  bool LowRankBackward(const Task& task, int layer, LoraTarget target, const float* dy, float* dx,
                       const Worker& worker);
  bool AdapterGradients(const Task& task, int layer, LoraTarget target, const float* x, const float* dy,
                        const Worker& worker);
  void Drop(const Task& task, int layer, LoraTarget target, int row, int begin, int end, float* x) const;

  const Hyperparameters& h_;
  const Weights& weights_;
  const KernelTable& kernels_;
  const GradientTable& gradients_;
  const ProductTable& products_;  // of the backward pass through frozen weights and attention
  const ProductTable& small_;     // of the adapters: single precision
  const Team team_;
  const Lora& lora_;
  const PassOptions options_;
  const TransposedProduct transposed_;
  KvTable cache_;  // of one layer at a time, in ...
  Buffer cache_memory_;
  Buffer memory_;
  int logit_rows_;  // rows of logits at a time

  std::vector<LayerState> kept_;
  float *x_, *normalized_, *ffn_, *attended_;           // [rows][embedding | embedding | ffn | q_rows]
  float *dx_, *dnormalized_, *dffn_, *dup_;             // derivatives of the same, and of up
  float *dq_, *dk_heads_, *dv_heads_;                   // [rows][q_rows]
  float *dk_, *dv_;                                     // [rows][kv_rows]
  float *low_t_[kLoraTargets], *dlow_t_[kLoraTargets];  // [rank, padded][rows]
  uint8_t *left_, *left2_, *left3_;                     // left sides of products back, [rows][padded]
  float* logits_;                                       // [logit_rows][vocabulary, padded]
  float *cos_, *sin_;                                   // [rows][rope_dim / 2]
  float* frequencies_;                                  // [rope_dim / 2] radians per position
  QuantizedRows quantized_;
  std::vector<PerThread> threads_;
};

}  // namespace paddock
