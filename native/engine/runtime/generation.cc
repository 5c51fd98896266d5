#include "runtime/generation.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "runtime/divergence.h"

namespace paddock {
namespace {

// A pass over a draft and the token before it gets the logits of every row at once.
static_assert(kMaxDraft + 1 <= kMaxLogitRows);
static_assert(Generation::kMostTogether <= kMaxLogitRows);

constexpr int kPenaltyWindow = 64;  // tokens

}  // namespace

Generation::Generation(EngineState& state, GenerateRequest request, const CancelFlag* cancel,
                       GenerateObserver* observer)
    : s_(state),
      request_(std::move(request)),
      cancel_(cancel),
      observer_(observer),
      opening_(*state.tokenizer, request_.opening),
      sampler_(request_.sampler),
      detokenizer_(*state.tokenizer, request_.stop),
      room_(state.pages, state.Positions(request_)),
      sequence_(state.pages),
      limit_(state.MostTokens(request_)) {
  if (request_.speculate) drafter_.emplace(request_.prompt, request_.prediction);
  result_.prompt_tokens = prompt_tokens();
}

Generation::~Generation() {
  if (busy_) s_.reuse.SetBusy(false);
}

Result<GenerateResult> Generation::Take() {
  if (!status_.ok()) return std::move(status_);
  return std::move(result_);
}

void Generation::Step(std::chrono::milliseconds time) {
  if (stage_ == Stage::kDecode) {
    Generation* const alone = this;
    return StepTogether({&alone, 1});
  }
  const auto start = Clock::now();
  if (stage_ == Stage::kFind) {
    s_.reuse.Restore(request_.prompt, &sequence_);
    place_ = s_.reuse.PlaceBehind(request_.prompt, sequence_.size());
    stage_ = Stage::kRestore;
  }
  if (stage_ == Stage::kRestore) {
    Restore(start + time);
  } else if (stage_ == Stage::kPrefill) {
    Prefill(start + time);
  }
  result_.prefill_ms += MillisecondsSince(start);
}

// Reading blocks from a slow disk takes time, so it reports progress.
void Generation::Restore(ThreadPool::Deadline deadline) {
  const int total = prompt_tokens();
  while (!cancelled() && s_.reuse.RestoreBlock(request_.prompt, &place_, &sequence_)) {
    observer_->OnPrefill(std::min(sequence_.size(), total - 1), total, sequence_.size());
    if (Clock::now() >= deadline) return;
  }
  // The last token is always evaluated, because its logits are needed.
  sequence_.Truncate(std::min(sequence_.size(), total - 1));
  result_.cached_tokens = sequence_.size();
  s_.reuse.SetBusy(true);
  busy_ = true;
  observer_->OnPrefill(sequence_.size(), total, sequence_.size());
  stage_ = Stage::kPrefill;
}

void Generation::Prefill(ThreadPool::Deadline deadline) {
  // A transient request may be cancelled at any key, and the next one finds only what whole passes have read: its
  // passes are short, though not so short that they would mostly wait for the weights.
  constexpr int kShortPass = 64;
  const int most = request_.transient ? kShortPass : kMaxBatch;
  const int at = sequence_.size(), total = prompt_tokens(), count = std::min(most, total - at);
  const std::span<const int32_t> tokens = std::span(request_.prompt).subspan(at, count);
  const bool last = at + count == total;
  if (!pass_) {
    if (!sequence_.Reserve(count)) return Fail(s_.NoMemory());
    pass_.emplace(Batch{{{&sequence_.table(), at, tokens}}, last ? 1 : 0});
  }
  const auto progress = [&](int layers) {
    observer_->OnPrefill(at + static_cast<double>(count) * layers / s_.plan.h.layers, total, result_.cached_tokens);
  };
  if (Status ran = s_.forward.Run(&*pass_, cancel_, deadline, progress); !ran.ok()) {
    pass_.reset();
    // The batches that were finished are kept, in memory only.
    if (ran.code() != StatusCode::kCancelled) return Fail(std::move(ran));
    Remember(PrefixReuse::Keep::kInMemory);
    result_.finish_reason = FinishReason::kCancelled;
    return;
  }
  if (!pass_->done()) return;
  pass_.reset();
  sequence_.Append(tokens);
  if (!last) return;
  stage_ = Stage::kDecode;
  result_.finish_reason = FinishReason::kLength;
  Advance(0);
}

void Generation::StepTogether(std::span<Generation* const> generations) {
  EngineState& s = generations.front()->s_;
  const auto start = Clock::now();
  const int drafts = kMaxLogitRows / static_cast<int>(generations.size()) - 1;
  Batch batch;
  std::vector<Generation*> taking_part;
  for (Generation* const generation : generations) {
    if (!generation->Propose(drafts)) continue;
    taking_part.push_back(generation);
    batch.runs.push_back({&generation->sequence_.table(), generation->sequence_.size(), generation->batch_});
  }
  if (taking_part.empty()) return;
  const int rows = batch.wanted = batch.count();
  // A pass for others goes on when one of them is cancelled.
  const CancelFlag* cancel = taking_part.size() == 1 ? taking_part.front()->cancel_ : nullptr;
  const auto pass_start = Clock::now();
  const Status ran = s.forward.Run(std::move(batch), cancel, nullptr);
  if (ran.ok()) s.policy.ObservePass(rows, MillisecondsSince(pass_start));
  int row = 0;
  for (Generation* const generation : taking_part) {
    const int first_row = std::exchange(row, row + static_cast<int>(generation->batch_.size()));
    if (ran.ok()) {
      const int32_t token = generation->batch_.front();
      generation->sequence_.Append({&token, 1});
      generation->Advance(first_row);
    } else if (ran.code() == StatusCode::kCancelled) {
      generation->Cancel();
    } else {
      generation->Fail(ran);
    }
    generation->result_.decode_ms += MillisecondsSince(start);
  }
}

// Makes the next pass: the newest token, which is in the batch already, and at most `most` drafts. False when the
// answer ends instead.
bool Generation::Propose(int most) {
  if (cancelled()) {
    Cancel();
    return false;
  }
  const int32_t token = batch_.back();
  batch_.assign(1, token);
  accepted_ = 0;
  if (drafter_) drafter_->Propose(std::min(most, limit_ - generated() - 1), &s_.policy, &batch_);
  const auto drafted = [&] { return static_cast<int>(batch_.size()) - 1; };
  // Drafts may need one page more than there is.
  if (drafted() > 0 && !sequence_.Reserve(drafted() + 1)) batch_.resize(1);
  if (!sequence_.Reserve(1)) {
    Fail(s_.NoMemory());
    return false;
  }
  result_.drafted_tokens += drafted();
  return true;
}

// Takes tokens from the logits of the latest pass, in which this generation's rows begin with `row`: one, and as many
// as drafts were right.
void Generation::Advance(int row) {
  for (int32_t token; Sample(row + accepted_, &token) && Append(token);) {
    if (static_cast<size_t>(accepted_) + 1 >= batch_.size() || batch_[accepted_ + 1] != token) {
      if (batch_.size() > 1) s_.policy.ObserveDraft(drafter_->source(), static_cast<int>(batch_.size()) - 1, accepted_);
      batch_.assign(1, token);
      return;
    }
    // The draft was right: its key and value are there.
    ++accepted_;
    ++result_.accepted_tokens;
    sequence_.Append({&token, 1});
  }
}

// The next token. False when there is none.
bool Generation::Sample(int row, int32_t* token) {
  if (cancelled()) {
    Cancel();
    return false;
  }
  const LogitRow logits = s_.forward.Logits(row);
  if (!std::isfinite(Largest(logits.block_max))) {
    Fail(s_.NoNumbers());
    return false;
  }
  opening_.Restrict(logits);
  const size_t window = std::min<size_t>(sequence_.ids().size(), kPenaltyWindow);
  *token = sampler_.Sample(logits, sequence_.ids().last(window));
  if (request_.likelihoods) result_.likelihoods.push_back(-NegativeLogLikelihood(logits, *token));
  return true;
}

// Adds a token to the answer. False when the answer ends with it or before it.
bool Generation::Append(int32_t token) {
  const std::vector<int32_t>& stop = request_.stop_tokens;
  const bool ends = s_.tokenizer->EndsGeneration(token) || std::find(stop.begin(), stop.end(), token) != stop.end();
  if (ends && !request_.ignore_end) {
    result_.finish_reason = FinishReason::kStop;
    End();
    return false;
  }
  result_.tokens.push_back(token);
  opening_.Append(token);
  Emit(detokenizer_.Add(token));
  if (detokenizer_.stopped()) result_.finish_reason = FinishReason::kStop;
  if (detokenizer_.stopped() || generated() == limit_) {
    End();
    return false;
  }
  if (drafter_) drafter_->Append(token);
  return true;
}

void Generation::Emit(const std::string& text) {
  result_.text += text;
  observer_->OnText(text, generated());
}

void Generation::End() {
  if (const std::string rest = detokenizer_.Finish(); !rest.empty()) Emit(rest);
  Remember(PrefixReuse::Keep::kOnDisk);
}

void Generation::Cancel() {
  result_.finish_reason = FinishReason::kCancelled;
  End();
}

void Generation::Fail(Status status) {
  status_ = std::move(status);
  Remember(PrefixReuse::Keep::kInMemory);
}

// Ends it.
void Generation::Remember(PrefixReuse::Keep keep) {
  if (std::exchange(busy_, false)) s_.reuse.SetBusy(false);
  s_.reuse.Remember(sequence_, request_.transient ? PrefixReuse::Keep::kPassing : keep);
  sequence_.Truncate(0);
  stage_ = Stage::kDone;
}

}  // namespace paddock
