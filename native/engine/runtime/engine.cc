#include "engine.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <utility>

#include "base/buffer.h"
#include "runtime/engine_state.h"
#include "runtime/thread_choice.h"
#include "tokenizer/detokenizer.h"

namespace paddock {
namespace {

// A pass over a draft and the token before it gets the logits of every row at once.
static_assert(kMaxDraft + 1 <= kMaxLogitRows);

constexpr int kPenaltyWindow = 64;      // tokens
constexpr double kPackingShare = 0.95;  // of loading; the rest is for trying thread counts
// The trials of thread counts: half a millisecond of decoding and some milliseconds of prefill each.
constexpr uint64_t kProbeBytes = 20'000'000, kProbeElements = 40'000'000;
constexpr int kProbeTokens = 16;  // enough to be bound by computing

}  // namespace

void Engine::State::TuneThreads() {
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
  Result<LoadPlan> plan = PlanLoad(*file, options);
  if (!plan.ok()) return plan.status();

  std::unique_ptr<Engine> engine(new Engine);
  engine->state_ = std::make_unique<State>(plan.Take());
  State& s = *engine->state_;
  // The vocabulary is read by one thread; meanwhile the others have weights to pack.
  Result<std::unique_ptr<Tokenizer>> tokenizer = Status(StatusCode::kInternal, "The tokenizer was not read.");
  std::atomic<bool> stop{false};
  const auto forward_cancel = [&](double done) {
    if (cancel != nullptr && cancel->load()) stop.store(true);
    if (progress) progress(kPackingShare * done);
  };
  // A future waits when it goes out of scope, and gives what its thread has thrown to whoever asks for the result.
  std::future<void> reader = std::async(std::launch::async, [&] {
    tokenizer = Tokenizer::Create(*file, s.plan.h.vocabulary);
    if (!tokenizer.ok()) stop.store(true);
  });
  const Status packed = LoadWeights(*file, s.plan.h, *s.plan.kernels, options.float_activations, s.pool, &stop,
                                    forward_cancel, &s.weights);
  reader.get();
  if (!tokenizer.ok()) return tokenizer.status();
  PADDOCK_RETURN_IF_ERROR(packed);
  s.tokenizer = tokenizer.Take();
  // Nothing but the rows of the embedding is read again.
  s.weights.embedding.SetFile(file->TakeFile());
  if (!s.cache.Allocate(s.plan.h, s.plan.context, options.kv_type) || !s.forward.Allocate(s.plan.context)) {
    return Status(StatusCode::kOutOfMemory, "There is not enough memory for a context of " +
                                                std::to_string(s.plan.context) +
                                                " tokens. Choose a shorter context or a smaller model.");
  }
  const uint64_t block_bytes = KvCache::BlockBytes(s.plan.h, options.kv_type);
  std::unique_ptr<SnapshotStore> store;
  if (!options.snapshot_folder.empty() && options.snapshot_bytes > 0 && !options.float_activations) {
    store = std::make_unique<SnapshotStore>(options.snapshot_folder, options.snapshot_bytes,
                                            SnapshotStore::Identity{s.weights.digest, s.plan.kernels->name, block_bytes,
                                                                    KvCache::HalvesAt(s.plan.h, options.kv_type)});
  }
  s.reuse.Open(s.plan.memory.prefix_cache, block_bytes, std::move(store));
  s.SetInfo(path, *file, options);
  s.TuneThreads();
  if (progress) progress(1);
  // What reading took is part of no model's need: the header, and the buffers of the threads.
  { const GgufFile header = file.Take(); }
  ReturnFreedMemory();
  return engine;
}

void Engine::State::SetInfo(const std::string& path, const GgufFile& file, const LoadOptions& options) {
  info.path = path;
  info.name = plan.h.name;
  info.architecture = plan.h.architecture->name;
  info.quantization = Quantization(file);
  info.kernels = plan.kernels->name;
  info.parameters = Parameters(file);
  info.context_length = plan.context;
  info.trained_context_length = plan.h.trained_context;
  info.vocabulary = plan.h.vocabulary;
  info.threads = plan.threads;
  info.requested_threads = options.threads;
  info.kv_type = options.kv_type;
  info.float_activations = weights.float_activations();
  info.memory = plan.memory;
  if (const auto chat_template = file.GetString("tokenizer.chat_template"))
    info.chat_template = ReplaceBrokenUtf8(*chat_template);
}

Status Engine::State::NoNumbers() const {
  return {StatusCode::kInvalidModel,
          "What this model computes are no numbers: its weights are damaged, or too large for it. "
          "Download it again or choose another file."};
}

Status Engine::State::CheckRequest(const GenerateRequest& request) const {
  if (request.prompt.empty()) return {StatusCode::kInvalidArgument, "The prompt is empty."};
  PADDOCK_RETURN_IF_ERROR(CheckIds(request.prompt, "The prompt"));
  PADDOCK_RETURN_IF_ERROR(CheckIds(request.prediction, "The prediction"));
  PADDOCK_RETURN_IF_ERROR(CheckIds(request.stop_tokens, "The list of stop tokens"));
  if (request.prompt.size() < static_cast<size_t>(plan.context)) return Status::Ok();
  return {StatusCode::kPromptTooLong, "The prompt has " + std::to_string(request.prompt.size()) +
                                          " tokens; the context holds " + std::to_string(plan.context) +
                                          ". Shorten it or load the model with a longer context."};
}

// One answer, from its prompt to its last token.
class Engine::Generation {
 public:
  Generation(State& state, const GenerateRequest& request, const CancelFlag* cancel, GenerateObserver* observer)
      : s_(state),
        request_(request),
        cancel_(cancel),
        observer_(observer),
        sampler_(request.sampler),
        detokenizer_(*state.tokenizer, request.stop) {
    const int room = s_.plan.context - prompt_tokens();
    limit_ = request.max_tokens > 0 ? std::min(request.max_tokens, room) : room;
    if (request.speculate) drafter_.emplace(request.prompt, request.prediction);
  }

  Result<GenerateResult> Run() {
    result_.prompt_tokens = prompt_tokens();
    const auto start = Clock::now();
    const Status prefilled = Prefill();
    result_.prefill_ms = MillisecondsSince(start);
    if (!prefilled.ok()) {
      // The batches that were finished are kept, in memory only.
      Remember(false);
      if (prefilled.code() != StatusCode::kCancelled) return prefilled;
      result_.finish_reason = FinishReason::kCancelled;
      return std::move(result_);
    }
    const auto decode_start = Clock::now();
    if (Status decoded = Decode(); !decoded.ok()) {
      Remember(false);
      return decoded;
    }
    if (const std::string rest = detokenizer_.Finish(); !rest.empty()) Emit(rest);
    result_.decode_ms = MillisecondsSince(decode_start);
    Remember(true);
    return std::move(result_);
  }

 private:
  int prompt_tokens() const { return static_cast<int>(request_.prompt.size()); }
  int generated() const { return static_cast<int>(result_.tokens.size()); }

  // Takes the longest known beginning of the prompt from the caches and computes the rest.
  Status Prefill() {
    const std::vector<int32_t>& prompt = request_.prompt;
    const int total = prompt_tokens();
    const auto common =
        std::mismatch(s_.cached.begin(), s_.cached.end(), prompt.begin(), prompt.end()).first - s_.cached.begin();
    // Reading blocks from a slow disk takes time, so it reports progress.
    const auto restored = [&](int tokens) { observer_->OnPrefill(std::min(tokens, total - 1), total, tokens); };
    const int known = s_.reuse.Restore(prompt, static_cast<int>(common), cancel_, restored);
    // The last token is always evaluated, because its logits are needed.
    const int keep = std::min(known, total - 1);
    s_.cached.assign(prompt.begin(), prompt.begin() + keep);
    s_.reuse.SetBusy(true);
    result_.cached_tokens = keep;
    observer_->OnPrefill(keep, total, keep);
    const auto progress = [&](double done) { observer_->OnPrefill(done, total, keep); };
    return s_.Prefill(prompt, keep, kMaxBatch, cancel_, progress);
  }

  // Cancellation is a result here, not an error.
  Status Decode() {
    result_.finish_reason = FinishReason::kLength;
    while (generated() < limit_) {
      Status status(StatusCode::kCancelled, {});
      if (cancel_ == nullptr || !cancel_->load(std::memory_order_relaxed)) {
        const LogitRow logits = s_.forward.Logits(static_cast<int>(row_));
        if (!std::isfinite(Largest(logits.block_max))) return s_.NoNumbers();
        const size_t window = std::min<size_t>(s_.cached.size(), kPenaltyWindow);
        const int32_t token = sampler_.Sample(logits, std::span(s_.cached).last(window));
        if (!Append(token)) return Status::Ok();
        status = Evaluate(token);
      }
      if (status.ok()) continue;
      if (status.code() != StatusCode::kCancelled) return status;
      result_.finish_reason = FinishReason::kCancelled;
      break;
    }
    return Status::Ok();
  }

  // Adds a token to the answer. False when the answer ends with it or before it.
  bool Append(int32_t token) {
    const std::vector<int32_t>& stop = request_.stop_tokens;
    const bool ends = s_.tokenizer->EndsGeneration(token) || std::find(stop.begin(), stop.end(), token) != stop.end();
    if (ends && !request_.ignore_end) {
      result_.finish_reason = FinishReason::kStop;
      return false;
    }
    result_.tokens.push_back(token);
    Emit(detokenizer_.Add(token));
    if (detokenizer_.stopped()) result_.finish_reason = FinishReason::kStop;
    if (detokenizer_.stopped() || generated() == limit_) return false;
    if (drafter_) drafter_->Append(token);
    return true;
  }

  // Makes the logits after `token` available: from the last pass, if the token was drafted, else by a new pass.
  Status Evaluate(int32_t token) {
    if (row_ + 1 < batch_.size() && batch_[row_ + 1] == token) {
      // The draft was right: the cache has its key and value.
      ++row_;
      ++result_.accepted_tokens;
      s_.cached.push_back(token);
      return Status::Ok();
    }
    const auto drafted = [&] { return static_cast<int>(batch_.size()) - 1; };
    if (batch_.size() > 1) s_.policy.ObserveDraft(drafter_->source(), drafted(), static_cast<int>(row_));
    batch_.assign(1, token);
    row_ = 0;
    if (drafter_) drafter_->Propose(limit_ - generated() - 1, &s_.policy, &batch_);
    result_.drafted_tokens += drafted();
    const auto start = Clock::now();
    const int tokens = static_cast<int>(batch_.size());
    PADDOCK_RETURN_IF_ERROR(s_.forward.Run(batch_, static_cast<int>(s_.cached.size()), tokens, cancel_, nullptr));
    s_.policy.ObservePass(tokens, MillisecondsSince(start));
    s_.cached.push_back(token);
    return Status::Ok();
  }

  void Emit(const std::string& text) {
    result_.text += text;
    observer_->OnText(text, generated());
  }

  void Remember(bool on_disk) {
    s_.reuse.SetBusy(false);
    if (!request_.transient) s_.reuse.Remember(s_.cached, on_disk);
  }

  State& s_;
  const GenerateRequest& request_;
  const CancelFlag* const cancel_;
  GenerateObserver* const observer_;
  Sampler sampler_;
  Detokenizer detokenizer_;
  std::optional<Drafter> drafter_;
  int limit_ = 0;               // tokens of the answer
  std::vector<int32_t> batch_;  // of the latest pass: the newest token and the drafts after it
  size_t row_ = 0;              // of that pass, whose logits are next
  GenerateResult result_;
};

Result<GenerateResult> Engine::Generate(const GenerateRequest& request, const CancelFlag* cancel,
                                        GenerateObserver* observer) {
  PADDOCK_RETURN_IF_ERROR(state_->CheckRequest(request));
  return Generation(*state_, request, cancel, observer).Run();
}

Status Engine::ClearCache(const CancelFlag* cancel) {
  state_->cached.clear();
  if (state_->reuse.Clear(cancel)) return Status::Ok();
  return {StatusCode::kCancelled, "Clearing the prompt cache was cancelled; some of it is still on disk."};
}

void Engine::FlushSnapshots() {
  state_->reuse.Flush();
}

Result<std::unique_ptr<Trainer>> Engine::MakeTrainer(const TrainerOptions& options) {
  State& s = *state_;
  return Trainer::Create(s.model(), s.pool, ToHex(s.weights.digest), options);
}

Result<TrainingNeed> Engine::NeedForTraining(const TrainerOptions& options) {
  State& s = *state_;
  return Trainer::Need(s.model(), s.pool, options);
}

}  // namespace paddock
