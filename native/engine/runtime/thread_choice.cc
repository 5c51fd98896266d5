#include "runtime/thread_choice.h"

#include <algorithm>
#include <limits>

namespace paddock {
namespace {

constexpr double kClearly = 1.15;  // that many times faster is clearly faster
constexpr int kSecondLook = 4;     // that many times as many trials, to outlast what disturbed the first
constexpr double kHopeless = 1.4;  // that many times slower cannot be noise that the other rounds would undo

int TryAll(const std::vector<int>& candidates, int rounds, const std::function<double(int, int)>& time_ms) {
  std::vector<Trial> trials;
  for (const int threads : candidates) trials.push_back({threads, std::numeric_limits<double>::infinity()});
  double best = std::numeric_limits<double>::infinity();
  for (int round = 0; round < rounds; ++round) {
    const auto worth = [&](const Trial& trial) { return round == 0 || trial.best_ms <= kHopeless * best; };
    // The most threads get all their rounds as long as fewer may still be chosen.
    if (std::none_of(trials.begin() + 1, trials.end(), worth)) break;
    for (Trial& trial : trials) {
      if (&trial != trials.data() && !worth(trial)) continue;
      trial.best_ms = std::min(trial.best_ms, time_ms(trial.threads, round));
      best = std::min(best, trial.best_ms);
    }
  }
  return ChooseThreads(trials);
}

}  // namespace

std::vector<int> ThreadCandidates(int most, int cores) {
  std::vector<int> counts = {most, std::max(1, most - 1), std::clamp(cores, 1, most)};
  for (int power = 1; power < most; power *= 2) counts.push_back(power);
  std::sort(counts.rbegin(), counts.rend());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return counts;
}

int ChooseThreads(std::span<const Trial> trials) {
  double best = std::numeric_limits<double>::infinity();
  for (const Trial& trial : trials) best = std::min(best, trial.best_ms);
  for (const Trial& trial : trials) {
    if (trial.best_ms <= best * kClearly) return trial.threads;
  }
  return 1;
}

int ProbeThreads(const std::vector<int>& candidates, int rounds, const std::function<double(int, int)>& time_ms) {
  const int most = *std::max_element(candidates.begin(), candidates.end());
  if (candidates.size() == 1) return most;
  const int first = TryAll(candidates, rounds, time_ms);
  return first == most ? most : std::max(first, TryAll(candidates, kSecondLook * rounds, time_ms));
}

}  // namespace paddock
