#include "train/batch.h"

#include "kernels/kernel_table.h"

namespace paddock {

void TrainingBatch::Add(const TrainingSample& sample) {
  const int rows = static_cast<int>(sample.ids.size());
  samples.push_back(sample);
  begin.push_back(begin.back() + rows);
  cache_begin.push_back(cache_begin.back() + (rows + kSegmentKeys - 1) / kSegmentKeys * kSegmentKeys);
}

}  // namespace paddock
