// How many threads to use, decided by trying when a model is loaded.
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace paddock {

// Thread counts worth trying, the most first: `most`, one less, the number of cores, and the powers of two.
std::vector<int> ThreadCandidates(int most, int cores);

struct Trial {
  int threads = 0;
  double best_ms = 0;
};

// Picks a thread count from `trials` (descending): the largest, unless fewer threads are clearly faster. The bar is
// high because noise hurts trials with many threads most, and one step too low costs much more than one step too high.
int ChooseThreads(std::span<const Trial> trials);

// Tries `candidates`, the most first, in turns with `time_ms(threads, round)` and chooses. Candidates that are far off
// are tried no further, and nothing is when all fewer threads are. Fewer threads than the most are chosen only if a
// second, longer series of trials agrees.
int ProbeThreads(const std::vector<int>& candidates, int rounds, const std::function<double(int, int)>& time_ms);

}  // namespace paddock
