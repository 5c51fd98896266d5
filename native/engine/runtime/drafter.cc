#include "runtime/drafter.h"

#include <algorithm>
#include <cmath>

namespace paddock {
namespace {

constexpr double kNewWeight = 0.25;     // of one observation in a moving average
constexpr double kLeastGain = 1.05;     // a draft must promise this much to be tried
constexpr double kGuessedSlope = 0.10;  // of a pass per further token, until it was measured
constexpr int kProbeAfter = 24;         // passes after which drafting is tried again
constexpr int kLongestMatch = 32;       // tokens of context that are compared

}  // namespace

void DraftPolicy::ObservePass(int tokens, double milliseconds) {
  if (tokens < 1 || tokens > kMaxDraft + 1) return;
  double& cost = cost_[tokens];
  cost = cost == 0 ? milliseconds : cost + kNewWeight * (milliseconds - cost);
}

double DraftPolicy::Cost(int tokens) const {
  if (cost_[tokens] > 0) return cost_[tokens];
  int below = 0, above = 0;
  for (int i = tokens - 1; i > 0 && below == 0; --i) below = cost_[i] > 0 ? i : 0;
  for (int i = tokens + 1; i <= kMaxDraft + 1 && above == 0; ++i) above = cost_[i] > 0 ? i : 0;
  if (below == 0) return above == 0 ? 1.0 : cost_[above];
  // The slope of the first tokens is known to be no steeper than that of the others, on any machine seen so far.
  if (above == 0) return cost_[below] * (1 + kGuessedSlope * (tokens - below) / (1 + kGuessedSlope * (below - 1)));
  return cost_[below] + (cost_[above] - cost_[below]) * (tokens - below) / (above - below);
}

void DraftPolicy::ObserveDraft(DraftSource source, int drafted, int accepted) {
  // Tokens after the first rejected one tell nothing, so they are no trials.
  const int trials = std::min(drafted, accepted + 1);
  double& right = right_[static_cast<int>(source)];
  const double weight = source == DraftSource::kPrediction ? 0.05 : 0.12;
  for (int i = 0; i < trials; ++i) right += weight * ((i < accepted ? 1.0 : 0.0) - right);
  right = std::clamp(right, 0.02, 0.99);
}

int DraftPolicy::Length(DraftSource source, int limit) {
  if (cost_[1] == 0) return 0;  // what a plain pass costs is the measure of all others
  const double p = right_[static_cast<int>(source)], plain = cost_[1];
  double expected = 1, run = 1, best = kLeastGain;
  int length = 0;
  for (int k = 1; k <= std::min(limit, kMaxDraft); ++k) {
    run *= p;
    expected += run;
    const double gain = expected * plain / Cost(k + 1);
    if (gain > best) {
      best = gain;
      length = k;
    }
  }
  // The text may become predictable again, so from time to time one draft token is tried.
  if (length == 0 && limit > 0 && ++since_probe_ >= kProbeAfter) length = 1;
  if (length > 0) since_probe_ = 0;
  return length;
}

Drafter::Drafter(std::span<const int32_t> prompt, std::span<const int32_t> prediction)
    : prediction_(prediction.begin(), prediction.end()),
      most_(kMostGrowth * prediction.size()),
      answer_(prompt.size()),
      following_(!prediction.empty()) {
  text_.reserve(prompt.size() + 1024);
  earlier_.reserve(prompt.size() + 1024);
  for (const int32_t token : prompt) Append(token);
}

uint64_t Drafter::Key(size_t end) const {
  uint64_t key = 0;
  for (size_t i = end - kOrder; i < end; ++i) key = key * 0x9e3779b97f4a7c15u + static_cast<uint32_t>(text_[i]) + 1;
  return key;
}

void Drafter::Append(int32_t token) {
  // What comes after the last kOrder tokens is known only now.
  if (text_.size() >= kOrder) {
    uint32_t& latest = latest_[Key(text_.size())];
    earlier_.resize(text_.size() + 1, 0);
    earlier_[text_.size()] = latest;
    latest = static_cast<uint32_t>(text_.size());
  }
  text_.push_back(token);
  if (text_.size() <= answer_ || !following_) return;
  if (cursor_ < prediction_.size() && prediction_[cursor_] == token) {
    ++cursor_;
    if (++agreed_ == kAnchor) Replace();
    return;
  }
  following_ = false;
  // Too few tokens agreed: the answer had not come back to the prediction, so its place there stays.
  if (agreed_ < kAnchor) return;
  left_ = cursor_;
  left_in_text_ = text_.size() - 1;
}

// The next position in the prediction, or its size when the answer has left it.
size_t Drafter::FollowPrediction() {
  return following_ || Rejoin() ? cursor_ : prediction_.size();
}

// Takes the prediction up again: a little behind where it was left, at the place that agrees over most tokens, be it a
// single one, or else anywhere that kAnchor agree.
bool Drafter::Rejoin() {
  const size_t size = prediction_.size(), since = text_.size() - left_in_text_;
  const auto agree = [&](size_t at, size_t most) {
    size_t n = 0;
    while (n < most && prediction_[at - 1 - n] == text_[text_.size() - 1 - n]) ++n;
    return n;
  };
  agreed_ = 0;
  for (size_t at = left_ + 1; at <= std::min(size, left_ + kNear); ++at) {
    const size_t n = agree(at, std::min({kAnchor, since, at - left_}));
    if (n <= agreed_) continue;
    agreed_ = n;
    cursor_ = at;
  }
  for (size_t i = 0; agreed_ < kAnchor && since >= kAnchor && i + kAnchor <= size; ++i) {
    const size_t at = kAnchor + (left_ + i) % (size - kAnchor + 1);
    if (agree(at, kAnchor) < kAnchor) continue;
    agreed_ = kAnchor;
    cursor_ = at;
  }
  following_ = agreed_ > 0;
  if (agreed_ == kAnchor) Replace();
  return following_;
}

// The answer has written something else in one place of the prediction, and so it will in others: as where a name is
// changed. When it does not after all, that is the next replacement, and takes this one back.
void Drafter::Replace() {
  const size_t joined = cursor_ - agreed_, joined_in_text = text_.size() - agreed_;
  if (joined <= left_ || joined_in_text <= left_in_text_) return;
  const std::span<const int32_t> before = std::span(prediction_).subspan(left_, joined - left_),
                                 after = std::span(text_).subspan(left_in_text_, joined_in_text - left_in_text_);
  if (before.size() > kMostReplaced || after.size() > kMostReplaced) return;
  std::vector<int32_t> changed(prediction_.begin(), prediction_.begin() + static_cast<std::ptrdiff_t>(cursor_));
  for (size_t at = cursor_; at < prediction_.size();) {
    const std::span<const int32_t> rest = std::span(prediction_).subspan(at);
    if (rest.size() >= before.size() && std::equal(before.begin(), before.end(), rest.begin())) {
      changed.insert(changed.end(), after.begin(), after.end());
      at += before.size();
    } else {
      changed.push_back(rest.front());
      ++at;
    }
  }
  // No text may make it grow without end.
  if (changed.size() <= most_) prediction_ = std::move(changed);
}

// The position after the earlier occurrence that agrees with the end of the text over most tokens; 0 = none.
size_t Drafter::Lookup() {
  if (text_.size() < kOrder) return 0;
  const auto found = latest_.find(Key(text_.size()));
  size_t best = 0;
  int best_match = kOrder - 1;
  size_t at = found == latest_.end() ? 0 : found->second;
  for (int tried = 0; at != 0 && tried < kMaxTried; ++tried, at = earlier_[at]) {
    int match = 0;
    while (match < kLongestMatch && static_cast<size_t>(match) < at &&
           text_[at - 1 - static_cast<size_t>(match)] == text_[text_.size() - 1 - static_cast<size_t>(match)])
      ++match;
    if (match > best_match) {
      best_match = match;
      best = at;
    }
  }
  source_ = best_match >= kLong ? DraftSource::kLongMatch : DraftSource::kShortMatch;
  return best;
}

void Drafter::Propose(int limit, DraftPolicy* policy, std::vector<int32_t>* batch) {
  if (limit < 1) return;
  const auto take = [&](const std::vector<int32_t>& source, size_t at) {
    const int there = static_cast<int>(std::min<size_t>(source.size() - at, kMaxDraft));
    const int length = policy->Length(source_, std::min(limit, there));
    batch->insert(batch->end(), source.begin() + static_cast<std::ptrdiff_t>(at),
                  source.begin() + static_cast<std::ptrdiff_t>(at) + length);
  };
  if (const size_t at = FollowPrediction(); at < prediction_.size()) {
    source_ = agreed_ < kAnchor ? DraftSource::kRejoined : DraftSource::kPrediction;
    return take(prediction_, at);
  }
  if (const size_t at = Lookup(); at != 0) take(text_, at);
}

}  // namespace paddock
