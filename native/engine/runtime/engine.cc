#include "engine.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

#include "gguf/digest.h"
#include "kernels/cpu_features.h"
#include "kernels/dispatch.h"
#include "model/architecture.h"
#include "model/forward.h"
#include "model/importance.h"
#include "model/kv_cache.h"
#include "model/weights.h"
#include "ops/cpu_topology.h"
#include "ops/thread_pool.h"
#include "runtime/drafter.h"
#include "runtime/prefix_reuse.h"
#include "runtime/thread_choice.h"
#include "tokenizer/detokenizer.h"

namespace paddock {
namespace {

constexpr int kDefaultContext = 8192;
constexpr int kMinContext = 64;
constexpr int kPenaltyWindow = 64;  // tokens
// The trials of thread counts: half a millisecond of decoding and some milliseconds of prefill each.
constexpr uint64_t kProbeBytes = 20'000'000, kProbeElements = 40'000'000;
constexpr int kProbeTokens = 32;
constexpr size_t kLeastObserved = 16;  // tokens of a text for an importance matrix

using Clock = std::chrono::steady_clock;

double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// The type that most weight bytes are in, the way files are named after it.
std::string Quantization(const GgufFile& file) {
  uint64_t bytes[64] = {}, best = 0;
  TensorType type = TensorType::kF32;
  for (const TensorInfo& t : file.tensors()) {
    if (t.dimensions < 2) continue;
    uint64_t& sum = bytes[static_cast<uint32_t>(t.type)];
    sum += t.data.size();
    if (sum > best) {
      best = sum;
      type = t.type;
    }
  }
  // general.file_type of mixtures (ggml docs, gguf.md).
  switch (file.GetUint("general.file_type").value_or(~0ull)) {
    case 14: return "Q4_K_S";
    case 15: return "Q4_K_M";
    case 16: return "Q5_K_S";
    case 17: return "Q5_K_M";
    default: return Traits(type).name;
  }
}

uint64_t Parameters(const GgufFile& file) {
  uint64_t count = 0;
  for (const TensorInfo& t : file.tensors()) count += t.columns() * t.rows();
  return count;
}

uint64_t PanelBytes(const PanelMatrix& m) {
  return static_cast<uint64_t>(m.panel_bytes) * static_cast<uint64_t>(m.panel_count);
}

// Of one sample or more.
Limit BestAndMedian(std::vector<double> samples) {
  std::sort(samples.begin(), samples.end());
  return {samples.back(), samples[samples.size() / 2]};
}

// What loading with these options means for this file.
struct Plan {
  Hyperparameters h;
  const KernelTable* kernels = nullptr;
  int context = 0, threads = 0;
  std::vector<int> candidates;  // thread counts to choose from by trying
  MemoryNeed memory;
};

// Who asks for a number of threads gets it. Who asks for more than can run gets what runs best.
void ChooseCandidates(const LoadOptions& options, Plan* plan) {
  plan->threads =
      options.beyond_cpus && options.threads > 0 ? options.threads : PlanThreads(options.threads, options.polite);
  const bool as_asked = options.threads > 0 && plan->threads == options.threads;
  plan->candidates = {plan->threads};
  if (!as_asked) plan->candidates = ThreadCandidates(plan->threads, PerformanceCores());
}

Result<Plan> MakePlan(const GgufFile& file, const LoadOptions& options) {
  Plan plan;
  Result<Hyperparameters> h = ReadHyperparameters(file);
  if (!h.ok()) return h.status();
  plan.h = h.Take();
  Result<const KernelTable*> kernels = ChooseKernels(options.kernels);
  if (!kernels.ok()) return kernels.status();
  plan.kernels = *kernels;
  if (options.threads < 0 || options.threads > kMaxThreads) {
    return Status(Code::kInvalidArgument,
                  "The number of threads must be 0 (automatic) to " + std::to_string(kMaxThreads) + ".");
  }
  ChooseCandidates(options, &plan);
  if (options.context_length != 0 &&
      (options.context_length < kMinContext || options.context_length > plan.h.trained_context)) {
    return Status(Code::kInvalidArgument, "The context length must be 0 (automatic) or " + std::to_string(kMinContext) +
                                              " to " + std::to_string(plan.h.trained_context) +
                                              ", which this model was trained for.");
  }
  plan.context =
      options.context_length > 0 ? options.context_length : std::min(plan.h.trained_context, kDefaultContext);
  if (!KvCache::Supports(plan.h, options.kv_type)) {
    return Status(Code::kInvalidArgument, "The context of this model cannot be kept in 8 bits: its heads have " +
                                              std::to_string(plan.h.head_dim) + " columns, and whole blocks of " +
                                              std::to_string(kKvBlock) + " are needed. Use 16 bits.");
  }
  const Result<uint64_t> weights = WeightBytes(file, plan.h, *plan.kernels);
  if (!weights.ok()) return weights.status();
  plan.memory.weights = *weights + Tokenizer::MemoryBytes(file);
  plan.memory.kv_cache = KvCache::Bytes(plan.h, plan.context, options.kv_type);
  plan.memory.scratch = Forward::ScratchBytes(plan.h, *plan.kernels, plan.threads, plan.context);
  plan.memory.prefix_cache = options.prefix_cache_bytes.value_or(DefaultPrefixCacheBytes());
  plan.memory.total = plan.memory.weights + plan.memory.kv_cache + plan.memory.scratch + plan.memory.prefix_cache;
  return plan;
}

}  // namespace

uint64_t DefaultPrefixCacheBytes() {
  return std::min<uint64_t>(uint64_t{512} << 20, DetectMemory().total / 32);
}

Inspection Inspect(const GgufFile& file, const LoadOptions& options) {
  Inspection out;
  out.architecture = std::string(file.GetString("general.architecture").value_or("unknown").substr(0, 40));
  out.quantization = Quantization(file);
  out.parameters = Parameters(file);
  out.trained_context_length =
      static_cast<int>(std::min<uint64_t>(file.GetUint(out.architecture + ".context_length").value_or(0), 1 << 30));
  const Result<Plan> plan = MakePlan(file, options);
  if (!plan.ok()) {
    out.unsupported = plan.status();
    return out;
  }
  out.context_length = plan->context;
  if (Result<std::unique_ptr<Tokenizer>> tokenizer = Tokenizer::Create(file, plan->h.vocabulary); !tokenizer.ok()) {
    out.unsupported = tokenizer.status();
    return out;
  }
  out.memory = plan->memory;
  return out;
}

struct Engine::State {
  explicit State(Plan p)
      : plan(std::move(p)), pool(plan.threads), forward(plan.h, weights, *plan.kernels, pool, cache), reuse(cache) {}

  MappedFile mapping;  // embedding rows are read from it
  Plan plan;
  ModelInfo info;
  std::unique_ptr<Tokenizer> tokenizer;
  ThreadPool pool;
  Weights weights;
  KvCache cache;
  Forward forward;
  DraftPolicy policy;           // lives as long as the model: what a pass costs is learned once
  std::vector<int32_t> cached;  // tokens whose keys and values are in the cache, from position 0
  PrefixReuse reuse;            // ... and those that were there before

  bool ValidIds(std::span<const int32_t> ids) const {
    return std::all_of(ids.begin(), ids.end(), [&](int32_t id) { return id >= 0 && id < plan.h.vocabulary; });
  }

  // Evaluates ids[keep ..] in batches; logits of the last one stay in row 0. False when cancelled; `cached` then holds
  // what is whole.
  bool Prefill(std::span<const int32_t> ids, int keep, int batch, const CancelFlag* cancel,
               const std::function<void(double)>& progress) {
    cached.resize(static_cast<size_t>(keep));
    const int total = static_cast<int>(ids.size());
    for (int at = keep; at < total;) {
      const int count = std::min(batch, total - at);
      const bool last = at + count == total;
      const auto layer_done = [&](int layers) {
        if (progress) progress(at + static_cast<double>(count) * layers / plan.h.layers);
      };
      const std::span<const int32_t> tokens = ids.subspan(static_cast<size_t>(at), static_cast<size_t>(count));
      if (!forward.Run(tokens, at, last ? 1 : 0, cancel, layer_done)) return false;
      cached.insert(cached.end(), tokens.begin(), tokens.end());
      at += count;
    }
    return true;
  }

  // The pages of the file that a request has touched: other programs may want them more.
  void DropFilePages() const { mapping.Drop(0, mapping.bytes().size()); }

  // Chooses how many threads take part, by what some layers take. A pass over few tokens waits for memory, one over
  // many for arithmetic, so the answers may differ.
  void TuneThreads() {
    uint64_t bytes = 0, elements = 0;  // of a layer
    for (const PanelMatrix* m : weights.layers[0].matrices()) {
      bytes += PanelBytes(*m);
      elements += static_cast<uint64_t>(m->rows) * static_cast<uint64_t>(m->columns);
    }
    const auto choose = [&](int tokens, int rounds, uint64_t layers) {
      const std::vector<int32_t> ids(static_cast<size_t>(std::min(tokens, plan.context)));
      const int span = static_cast<int>(std::clamp<uint64_t>(layers, 1, static_cast<uint64_t>(plan.h.layers)));
      return ProbeThreads(plan.candidates, rounds, [&](int threads, int round) {
        // Other layers each time: those of the last round may be in the CPU's cache still.
        const int begin = round * span % (plan.h.layers - span + 1);
        forward.SetThreads(threads, threads);
        const auto start = Clock::now();
        forward.RunLayers(ids, begin, begin + span);
        return MillisecondsSince(start);
      });
    };
    info.decode_threads = choose(1, 5, kProbeBytes / bytes);
    info.prefill_threads = choose(kProbeTokens, 3, kProbeElements / elements);
    forward.SetThreads(info.decode_threads, info.prefill_threads);
  }

  std::optional<ImportanceSums> importance;  // while one is collected
  uint32_t observed = 0, observed_size = 0;  // texts, and tokens of the longest

  std::span<float> Logits(int row) const { return {forward.Logits(row), static_cast<size_t>(plan.h.vocabulary)}; }
};

Engine::Engine() = default;
Engine::~Engine() = default;
const ModelInfo& Engine::info() const {
  return state_->info;
}
const Tokenizer& Engine::tokenizer() const {
  return *state_->tokenizer;
}

Result<std::unique_ptr<Engine>> Engine::Load(const std::string& path, const LoadOptions& options,
                                             const CancelFlag* cancel, const std::function<void(double)>& progress) {
  Result<GgufFile> file = GgufFile::Open(path);
  if (!file.ok()) return file.status();
  Result<Plan> plan = MakePlan(*file, options);
  if (!plan.ok()) return plan.status();

  std::unique_ptr<Engine> engine(new Engine);
  engine->state_ = std::make_unique<State>(plan.Take());
  State& s = *engine->state_;
  // The vocabulary is read by one thread; meanwhile the others have weights to pack.
  Result<std::unique_ptr<Tokenizer>> tokenizer = Status(Code::kInternal, "The tokenizer was not read.");
  std::atomic<bool> stop{false};
  const auto forward_cancel = [&](double done) {
    if (cancel != nullptr && cancel->load()) stop.store(true);
    if (progress) progress(done);
  };
  std::thread reader([&] {
    tokenizer = Tokenizer::Create(*file, s.plan.h.vocabulary);
    if (!tokenizer.ok()) stop.store(true);
  });
  const Status packed = LoadWeights(*file, s.plan.h, *s.plan.kernels, s.pool, &stop, forward_cancel, &s.weights);
  reader.join();
  if (!tokenizer.ok()) return tokenizer.status();
  PADDOCK_RETURN_IF_ERROR(packed);
  s.tokenizer = tokenizer.Take();
  if (!s.cache.Allocate(s.plan.h, s.plan.context, options.kv_type) || !s.forward.Allocate(s.plan.context)) {
    return Status(Code::kOutOfMemory, "There is not enough memory for a context of " + std::to_string(s.plan.context) +
                                          " tokens. Choose a shorter context or a smaller model.");
  }
  const uint64_t block_bytes = KvCache::BlockBytes(s.plan.h, options.kv_type);
  std::unique_ptr<SnapshotStore> store;
  if (!options.snapshot_folder.empty() && options.snapshot_bytes > 0) {
    store =
        std::make_unique<SnapshotStore>(options.snapshot_folder, options.snapshot_bytes,
                                        SnapshotStore::Identity{ModelDigest(*file), s.plan.kernels->name, block_bytes,
                                                                KvCache::HalvesAt(s.plan.h, options.kv_type)});
  }
  s.reuse.Open(s.plan.memory.prefix_cache, block_bytes, std::move(store));
  ModelInfo& info = s.info;
  info.path = path;
  info.name = s.plan.h.name;
  info.architecture = s.plan.h.architecture->name;
  info.quantization = Quantization(*file);
  info.kernels = s.plan.kernels->name;
  info.parameters = Parameters(*file);
  info.context_length = s.plan.context;
  info.trained_context_length = s.plan.h.trained_context;
  info.vocabulary = s.plan.h.vocabulary;
  info.threads = s.plan.threads;
  info.requested_threads = options.threads;
  s.TuneThreads();
  info.kv_type = options.kv_type;
  info.memory = s.plan.memory;
  if (const auto chat_template = file->GetString("tokenizer.chat_template"))
    info.chat_template = ReplaceBrokenUtf8(*chat_template);
  // Nothing but the rows of the embedding is read again.
  s.mapping = std::move(*file).TakeMapping();
  s.DropFilePages();
  return engine;
}

Result<GenerateResult> Engine::Generate(const GenerateRequest& request, const CancelFlag* cancel,
                                        GenerateObserver* observer) {
  State& s = *state_;
  const int total = static_cast<int>(std::min<size_t>(request.prompt.size(), 1u << 30));
  if (total == 0) return Status(Code::kInvalidArgument, "The prompt is empty.");
  if (!s.ValidIds(request.prompt))
    return Status(Code::kInvalidArgument, "The prompt has an id outside the vocabulary.");
  if (total >= s.plan.context) {
    return Status(Code::kPromptTooLong, "The prompt has " + std::to_string(total) + " tokens; the context holds " +
                                            std::to_string(s.plan.context) +
                                            ". Shorten it or load the model with a longer context.");
  }
  GenerateResult result;
  result.prompt_tokens = total;
  const auto start = Clock::now();
  const auto common =
      std::mismatch(s.cached.begin(), s.cached.end(), request.prompt.begin(), request.prompt.end()).first -
      s.cached.begin();
  const int known = s.reuse.Restore(request.prompt, static_cast<int>(common));
  // At least the last token is evaluated: its logits are wanted.
  const int keep = std::min(known, total - 1);
  s.cached.assign(request.prompt.begin(), request.prompt.begin() + keep);
  s.reuse.SetBusy(true);
  result.cached_tokens = keep;
  observer->OnPrefill(keep, total, keep);
  const auto progress = [&](double done) { observer->OnPrefill(done, total, keep); };
  const bool prefilled = s.Prefill(request.prompt, keep, kMaxBatch, cancel, progress);
  result.prefill_ms = MillisecondsSince(start);
  // Of a prefill that was cut off, the batches that were finished are kept, in memory only.
  const auto remember = [&](bool on_disk) {
    s.reuse.SetBusy(false);
    s.DropFilePages();
    if (!request.transient) s.reuse.Remember(s.cached, on_disk);
  };
  if (!prefilled) {
    remember(false);
    result.finish_reason = FinishReason::kCancelled;
    return result;
  }

  const auto decode_start = Clock::now();
  const int room = s.plan.context - total;
  const int limit = request.max_tokens > 0 ? std::min(request.max_tokens, room) : room;
  Sampler sampler(request.sampler);
  Detokenizer detokenizer(*s.tokenizer, request.stop);
  const auto emit = [&](const std::string& text) {
    result.text += text;
    observer->OnText(text, static_cast<int>(result.tokens.size()));
  };
  result.finish_reason = FinishReason::kLength;
  std::optional<Drafter> drafter;
  if (request.speculate) drafter.emplace(request.prompt, request.prediction);
  std::vector<int32_t> batch;  // of the latest pass: the newest token and the guesses after it
  size_t row = 0;              // of that pass, whose logits are next
  while (static_cast<int>(result.tokens.size()) < limit) {
    if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) {
      result.finish_reason = FinishReason::kCancelled;
      break;
    }
    const size_t window = std::min<size_t>(s.cached.size(), kPenaltyWindow);
    const int32_t token = sampler.Sample(s.Logits(static_cast<int>(row)), std::span(s.cached).last(window));
    const bool ends =
        s.tokenizer->EndsGeneration(token) ||
        std::find(request.stop_tokens.begin(), request.stop_tokens.end(), token) != request.stop_tokens.end();
    if (ends && !request.ignore_end) {
      result.finish_reason = FinishReason::kStop;
      break;
    }
    result.tokens.push_back(token);
    emit(detokenizer.Add(token));
    if (detokenizer.stopped()) {
      result.finish_reason = FinishReason::kStop;
      break;
    }
    if (static_cast<int>(result.tokens.size()) == limit) break;
    if (drafter) drafter->Append(token);
    if (row + 1 < batch.size() && batch[row + 1] == token) {
      // The guess was right: its key, value and logits are there already.
      ++row;
      ++result.accepted_tokens;
      s.cached.push_back(token);
      continue;
    }
    if (batch.size() > 1) {
      s.policy.ObserveDraft(drafter->source(), static_cast<int>(batch.size()) - 1, static_cast<int>(row));
    }
    batch.assign(1, token);
    row = 0;
    const int left = limit - static_cast<int>(result.tokens.size());
    if (drafter) drafter->Propose(left - 1, &s.policy, &batch);
    result.drafted_tokens += static_cast<int>(batch.size()) - 1;
    const auto pass_start = Clock::now();
    if (!s.forward.Run(batch, static_cast<int>(s.cached.size()), static_cast<int>(batch.size()), cancel, nullptr)) {
      result.finish_reason = FinishReason::kCancelled;
      break;
    }
    s.policy.ObservePass(static_cast<int>(batch.size()), MillisecondsSince(pass_start));
    s.cached.push_back(token);
  }
  if (const std::string rest = detokenizer.Finish(); !rest.empty()) emit(rest);
  result.decode_ms = MillisecondsSince(decode_start);
  remember(true);
  return result;
}

void Engine::ClearCache() {
  state_->cached.clear();
  state_->reuse.Clear();
}

void Engine::FlushSnapshots() {
  state_->reuse.Flush();
}

Result<std::unique_ptr<Trainer>> Engine::MakeTrainer(const TrainerOptions& options) {
  State& s = *state_;
  const Result<GgufFile> file = GgufFile::Open(s.info.path);
  if (!file.ok()) return file.status();
  return Trainer::Create(s.plan.h, s.weights, *s.plan.kernels, s.pool, ToHex(ModelDigest(*file)), options);
}

Result<TrainingNeed> Engine::NeedForTraining(const TrainerOptions& options) {
  State& s = *state_;
  return Trainer::Need(s.plan.h, s.weights, *s.plan.kernels, s.pool, options);
}

Result<std::vector<double>> Engine::Score(std::span<const int32_t> ids, const CancelFlag* cancel, int first) {
  std::vector<double> nll(ids.size());
  const size_t begin = static_cast<size_t>(std::max(first, 0)) + 1;
  PADDOCK_RETURN_IF_ERROR(EachPrediction(ids, first, cancel, [&](size_t i, std::span<const float> logits) {
    nll[i] = NegativeLogLikelihood(logits, ids[begin + i]);
  }));
  nll.resize(ids.size() - begin);
  return nll;
}

Result<std::vector<float>> Engine::Predictions(std::span<const int32_t> ids, int first, const CancelFlag* cancel) {
  const size_t vocabulary = static_cast<size_t>(state_->plan.h.vocabulary);
  const size_t rows = ids.size() - std::min(ids.size(), static_cast<size_t>(std::max(first, 0)) + 1);
  std::vector<float> all(std::min(rows, static_cast<size_t>(state_->plan.context)) * vocabulary);
  PADDOCK_RETURN_IF_ERROR(EachPrediction(ids, first, cancel, [&](size_t i, std::span<const float> logits) {
    std::copy(logits.begin(), logits.end(), all.begin() + static_cast<std::ptrdiff_t>(i * vocabulary));
  }));
  return all;
}

Result<std::vector<TokenDivergence>> Engine::Compare(std::span<const int32_t> ids, int first,
                                                     std::span<const float> base, const CancelFlag* cancel) {
  const size_t vocabulary = static_cast<size_t>(state_->plan.h.vocabulary);
  const size_t begin = static_cast<size_t>(std::max(first, 0)) + 1;
  if (begin >= ids.size() || base.size() != (ids.size() - begin) * vocabulary) {
    return Status(Code::kInvalidArgument,
                  "The predictions to compare with are of other tokens, or of a model with another vocabulary.");
  }
  std::vector<TokenDivergence> out(ids.size() - begin);
  PADDOCK_RETURN_IF_ERROR(EachPrediction(ids, first, cancel, [&](size_t i, std::span<const float> logits) {
    out[i] = CompareLogits(base.subspan(i * vocabulary, vocabulary), logits, ids[begin + i]);
  }));
  return out;
}

Status Engine::EachPrediction(std::span<const int32_t> ids, int first, const CancelFlag* cancel,
                              const std::function<void(size_t, std::span<const float>)>& row) {
  State& s = *state_;
  if (ids.size() < 2) return Status(Code::kInvalidArgument, "A text of at least two tokens is needed.");
  if (!s.ValidIds(ids)) return Status(Code::kInvalidArgument, "The text has an id outside the vocabulary.");
  if (first < 0 || static_cast<size_t>(first) + 1 >= ids.size())
    return Status(Code::kInvalidArgument, "At least one token of the text must count.");
  if (ids.size() > static_cast<size_t>(s.plan.context)) {
    return Status(Code::kPromptTooLong, "The text has " + std::to_string(ids.size()) + " tokens; the context holds " +
                                            std::to_string(s.plan.context) +
                                            ". Shorten it or load the model with a longer context.");
  }
  s.cached.clear();
  const Status cancelled(Code::kCancelled, "Scoring was cancelled.");
  const int last = static_cast<int>(ids.size()) - 1;
  for (int at = 0; at < last; at += kMaxBatch) {
    const int count = std::min(kMaxBatch, last - at);
    const int wanted = std::clamp(at + count - first, 0, count);
    if (!s.forward.Run(ids.subspan(static_cast<size_t>(at), static_cast<size_t>(count)), at, wanted, cancel, nullptr))
      return cancelled;
    for (int begin = 0; begin < wanted; begin += kMaxLogitRows) {
      const int rows = std::min(kMaxLogitRows, wanted - begin);
      if (!s.forward.Head(begin, rows, cancel)) return cancelled;
      const int index = at + count - wanted + begin - first;
      // Exponentials over the whole vocabulary take as long as the small models themselves.
      s.pool.Run(nullptr, [&](int thread) {
        for (int i; (i = s.pool.Claim(thread, rows)) < rows;) row(static_cast<size_t>(index + i), s.Logits(i));
      });
    }
  }
  s.cached.assign(ids.begin(), ids.end() - 1);
  s.DropFilePages();
  return Status::Ok();
}

Status Engine::Observe(std::span<const int32_t> ids, const CancelFlag* cancel) {
  State& s = *state_;
  const size_t context = static_cast<size_t>(s.plan.context);
  if (!s.ValidIds(ids)) return Status(Code::kInvalidArgument, "The text has an id outside the vocabulary.");
  if (ids.size() < kLeastObserved || ids.size() > context) {
    std::string text = "A text of " + std::to_string(kLeastObserved);
    text += " to " + std::to_string(context);
    return Status(Code::kInvalidArgument, text + " tokens is needed.");
  }
  if (!s.importance) s.importance.emplace(s.plan.h, s.pool.size());
  s.observed_size = std::max(s.observed_size, static_cast<uint32_t>(ids.size()));
  s.cached.clear();
  s.forward.Observe(&*s.importance);
  bool finished = true;
  for (size_t at = 0; at < ids.size() && finished;) {
    // No pass of so few tokens that every thread would read all of them.
    const size_t left = ids.size() - at;
    size_t count = std::min<size_t>(kMaxBatch, left);
    if (left > count && left - count < kLeastObserved) count -= kLeastObserved;
    // All rows are wanted, so that the last layer's are complete; more than kMaxLogitRows get no logits.
    finished = s.forward.Run(ids.subspan(at, count), static_cast<int>(at), static_cast<int>(count), cancel, nullptr);
    at += count;
  }
  s.forward.Observe(nullptr);
  s.DropFilePages();
  if (!finished) return Status(Code::kCancelled, "Collecting the importance matrix was cancelled.");
  ++s.observed;
  return Status::Ok();
}

Status Engine::SaveImportance(const std::string& path, const std::vector<std::string>& datasets) {
  State& s = *state_;
  if (!s.importance || s.observed == 0) return Status(Code::kInvalidArgument, "No text was read yet.");
  PADDOCK_RETURN_IF_ERROR(
      WriteImportance(*s.importance, s.plan.h, path, datasets, std::exchange(s.observed, 0), s.observed_size));
  s.importance.reset();
  return Status::Ok();
}

Result<std::span<float>> Engine::Evaluate(std::span<const int32_t> tokens, int keep, int batch,
                                          const CancelFlag* cancel) {
  State& s = *state_;
  std::vector<int32_t> ids(s.cached.begin(), s.cached.begin() + std::min<int>(keep, static_cast<int>(s.cached.size())));
  ids.insert(ids.end(), tokens.begin(), tokens.end());
  if (tokens.empty() || !s.ValidIds(ids) || ids.size() > static_cast<size_t>(s.plan.context) || batch < 1 ||
      batch > kMaxBatch) {
    return Status(Code::kInvalidArgument, "The tokens cannot be evaluated.");
  }
  if (!s.Prefill(ids, static_cast<int>(ids.size() - tokens.size()), batch, cancel, nullptr)) {
    return Status(Code::kCancelled, "The evaluation was cancelled.");
  }
  return s.Logits(0);
}

Result<BenchReport> Engine::Bench(const BenchOptions& options, const CancelFlag* cancel) {
  State& s = *state_;
  const int prompt = options.prompt, generate = options.generate, depth = options.depth.value_or(prompt);
  // In 64 bits: the sums of numbers that a user gives may not fit.
  const int64_t most = std::max<int64_t>(prompt, int64_t{std::max(depth, 1)} + generate);
  if (prompt < 0 || generate < 0 || depth < 0 || options.repeat < 1 || prompt + int64_t{generate} < 1 ||
      most > s.plan.context) {
    return Status(Code::kInvalidArgument, "Prompt, and depth and generated tokens together, must be 1 to " +
                                              std::to_string(s.plan.context) +
                                              ", and there must be at least one repetition.");
  }
  const Status cancelled(Code::kCancelled, "The benchmark was cancelled.");
  BenchReport report;
  for (const LayerWeights& layer : s.weights.layers) {
    for (const PanelMatrix* m : layer.matrices()) {
      report.layer_weights += static_cast<uint64_t>(m->rows) * static_cast<uint64_t>(m->columns);
      report.weight_bytes_per_token += PanelBytes(*m);
    }
  }
  report.weight_bytes_per_token +=
      PanelBytes(s.weights.head) + RowBytes(s.weights.embedding.type, static_cast<size_t>(s.plan.h.hidden));

  std::vector<double> bandwidths, peaks;
  const auto probe = [&](int passes) {
    for (int pass = 0; pass < passes && !(cancel != nullptr && cancel->load()); ++pass) {
      bandwidths.push_back(MeasureReadBandwidth());
      peaks.push_back(MeasureInt8Peak());
    }
  };
  std::vector<int32_t> ids(static_cast<size_t>(std::max({prompt, depth, 1})));
  for (size_t i = 0; i < ids.size(); ++i)
    ids[i] = static_cast<int32_t>((i * 7919 + 13) % static_cast<size_t>(s.plan.h.vocabulary));
  const std::span<const int32_t> all(ids);
  probe(5);
  for (int r = 0; r < options.repeat; ++r) {
    s.cached.clear();
    auto start = Clock::now();
    if (prompt > 0) {
      if (!s.Prefill(all.first(static_cast<size_t>(prompt)), 0, kMaxBatch, cancel, nullptr)) return cancelled;
      report.rows.push_back({true, prompt, 0, prompt / (MillisecondsSince(start) / 1000)});
    }
    if (generate == 0) continue;
    // Decoding needs the logits of a token before it. A cache that is too deep gives its end up, and the token there is
    // evaluated again.
    const int before = std::max(depth, 1);
    if (before != prompt &&
        !s.Prefill(all.first(static_cast<size_t>(before)), std::min(prompt, before - 1), kMaxBatch, cancel, nullptr))
      return cancelled;
    start = Clock::now();
    for (int i = 0; i < generate; ++i) {
      const int32_t token = ArgMax(s.Logits(0));
      if (!s.forward.Run(std::span(&token, 1), static_cast<int>(s.cached.size()), 1, cancel, nullptr)) return cancelled;
      s.cached.push_back(token);
    }
    report.rows.push_back({false, generate, before, generate / (MillisecondsSince(start) / 1000)});
  }
  probe(4);
  if (cancel != nullptr && cancel->load()) return cancelled;
  report.read_bandwidth = BestAndMedian(std::move(bandwidths));
  report.int8_peak = BestAndMedian(std::move(peaks));
  return report;
}

// One pass over the weights: they are what a decode step reads.
double Engine::MeasureReadBandwidth() {
  State& s = *state_;
  const uint8_t* data = s.weights.panels.data();
  constexpr size_t kPiece = 1 << 20;
  const int pieces = static_cast<int>(s.weights.panels.size() / kPiece);
  if (pieces == 0) return 0;
  std::atomic<uint64_t> sink{0};
  const auto start = Clock::now();
  s.pool.Run(nullptr, [&](int thread) {
    for (int p; (p = s.pool.Claim(thread, pieces)) < pieces;)
      sink += s.plan.kernels->read_stream(data + static_cast<size_t>(p) * kPiece, kPiece);
  });
  return static_cast<double>(pieces) * kPiece / (MillisecondsSince(start) / 1000);
}

double Engine::MeasureInt8Peak() {
  State& s = *state_;
  std::atomic<uint64_t> operations{0};
  std::atomic<int32_t> sink{0};
  const auto start = Clock::now();
  s.pool.Run(nullptr, [&](int) {
    int32_t mine = 0;
    operations += s.plan.kernels->int8_peak(3'000'000, &mine);
    sink += mine;
  });
  return static_cast<double>(operations.load()) / (MillisecondsSince(start) / 1000);
}

}  // namespace paddock
