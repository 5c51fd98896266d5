// The parts of an Engine, shared by the files that implement it.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "engine.h"
#include "model/forward.h"
#include "model/importance.h"
#include "model/page_pool.h"
#include "model/sequence.h"
#include "model/weights.h"
#include "ops/thread_pool.h"
#include "runtime/drafter.h"
#include "runtime/load_plan.h"
#include "runtime/machine.h"
#include "runtime/prefix_reuse.h"

namespace paddock {

using Clock = std::chrono::steady_clock;

inline double MillisecondsSince(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

inline uint64_t PanelBytes(const PanelMatrix& m) {
  return static_cast<uint64_t>(m.panel_bytes) * static_cast<uint64_t>(m.panel_count);
}

struct EngineState {
  EngineState(LoadPlan p, std::shared_ptr<Machine> m)
      : plan(std::move(p)),
        machine(std::move(m)),
        team(machine->pool, plan.threads),
        pages(plan.kv, KvFormat::Pages(plan.context), machine->pages),
        forward(model(), team),
        reuse(pages) {}

  Model model() const { return {plan.h, weights, *plan.kernels}; }

  LoadPlan plan;
  ModelInfo info;
  std::unique_ptr<Tokenizer> tokenizer;
  const std::shared_ptr<Machine> machine;
  const Team team;
  Weights weights;
  PagePool pages;
  Forward forward;
  DraftPolicy policy;  // lives as long as the model: what a pass costs is learned once
  PrefixReuse reuse;

  // kInvalidArgument unless all ids are within the vocabulary. Every list of ids that enters the engine passes here:
  // kernels index rows by them. `what` names the list, for the message.
  Status CheckIds(std::span<const int32_t> ids, const char* what) const {
    const bool valid =
        std::all_of(ids.begin(), ids.end(), [&](int32_t id) { return id >= 0 && id < plan.h.vocabulary; });
    if (valid) return Status::Ok();
    return {StatusCode::kInvalidArgument, std::string(what) + " has an id outside the vocabulary."};
  }
  Status CheckRequest(const GenerateRequest& request) const;
  // Tokens of the longest answer.
  int MostTokens(const GenerateRequest& request) const {
    const int room = plan.context - static_cast<int>(request.prompt.size());
    return request.max_tokens > 0 ? std::min(request.max_tokens, room) : room;
  }
  int Positions(const GenerateRequest& request) const {
    return static_cast<int>(request.prompt.size()) + MostTokens(request);
  }
  // Finite weights may still give sums that are not.
  Status NoNumbers() const;
  // A text to score from its token `first` on.
  Status CheckText(std::span<const int32_t> ids, int first) const;

  // Evaluates what `sequence` does not have of `ids` in batches; logits of the last one stay in row 0. As
  // Forward::Run(); the sequence then has what is whole.
  Status Prefill(std::span<const int32_t> ids, Sequence* sequence, int batch, const CancelFlag* cancel);
  Status NoMemory() const;

  // Chooses how many threads take part, by what some layers take. A pass over few tokens waits for memory, one over
  // many for arithmetic, so the answers may differ.
  Status TuneThreads();
  void SetInfo(const std::string& path, const GgufFile& file, const LoadOptions& options);

  std::optional<ImportanceSums> importance;  // while one is collected
  uint32_t observed = 0, observed_size = 0;  // texts, and tokens of the longest
};

}  // namespace paddock
