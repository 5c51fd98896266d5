// Guesses how the text goes on, so that several tokens can be evaluated in one pass over the weights.
//
// Where weights are streamed from memory a pass over a few tokens costs little more than one over a single token. The
// guesses come from text that is there already: first from a prediction that the caller gives (an edit mostly repeats
// the code it changes; "predicted outputs"), in which what the answer has replaced once is replaced everywhere, else
// from the prompt and the answer so far (prompt lookup, Saxena 2023). Every guess is checked by the model: drafts
// change the speed, never the result.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace paddock {

// The longest draft; a pass also holds the token before it.
inline constexpr int kMaxDraft = 31;

// Where guesses come from: an earlier place that agrees over a few tokens, or over many, or the caller's prediction
// that was just taken up again, or has been right for some tokens.
enum class DraftSource { kShortMatch, kLongMatch, kRejoined, kPrediction };

// Chooses draft lengths from what passes of each size really cost here, and from how often guesses were right.
class DraftPolicy {
 public:
  // `milliseconds` of a pass over `tokens`, whose logits were all wanted.
  void ObservePass(int tokens, double milliseconds);
  // `accepted` of `drafted` guesses from a source were right.
  void ObserveDraft(DraftSource source, int drafted, int accepted);
  // How many guesses to try now, 0 when none pays; at most `limit`.
  int Length(DraftSource source, int limit);

  // Milliseconds of a pass over `tokens`, from what was observed: measured sizes, a line through those around others.
  double Cost(int tokens) const;

 private:
  double cost_[kMaxDraft + 2] = {};          // [tokens] moving averages; 0 = not seen yet
  double right_[4] = {0.35, 0.7, 0.7, 0.9};  // [source] probability that one more guess is right
  int since_probe_ = 0;                      // passes without a draft since guessing stopped paying
};

class Drafter {
 public:
  Drafter(std::span<const int32_t> prompt, std::span<const int32_t> prediction);

  // The answer goes on with this token.
  void Append(int32_t token);
  // Appends the guessed continuation of the text so far to `batch`, at most `limit` tokens.
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
