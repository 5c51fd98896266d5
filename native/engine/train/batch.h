// What one pass of training works on: some whole samples, one behind the other.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace paddock {

// A sample: ids, and for each but the first whether predicting it counts in the loss. The first one's is ignored.
struct TrainingSample {
  std::span<const int32_t> ids;
  std::span<const uint8_t> counted;  // as many as ids
};

// Samples as rows 0 .. rows() - 1. Sample s has rows begin[s] .. begin[s + 1] - 1, at positions from 0; its keys and
// values lie from position cache_begin[s] on, a multiple of kSegmentKeys.
struct TrainingBatch {
  std::vector<TrainingSample> samples;
  std::vector<int> begin = {0};
  std::vector<int> cache_begin = {0};
  uint64_t number = 0;  // of row 0 in the run of training: makes dropout differ from step to step

  void Add(const TrainingSample& sample);
  int rows() const { return begin.back(); }
  int size() const { return static_cast<int>(samples.size()); }
};

// The most samples of a batch: each takes whole segments of the cache.
inline constexpr int kMaxBatchSamples = 16;

}  // namespace paddock
