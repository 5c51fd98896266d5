// Passes over given tokens: likelihoods, predictions, and sums for an importance matrix.
#include <algorithm>
#include <cmath>

#include "kernels/cpu_features.h"
#include "runtime/engine_state.h"

namespace paddock {
namespace {

constexpr size_t kLeastObserved = 16;  // tokens of a text for an importance matrix

}  // namespace

Status EngineState::CheckText(std::span<const int32_t> ids, int first) const {
  if (ids.size() < 2) return {StatusCode::kInvalidArgument, "A text of at least two tokens is needed."};
  PADDOCK_RETURN_IF_ERROR(CheckIds(ids, "The text"));
  if (first < 0 || static_cast<size_t>(first) + 1 >= ids.size())
    return {StatusCode::kInvalidArgument, "At least one token of the text must count."};
  if (ids.size() <= static_cast<size_t>(plan.context)) return Status::Ok();
  return {StatusCode::kPromptTooLong, "The text has " + std::to_string(ids.size()) + " tokens; the context holds " +
                                          std::to_string(plan.context) +
                                          ". Shorten it or load the model with a longer context."};
}

Result<std::vector<double>> Engine::Score(std::span<const int32_t> ids, const CancelFlag* cancel, int first) {
  PADDOCK_RETURN_IF_ERROR(state_->CheckText(ids, first));
  const size_t begin = static_cast<size_t>(first) + 1;
  std::vector<double> nll(ids.size() - begin);
  PADDOCK_RETURN_IF_ERROR(ForEachPrediction(ids, first, cancel, [&](size_t i, std::span<const float> logits) {
    nll[i] = NegativeLogLikelihood(logits, ids[begin + i]);
  }));
  if (!std::all_of(nll.begin(), nll.end(), [](double v) { return std::isfinite(v); })) return state_->NoNumbers();
  return nll;
}

Result<std::vector<float>> Engine::Predictions(std::span<const int32_t> ids, int first, const CancelFlag* cancel) {
  PADDOCK_RETURN_IF_ERROR(state_->CheckText(ids, first));
  const size_t vocabulary = state_->plan.h.vocabulary;
  const size_t rows = ids.size() - static_cast<size_t>(first) - 1, bytes = rows * vocabulary * sizeof(float);
  // The system promises more memory than there is and ends the process when it is used.
  if (const uint64_t free = DetectMemory().available; free > 0 && bytes > free) {
    return Status(StatusCode::kOutOfMemory, "The predictions of " + std::to_string(rows) + " tokens take " +
                                                std::to_string(bytes >> 20) +
                                                " MiB, more than is free. Compare a shorter text.");
  }
  std::vector<float> all(rows * vocabulary);
  PADDOCK_RETURN_IF_ERROR(ForEachPrediction(ids, first, cancel, [&](size_t i, std::span<const float> logits) {
    std::copy(logits.begin(), logits.end(), all.begin() + static_cast<std::ptrdiff_t>(i * vocabulary));
  }));
  return all;
}

Result<std::vector<TokenDivergence>> Engine::Compare(std::span<const int32_t> ids, int first,
                                                     std::span<const float> base, const CancelFlag* cancel) {
  PADDOCK_RETURN_IF_ERROR(state_->CheckText(ids, first));
  const size_t vocabulary = state_->plan.h.vocabulary;
  const size_t begin = static_cast<size_t>(first) + 1;
  if (base.size() != (ids.size() - begin) * vocabulary) {
    return Status(StatusCode::kInvalidArgument,
                  "The predictions to compare with are of other tokens, or of a model with another vocabulary.");
  }
  std::vector<TokenDivergence> out(ids.size() - begin);
  PADDOCK_RETURN_IF_ERROR(ForEachPrediction(ids, first, cancel, [&](size_t i, std::span<const float> logits) {
    out[i] = CompareLogits(base.subspan(i * vocabulary, vocabulary), logits, ids[begin + i]);
  }));
  for (const TokenDivergence& d : out) {
    if (!std::isfinite(d.nll) || !std::isfinite(d.base_nll) || !std::isfinite(d.kld)) return state_->NoNumbers();
  }
  return out;
}

Status Engine::ForEachPrediction(std::span<const int32_t> ids, int first, const CancelFlag* cancel,
                                 const std::function<void(size_t, std::span<const float>)>& row) {
  EngineState& s = *state_;
  const Status cancelled(StatusCode::kCancelled, "Scoring was cancelled.");
  const int last = static_cast<int>(ids.size()) - 1;
  const PageReservation room(s.pages, last);
  if (!room) return s.NoMemory();
  Sequence sequence(s.pages);
  // What comes before the predictions may be known: texts are compared behind the same beginning.
  s.reuse.Restore(ids.first(first), &sequence);
  const auto end = [&](const Status& status) {
    sequence.Truncate(std::min(sequence.size(), first));
    if (first > 0) s.reuse.Remember(sequence, PrefixReuse::Keep::kPassing);
    return status;
  };
  for (int at; (at = sequence.size()) < last;) {
    const int count = std::min(kMaxBatch, last - at);
    const int wanted = std::clamp(at + count - first, 0, count);
    const auto batch = ids.subspan(at, count);
    if (!sequence.Reserve(count)) return end(s.NoMemory());
    if (const Status ran = s.forward.Run({{{&sequence.table(), at, batch}}, wanted}, cancel, nullptr); !ran.ok())
      return end(ran);
    for (int begin = 0; begin < wanted; begin += kMaxLogitRows) {
      const int rows = std::min(kMaxLogitRows, wanted - begin);
      if (!s.forward.ComputeLogits(begin, rows, cancel)) return end(cancelled);
      const int index = at + count - wanted + begin - first;
      // Exponentials over the whole vocabulary take as long as the small models themselves.
      s.team.Run(nullptr, [&](const Worker& worker) {
        for (int i; (i = worker.Claim(rows)) < rows;) row(index + i, s.forward.Logits(i).values);
      });
    }
    sequence.Append(batch);
  }
  return end(Status::Ok());
}

Status Engine::Observe(std::span<const int32_t> ids, const CancelFlag* cancel) {
  EngineState& s = *state_;
  const size_t context = s.plan.context;
  PADDOCK_RETURN_IF_ERROR(s.CheckIds(ids, "The text"));
  if (ids.size() < kLeastObserved || ids.size() > context) {
    std::string text = "A text of " + std::to_string(kLeastObserved);
    text += " to " + std::to_string(context);
    return Status(StatusCode::kInvalidArgument, text + " tokens is needed.");
  }
  if (!s.importance) s.importance.emplace(s.plan.h, s.team.size());
  s.observed_size = std::max(s.observed_size, static_cast<uint32_t>(ids.size()));
  const PageReservation room(s.pages, static_cast<int>(ids.size()));
  Sequence sequence(s.pages);
  if (!room || !sequence.Reserve(static_cast<int>(ids.size()))) return s.NoMemory();
  s.forward.Observe(&*s.importance);
  Status ran;
  for (size_t at = 0; at < ids.size() && ran.ok();) {
    // No pass of so few tokens that every thread would read all of them.
    const size_t left = ids.size() - at;
    size_t count = std::min<size_t>(kMaxBatch, left);
    if (left > count && left - count < kLeastObserved) count -= kLeastObserved;
    // All rows are wanted, so that the last layer's are complete; more than kMaxLogitRows get no logits.
    const BatchRun run{&sequence.table(), static_cast<int>(at), ids.subspan(at, count)};
    ran = s.forward.Run({{run}, static_cast<int>(count)}, cancel, nullptr);
    at += count;
  }
  s.forward.Observe(nullptr);
  PADDOCK_RETURN_IF_ERROR(ran);
  ++s.observed;
  return Status::Ok();
}

Status Engine::SaveImportance(const std::string& path, const std::vector<std::string>& datasets) {
  EngineState& s = *state_;
  if (!s.importance || s.observed == 0) return Status(StatusCode::kInvalidArgument, "No text was read yet.");
  PADDOCK_RETURN_IF_ERROR(
      WriteImportance(*s.importance, s.plan.h, path, datasets, std::exchange(s.observed, 0), s.observed_size));
  s.importance.reset();
  return Status::Ok();
}

Result<std::span<float>> Engine::Evaluate(std::span<const int32_t> ids, int keep, int batch, const CancelFlag* cancel) {
  EngineState& s = *state_;
  PADDOCK_RETURN_IF_ERROR(s.CheckIds(ids, "The text"));
  if (keep < 0 || ids.size() <= static_cast<size_t>(keep) || ids.size() > static_cast<size_t>(s.plan.context) ||
      batch < 1 || batch > kMaxBatch) {
    return Status(StatusCode::kInvalidArgument, "The tokens cannot be evaluated.");
  }
  const PageReservation room(s.pages, static_cast<int>(ids.size()));
  if (!room) return s.NoMemory();
  Sequence sequence(s.pages);
  s.reuse.Restore(ids.first(keep), &sequence);
  const Status ran = s.Prefill(ids, &sequence, batch, cancel);
  s.reuse.Remember(sequence, PrefixReuse::Keep::kInMemory);
  PADDOCK_RETURN_IF_ERROR(ran);
  return s.forward.Logits(0).values;
}

}  // namespace paddock
