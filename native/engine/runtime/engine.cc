#include "engine.h"

#include <algorithm>
#include <future>
#include <utility>

#include "base/buffer.h"
#include "runtime/engine_state.h"
#include "runtime/generation.h"
#include "runtime/thread_choice.h"

namespace paddock {
namespace {

constexpr double kPackingShare = 0.95;  // of loading; the rest is for trying thread counts
// The trials of thread counts: half a millisecond of decoding and some milliseconds of prefill each.
constexpr uint64_t kProbeBytes = 20'000'000, kProbeElements = 40'000'000;
constexpr int kProbeTokens = 16;  // enough to be bound by computing

}  // namespace

Status EngineState::TuneThreads() {
  uint64_t bytes = 0, elements = 0;  // of a layer
  for (const PanelMatrix* m : weights.layers[0].matrices()) {
    bytes += PanelBytes(*m);
    elements += static_cast<uint64_t>(m->rows) * static_cast<uint64_t>(m->columns);
  }
  Sequence sequence(pages);
  if (!sequence.Reserve(kProbeTokens)) return NoMemory();
  const auto choose = [&](int tokens, int rounds, uint64_t layers) {
    const std::vector<int32_t> ids(static_cast<size_t>(tokens));
    const Batch batch{{{&sequence.table(), 0, ids}}, tokens};
    const int span = static_cast<int>(std::clamp<uint64_t>(layers, 1, static_cast<uint64_t>(plan.h.layers)));
    return ProbeThreads(plan.candidates, rounds, [&](int threads, int round) {
      // Other layers each time: those of the last round may be in the CPU's cache still.
      const int begin = round * span % (plan.h.layers - span + 1);
      forward.SetThreads(threads, threads);
      const auto start = Clock::now();
      forward.RunLayers(batch, begin, begin + span);
      return MillisecondsSince(start);
    });
  };
  info.decode_threads = choose(1, 5, kProbeBytes / bytes);
  info.prefill_threads = choose(kProbeTokens, 3, kProbeElements / elements);
  forward.SetThreads(info.decode_threads, info.prefill_threads);
  return Status::Ok();
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
                                             const CancelFlag* cancel, const std::function<void(double)>& progress,
                                             std::shared_ptr<Machine> machine) {
  Result<GgufFile> file = GgufFile::Open(path);
  if (!file.ok()) return file.status();
  Result<LoadPlan> plan = PlanLoad(*file, options);
  if (!plan.ok()) return plan.status();

  std::unique_ptr<Engine> engine(new Engine);
  if (machine == nullptr) machine = std::make_shared<Machine>(plan->threads);
  machine->pages.Allow(plan->memory.prefix_cache);
  engine->state_ = std::make_unique<EngineState>(plan.Take(), std::move(machine));
  EngineState& s = *engine->state_;
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
  const Status packed = LoadWeights(*file, s.plan.h, *s.plan.kernels, options.float_activations, s.team, &stop,
                                    forward_cancel, &s.weights);
  reader.get();
  if (!tokenizer.ok()) return tokenizer.status();
  PADDOCK_RETURN_IF_ERROR(packed);
  s.tokenizer = tokenizer.Take();
  // Nothing but the rows of the embedding is read again.
  s.weights.embedding.SetFile(file->TakeFile());
  if (!s.forward.Allocate(s.plan.context)) return s.NoMemory();
  const bool remembers = options.snapshot_bytes > 0 && s.plan.memory.prefix_cache > 0;
  if (!options.snapshot_folder.empty() && remembers && !options.float_activations) {
    s.reuse.Open(
        std::make_unique<SnapshotStore>(options.snapshot_folder, options.snapshot_bytes,
                                        SnapshotStore::Identity{s.weights.digest, s.plan.kernels->name, s.plan.kv}));
  }
  s.SetInfo(path, *file, options);
  PADDOCK_RETURN_IF_ERROR(s.TuneThreads());
  if (progress) progress(1);
  // What reading took is part of no model's need: the header, and the buffers of the threads.
  { const GgufFile header = file.Take(); }
  ReturnFreedMemory();
  return engine;
}

void EngineState::SetInfo(const std::string& path, const GgufFile& file, const LoadOptions& options) {
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

Status EngineState::NoNumbers() const {
  return {StatusCode::kInvalidModel,
          "What this model computes are no numbers: its weights are damaged, or too large for it. "
          "Download it again or choose another file."};
}

Status EngineState::CheckRequest(const GenerateRequest& request) const {
  if (request.prompt.empty()) return {StatusCode::kInvalidArgument, "The prompt is empty."};
  PADDOCK_RETURN_IF_ERROR(CheckIds(request.prompt, "The prompt"));
  PADDOCK_RETURN_IF_ERROR(CheckIds(request.prediction, "The prediction"));
  PADDOCK_RETURN_IF_ERROR(CheckIds(request.stop_tokens, "The list of stop tokens"));
  if (request.prompt.size() < static_cast<size_t>(plan.context)) return Status::Ok();
  return {StatusCode::kPromptTooLong, "The prompt has " + std::to_string(request.prompt.size()) +
                                          " tokens; the context holds " + std::to_string(plan.context) +
                                          ". Shorten it or load the model with a longer context."};
}

Status EngineState::NoMemory() const {
  return {StatusCode::kOutOfMemory, "There is not enough memory for a context of " + std::to_string(plan.context) +
                                        " tokens. Choose a shorter context or a smaller model."};
}

Status EngineState::Prefill(std::span<const int32_t> ids, Sequence* sequence, int batch, const CancelFlag* cancel) {
  const int total = static_cast<int>(ids.size());
  for (int at; (at = sequence->size()) < total;) {
    const std::span<const int32_t> tokens = ids.subspan(at, std::min(batch, total - at));
    if (!sequence->Reserve(static_cast<int>(tokens.size()))) return NoMemory();
    const bool last = at + static_cast<int>(tokens.size()) == total;
    PADDOCK_RETURN_IF_ERROR(forward.Run({{{&sequence->table(), at, tokens}}, last ? 1 : 0}, cancel, nullptr));
    sequence->Append(tokens);
  }
  return Status::Ok();
}

Result<std::unique_ptr<Generation>> Engine::Begin(GenerateRequest request, const CancelFlag* cancel,
                                                  GenerateObserver* observer) {
  PADDOCK_RETURN_IF_ERROR(state_->CheckRequest(request));
  auto generation = std::make_unique<Generation>(*state_, std::move(request), cancel, observer);
  if (!generation->has_room()) return state_->NoMemory();
  return generation;
}

bool Engine::HasRoom(const GenerateRequest& request) const {
  return !state_->CheckRequest(request).ok() || state_->pages.HasRoom(state_->Positions(request));
}

bool Engine::HasRoom(size_t tokens) const {
  return tokens > static_cast<size_t>(state_->plan.context) || state_->pages.HasRoom(static_cast<int>(tokens));
}

Result<GenerateResult> Engine::Generate(const GenerateRequest& request, const CancelFlag* cancel,
                                        GenerateObserver* observer) {
  Result<std::unique_ptr<Generation>> generation = Begin(request, cancel, observer);
  if (!generation.ok()) return generation.status();
  while (!(*generation)->done()) (*generation)->Step();
  return (*generation)->Take();
}

Status Engine::ClearCache(const CancelFlag* cancel) {
  if (state_->reuse.Clear(cancel)) return Status::Ok();
  return {StatusCode::kCancelled, "Clearing the prompt cache was cancelled; some of it is still on disk."};
}

void Engine::FlushSnapshots() {
  state_->reuse.Flush();
}

Result<std::unique_ptr<Trainer>> Engine::MakeTrainer(const TrainerOptions& options) {
  EngineState& s = *state_;
  return Trainer::Create(s.model(), s.team, ToHex(s.weights.digest), options);
}

Result<TrainingNeed> Engine::NeedForTraining(const TrainerOptions& options) {
  EngineState& s = *state_;
  return Trainer::Need(s.model(), s.team, options);
}

}  // namespace paddock
