// One answer, from its prompt to its last token, in steps of some milliseconds.
//
// To suspend it is to call Step() no further, to go on is to call it again. Other generations and texts may be computed
// meanwhile; the answer is the same to the bit.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine.h"
#include "model/sequence.h"
#include "runtime/engine_state.h"
#include "runtime/opening.h"
#include "tokenizer/detokenizer.h"

namespace paddock {

class Generation {
 public:
  // The request has passed CheckRequest().
  Generation(EngineState& state, GenerateRequest request, const CancelFlag* cancel, GenerateObserver* observer);
  ~Generation();
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  // Without room it must not be stepped.
  bool has_room() const { return static_cast<bool>(room_); }
  bool done() const { return stage_ == Stage::kDone; }
  // Whether the next step is a pass that it can share.
  bool decoding() const { return stage_ == Stage::kDecode; }

  // Blocks from disk or layers of prefill, until `time` is over, or one pass of decoding.
  void Step(std::chrono::milliseconds time = kStep);
  static constexpr std::chrono::milliseconds kStep{20};
  // One pass of decoding for several generations of one engine; at most kMostTogether.
  static void StepTogether(std::span<Generation* const> generations);
  static constexpr int kMostTogether = 8;

  // When it is done. A cancelled generation is a result, not an error.
  Result<GenerateResult> Take();

 private:
  enum class Stage { kFind, kRestore, kPrefill, kDecode, kDone };

  int prompt_tokens() const { return static_cast<int>(request_.prompt.size()); }
  int generated() const { return static_cast<int>(result_.tokens.size()); }
  bool cancelled() const { return cancel_ != nullptr && cancel_->load(std::memory_order_relaxed); }
  void Restore(ThreadPool::Deadline deadline);
  void BeginPrefill();
  void Prefill(ThreadPool::Deadline deadline);
  bool Propose(int most);
  void Advance(int first_row);
  bool Append(int32_t token);
  bool Sample(int row, int32_t* token);
  void Emit(const std::string& text);
  // The ends of it.
  void End();
  void Cancel();
  void Fail(Status status);
  void Remember(PrefixReuse::Keep keep);

  EngineState& s_;
  const GenerateRequest request_;
  const CancelFlag* const cancel_;
  GenerateObserver* const observer_;
  Opening opening_;
  Sampler sampler_;
  Detokenizer detokenizer_;
  std::optional<Drafter> drafter_;
  const PageReservation room_;
  Sequence sequence_;
  const int limit_;  // tokens of the answer
  Stage stage_ = Stage::kFind;
  bool busy_ = false;           // the disk was told
  PrefixReuse::Place place_;    // while it restores
  std::optional<Pass> pass_;    // of prefill, when it is broken off
  std::vector<int32_t> batch_;  // of a pass of decoding: the newest token and the drafts after it
  int accepted_ = 0;            // drafts of the last one that were right
  Status status_;
  GenerateResult result_;
};

}  // namespace paddock
