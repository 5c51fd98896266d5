// The engine's public face: one loaded model that tokenizes, generates and scores.
//
// Calls are synchronous; one thread at a time may call Generate, Score and Bench, while the tokenizer may be used from
// any thread. Nothing here prints or exits. Errors are returned; only the standard library throws, std::bad_alloc and
// std::system_error, when memory or threads run out. The engine can then still be used, or freed.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "gguf/gguf.h"
#include "kernels/kernel_table.h"
#include "runtime/divergence.h"
#include "runtime/sampler.h"
#include "tokenizer/tokenizer.h"
#include "train/trainer.h"

namespace paddock {

// Set from any thread; looked at between the phases of a forward pass.
using CancelFlag = std::atomic<bool>;

// Bytes. `weights` includes the vocabulary. `total` is what the process grows by once the context and the cache of
// prefixes are full; pages of the file that are mapped while a request runs can be given back at any time and do not
// count.
struct MemoryNeed {
  uint64_t weights = 0, kv_cache = 0, scratch = 0, prefix_cache = 0, total = 0;
};

struct LoadOptions {
  int context_length = 0;       // tokens; 0 = the smaller of the trained length and 8192
  int threads = 0;              // 0 = as many of the performance cores as it pays to use
  bool leave_one_core = false;  // leaves one core to others when `threads` is 0
  // Really as many threads as asked, even where the CPUs are fewer and most would wait for each other. For tests.
  bool oversubscribe = false;
  KvType kv_type = KvType::kF16;
  // Activations stay in single precision instead of being rounded to 8 bits for each product: a third of the speed of
  // prefill, less of decoding's, and nothing in the likelihoods that is not in the file. For measuring.
  bool float_activations = false;
  std::string kernels;  // empty = the best for this machine; the variable PADDOCK_KERNELS wins

  // Memory for keys and values of earlier prompts and answers beside that of one context, so that returning to one
  // costs no prefill. Bytes; unset = DefaultPrefixCacheBytes().
  std::optional<uint64_t> prefix_cache_bytes;
  // Where the same is kept on disk for the next start, unless `float_activations`. UTF-8; empty = nowhere. Needs some
  // memory as above.
  std::string snapshot_folder;
  uint64_t snapshot_bytes = uint64_t{2} << 30;  // the most that the folder holds
};

// 1/32 of the machine's memory, at most 512 MiB.
uint64_t DefaultPrefixCacheBytes();

struct ModelInfo {
  std::string path, name, architecture, quantization, kernels;
  uint64_t parameters = 0;
  int context_length = 0, trained_context_length = 0, vocabulary = 0;
  // At most as many as there are CPUs, so that it may be fewer than what was requested (0 = automatic); and how many of
  // them take part in decoding and in prefill.
  int threads = 0, requested_threads = 0, decode_threads = 0, prefill_threads = 0;
  KvType kv_type = KvType::kF16;
  bool float_activations = false;  // by LoadOptions, or because all weights are floats
  MemoryNeed memory;
  std::optional<std::string> chat_template;
};

// What a file's header says, for people and for a fit check before loading.
struct Inspection {
  std::string architecture, quantization;
  uint64_t parameters = 0;
  int trained_context_length = 0, context_length = 0;
  std::optional<MemoryNeed> memory;  // absent when the engine cannot run the file;
  Status unsupported;                // then this says why
};
// The requested context is limited to the trained one.
Inspection Inspect(const GgufFile& file, const LoadOptions& options);

enum class FinishReason { kStop, kLength, kCancelled };

struct GenerateRequest {
  std::vector<int32_t> prompt;  // 1 .. context_length - 1 ids
  int max_tokens = 0;           // 0 = until the context is full
  SamplerOptions sampler;
  std::string opening;               // the answer begins with it, in the tokens that the model finds likeliest
  std::vector<std::string> stop;     // the answer ends before the first of these
  std::vector<int32_t> stop_tokens;  // end the answer besides the model's own
  bool ignore_end = false;           // benchmarks: do not stop at end tokens
  // The probable answer, such as the old text of an edit. Changes only the speed. May be empty.
  std::vector<int32_t> prediction;
  bool speculate = true;     // evaluate draft tokens together with the next one; the result is the same
  bool likelihoods = false;  // of the tokens, in the result
  // Not worth keeping once memory is needed, nor on disk: a completion that is replaced at the next key press.
  bool transient = false;
};

// Called on the generating thread. Implementations must be quick and must not call the engine.
class GenerateObserver {
 public:
  virtual ~GenerateObserver() = default;
  // done of total prompt tokens are in the cache, `cached` of them from before. May be fractional inside a batch.
  virtual void OnPrefill(double done, int total, int cached) = 0;
  // Whole UTF-8; `tokens` = how many have been generated so far. The text may be empty.
  virtual void OnText(std::string_view text, int tokens) = 0;
};

struct GenerateResult {
  std::string text;
  std::vector<int32_t> tokens;  // without the one that ended it
  // ln p of each token, and of the one that ended the answer if one did, before temperature and after the repetition
  // penalty; when asked for.
  std::vector<double> likelihoods;
  FinishReason finish_reason = FinishReason::kStop;
  int prompt_tokens = 0, cached_tokens = 0;     // cached: were live, remembered or on disk
  int drafted_tokens = 0, accepted_tokens = 0;  // draft tokens that were evaluated, and the accepted ones
  double prefill_ms = 0, decode_ms = 0;
};

struct BenchOptions {
  int prompt = 512;          // tokens of the prefill rows, which begin with an empty cache
  int generate = 64;         // tokens of the decode rows
  int repeat = 1;            // rows of each kind
  std::optional<int> depth;  // tokens in the cache when decoding begins, at least 1; unset = those of the prompt
};

struct BenchRow {
  bool prefill = false;
  int tokens = 0;
  int depth = 0;  // tokens that were in the cache before
  double tokens_per_second = 0;
  // The machine's limit as it was between these tokens, the median: int8 operations per second of prefill, bytes read
  // per second of decoding. Memory of a shared machine is twice as fast in one minute as in the next.
  double limit = 0;
  // What one token takes of it, operations or bytes; attention counts with the bytes of its keys and values, and not
  // at all with its operations, which are no int8 ones.
  double cost = 0;
};

// Best and median of a hardware limit that was sampled during the benchmark.
struct HardwareLimit {
  double best = 0, median = 0;
};

struct BenchReport {
  std::vector<BenchRow> rows;
  HardwareLimit read_bandwidth;  // bytes per second that all threads together read from memory
  HardwareLimit int8_peak;       // int8 multiplies and adds per second of all threads together
  uint64_t weight_bytes_per_token =
      0;                       // panels and the embedding row that decoding one token reads; norms are left out
  uint64_t layer_weights = 0;  // elements of the layers' matrices: prefill multiplies each once for every token
};

class Generation;  // runtime/generation.h
class Sequence;
struct EngineState;
struct Machine;  // runtime/machine.h

class Engine {
 public:
  // Models that are loaded for the same machine share its threads and memory; null makes one for this model alone.
  static Result<std::unique_ptr<Engine>> Load(const std::string& path, const LoadOptions& options,
                                              const CancelFlag* cancel, const std::function<void(double)>& progress,
                                              std::shared_ptr<Machine> machine = nullptr);
  ~Engine();

  const ModelInfo& info() const;
  const Tokenizer& tokenizer() const;

  // A cancelled generation is a result, not an error. kPromptTooLong when the prompt does not fit; kInvalidArgument
  // when it is empty, or when it, the prediction or the stop tokens have an id outside the vocabulary.
  Result<GenerateResult> Generate(const GenerateRequest& request, const CancelFlag* cancel, GenerateObserver* observer);
  // The same to be computed step by step, also beside others. The engine, the flag and the observer must outlive it.
  // kOutOfMemory when the others leave no room for it.
  Result<std::unique_ptr<Generation>> Begin(GenerateRequest request, const CancelFlag* cancel,
                                            GenerateObserver* observer);
  // Whether there is room beside them: for a request, or for a text of so many tokens.
  bool HasRoom(const GenerateRequest& request) const;
  bool HasRoom(size_t tokens) const;

  // Forgets earlier prompts and answers, in memory and on disk. kCancelled when some of it is still on disk.
  Status ClearCache(const CancelFlag* cancel = nullptr);
  // Waits until what is remembered is on disk as well.
  void FlushSnapshots();

  // -ln p(ids[i + 1] | ids[0 .. i]) in nats for i from `first` on, which is all but the first id when it is 0.
  Result<std::vector<double>> Score(std::span<const int32_t> ids, const CancelFlag* cancel, int first = 0);

  // What this model predicts for the same ids: its logits, [ids.size() - 1 - first][vocabulary]. For Compare(): a
  // window of 512 of which the second half counts takes 155 MB where the vocabulary has 152,000 entries.
  Result<std::vector<float>> Predictions(std::span<const int32_t> ids, int first, const CancelFlag* cancel);
  // How far this model's predictions are from those of another one with the same vocabulary; one entry for each.
  Result<std::vector<TokenDivergence>> Compare(std::span<const int32_t> ids, int first, std::span<const float> base,
                                               const CancelFlag* cancel);

  // Reads a text of more than a few tokens and adds what every matrix was multiplied with to the sums of an importance
  // matrix, which begin with the first call. A cancelled text leaves a part of it in them.
  Status Observe(std::span<const int32_t> ids, const CancelFlag* cancel);
  // Writes the sums as a file that QuantizeFile() and llama.cpp read, and forgets them. `datasets` says what was read.
  Status SaveImportance(const std::string& path, const std::vector<std::string>& datasets);

  // Speed of prefill and decode beside what the machine could do; one row each per repetition.
  Result<BenchReport> Bench(const BenchOptions& options, const CancelFlag* cancel);

  // Trains an adapter on this model, which must outlive the trainer; nothing else may be asked of the engine while the
  // trainer works.
  Result<std::unique_ptr<Trainer>> MakeTrainer(const TrainerOptions& options);
  Result<TrainingNeed> NeedForTraining(const TrainerOptions& options);

  // The logits of the last of `ids`, [vocabulary], valid until the next call. At most the first `keep` of them come
  // from what is remembered, the others are evaluated in batches. For tests of the engine's laws.
  Result<std::span<float>> Evaluate(std::span<const int32_t> ids, int keep, int batch, const CancelFlag* cancel);

 private:
  Engine();
  // Calls `row(index, logits)` for i from `first` on, index = i - first, from any of the engine's threads. The text has
  // passed CheckText().
  Status ForEachPrediction(std::span<const int32_t> ids, int first, const CancelFlag* cancel,
                           const std::function<void(size_t, std::span<const float>)>& row);
  // A row of a benchmark, and the samples of the hardware limit that were taken beside it.
  Status BenchPrefill(std::span<const int32_t> ids, Sequence* sequence, const CancelFlag* cancel, BenchReport* report,
                      std::vector<double>* peaks);
  Status BenchDecode(int tokens, Sequence* sequence, const CancelFlag* cancel, BenchReport* report,
                     std::vector<double>* bandwidths);
  double MeasureReadBandwidth();
  double MeasureInt8Peak();
  std::unique_ptr<EngineState> state_;
};

}  // namespace paddock
