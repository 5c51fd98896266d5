// Drafts the next tokens of the text, so that several tokens can be evaluated in one pass over the weights.
//
// When weights are streamed from memory, a pass over a few tokens costs little more than a pass over one. Drafts come
// from existing text: first from a prediction that the caller gives (an edit mostly repeats the code it changes;
// "predicted outputs"), in which a replacement that the answer made once is applied everywhere, else from the prompt
// and the answer so far (prompt lookup, Saxena 2023). The model verifies every draft token: drafts change the speed,
// never the result.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace paddock {

// The longest draft; a pass also holds the token before it.
inline constexpr int kMaxDraft = 31;

// Where a draft comes from.
enum class DraftSource {
  kShortMatch,  // an earlier place in the text that agrees with the last few tokens
  kLongMatch,   // an earlier place that agrees with many tokens
  kRejoined,    // the caller's prediction, which the answer has just come back to
  kPrediction,  // the caller's prediction, which has been right for some tokens
};

// Chooses draft lengths from the measured cost of a pass of each size and from the acceptance rate of each source.
class DraftPolicy {
 public:
  // `milliseconds` of a pass over `tokens`, whose logits were all wanted.
  void ObservePass(int tokens, double milliseconds);
  // The model accepted `accepted` of `drafted` draft tokens from a source.
  void ObserveDraft(DraftSource source, int drafted, int accepted);
  // How many tokens to draft now, at most `limit`; 0 when drafting does not pay.
  int Length(DraftSource source, int limit);

  // Milliseconds of a pass over `tokens`, from what was observed: measured sizes, a line through those around others.
  double Cost(int tokens) const;

 private:
  double cost_[kMaxDraft + 2] = {};          // [tokens] moving averages; 0 = not seen yet
  double right_[4] = {0.35, 0.7, 0.7, 0.9};  // [source] probability that one more draft token is right
  int since_probe_ = 0;                      // passes without a draft since drafting stopped paying
};

class Drafter {
 public:
  Drafter(std::span<const int32_t> prompt, std::span<const int32_t> prediction);

  // The answer goes on with this token.
  void Append(int32_t token);
  // Appends a draft of at most `limit` tokens to `batch`.
  void Propose(int limit, DraftPolicy* policy, std::vector<int32_t>* batch);
  // Of the last proposal.
  DraftSource source() const { return source_; }

 private:
  static constexpr int kOrder = 3;            // tokens of context that a lookup needs
  static constexpr size_t kAnchor = 4;        // tokens that agree where the prediction is surely taken up again
  static constexpr size_t kNear = 16;         // tokens of it within which one is enough
  static constexpr size_t kMostReplaced = 8;  // tokens of a replacement that is expected again
  static constexpr size_t kMostGrowth = 4;    // of the prediction by replacements
  static constexpr int kMaxTried = 8;         // earlier occurrences compared
  static constexpr int kLong = 10;            // tokens that agree in a long match

  uint64_t Key(size_t end) const;
  size_t FollowPrediction();
  bool Rejoin();
  void Replace();
  size_t Lookup();

  std::vector<int32_t> text_;        // the prompt and the answer so far
  std::vector<int32_t> prediction_;  // with what the answer has replaced in it
  size_t most_;                      // tokens that it may grow to
  size_t answer_;                    // where the answer begins in text_
  size_t cursor_ = 0;                // the token of the prediction that comes next, when it is followed
  bool following_ = true;
  size_t agreed_ = kAnchor;             // tokens that it has had right since it was taken up
  size_t left_ = 0, left_in_text_ = 0;  // where the answer left it
  DraftSource source_ = DraftSource::kShortMatch;
  std::unordered_map<uint64_t, uint32_t> latest_;  // kOrder tokens -> the position after their latest occurrence
  std::vector<uint32_t> earlier_;                  // [position] the occurrence before that one; 0 = none
};

}  // namespace paddock
