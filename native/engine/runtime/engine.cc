#include "engine.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <utility>

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
  Result<std::unique_ptr<Tokenizer>> tokenizer = Status(Code::kInternal, "The tokenizer was not read.");
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
  const Status packed =
      LoadWeights(*file, s.plan.h, *s.plan.kernels, options.exact, s.pool, &stop, forward_cancel, &s.weights);
  reader.get();
  if (!tokenizer.ok()) return tokenizer.status();
  PADDOCK_RETURN_IF_ERROR(packed);
  s.tokenizer = tokenizer.Take();
  // Nothing but the rows of the embedding is read again.
  s.weights.embedding.SetFile(file->TakeFile());
  if (!s.cache.Allocate(s.plan.h, s.plan.context, options.kv_type) || !s.forward.Allocate(s.plan.context)) {
    return Status(Code::kOutOfMemory, "There is not enough memory for a context of " + std::to_string(s.plan.context) +
                                          " tokens. Choose a shorter context or a smaller model.");
  }
  const uint64_t block_bytes = KvCache::BlockBytes(s.plan.h, options.kv_type);
  std::unique_ptr<SnapshotStore> store;
  if (!options.snapshot_folder.empty() && options.snapshot_bytes > 0 && !options.exact) {
    store = std::make_unique<SnapshotStore>(options.snapshot_folder, options.snapshot_bytes,
                                            SnapshotStore::Identity{s.weights.digest, s.plan.kernels->name, block_bytes,
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
  if (progress) progress(1);
  info.kv_type = options.kv_type;
  info.exact = s.weights.exact();
  info.memory = s.plan.memory;
  if (const auto chat_template = file->GetString("tokenizer.chat_template"))
    info.chat_template = ReplaceBrokenUtf8(*chat_template);
  return engine;
}

Status Engine::State::NoNumbers() const {
  return {Code::kInvalidModel,
          "What this model computes are no numbers: its weights are damaged, or too large for it. "
          "Download it again or choose another file."};
}

Status Engine::State::CheckRequest(const GenerateRequest& request) const {
  if (request.prompt.empty()) return {Code::kInvalidArgument, "The prompt is empty."};
  PADDOCK_RETURN_IF_ERROR(CheckIds(request.prompt, "The prompt"));
  PADDOCK_RETURN_IF_ERROR(CheckIds(request.prediction, "The prediction"));
  PADDOCK_RETURN_IF_ERROR(CheckIds(request.stop_tokens, "The list of stop tokens"));
  if (request.prompt.size() < static_cast<size_t>(plan.context)) return Status::Ok();
  return {Code::kPromptTooLong, "The prompt has " + std::to_string(request.prompt.size()) +
                                    " tokens; the context holds " + std::to_string(plan.context) +
                                    ". Shorten it or load the model with a longer context."};
}

Result<GenerateResult> Engine::Generate(const GenerateRequest& request, const CancelFlag* cancel,
                                        GenerateObserver* observer) {
  State& s = *state_;
  PADDOCK_RETURN_IF_ERROR(s.CheckRequest(request));
  const int total = static_cast<int>(request.prompt.size());
  GenerateResult result;
  result.prompt_tokens = total;
  const auto start = Clock::now();
  const auto common =
      std::mismatch(s.cached.begin(), s.cached.end(), request.prompt.begin(), request.prompt.end()).first -
      s.cached.begin();
  // Blocks from a slow disk take their time.
  const auto restored = [&](int tokens) { observer->OnPrefill(std::min(tokens, total - 1), total, tokens); };
  const int known = s.reuse.Restore(request.prompt, static_cast<int>(common), cancel, restored);
  // At least the last token is evaluated: its logits are wanted.
  const int keep = std::min(known, total - 1);
  s.cached.assign(request.prompt.begin(), request.prompt.begin() + keep);
  s.reuse.SetBusy(true);
  result.cached_tokens = keep;
  observer->OnPrefill(keep, total, keep);
  const auto progress = [&](double done) { observer->OnPrefill(done, total, keep); };
  const Status prefilled = s.Prefill(request.prompt, keep, kMaxBatch, cancel, progress);
  result.prefill_ms = MillisecondsSince(start);
  // Of a prefill that was cut off, the batches that were finished are kept, in memory only.
  const auto remember = [&](bool on_disk) {
    s.reuse.SetBusy(false);
    if (!request.transient) s.reuse.Remember(s.cached, on_disk);
  };
  if (!prefilled.ok()) {
    remember(false);
    if (prefilled.code() != Code::kCancelled) return prefilled;
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
    const LogitRow logits = s.forward.Logits(static_cast<int>(row));
    if (!std::isfinite(Largest(logits.block_max))) {
      remember(false);
      return s.NoNumbers();
    }
    const int32_t token = sampler.Sample(logits, std::span(s.cached).last(window));
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
    const Status ran =
        s.forward.Run(batch, static_cast<int>(s.cached.size()), static_cast<int>(batch.size()), cancel, nullptr);
    if (!ran.ok()) {
      if (ran.code() != Code::kCancelled) {
        remember(false);
        return ran;
      }
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

Status Engine::ClearCache(const CancelFlag* cancel) {
  state_->cached.clear();
  if (state_->reuse.Clear(cancel)) return Status::Ok();
  return {Code::kCancelled, "Clearing the prompt cache was cancelled; some of it is still on disk."};
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
