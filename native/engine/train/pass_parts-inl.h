// What the files of TrainingPass share.
#pragma once

#include <algorithm>

#include "train/pass.h"

namespace paddock {

inline constexpr int kTileRows = 64;      // output rows of a chunk
inline constexpr int kRowBlock = 16;      // tokens of a piece of work
inline constexpr int kSliceColumns = 64;  // columns of a piece of an adapter's derivatives

// Shares rows out in blocks; each(row).
template <typename Each>
void TrainingPass::ForEachRow(const Worker& worker, int rows, Each each) {
  const int blocks = (rows + kRowBlock - 1) / kRowBlock;
  for (int block; (block = worker.Claim(blocks)) < blocks;) {
    const int end = std::min(rows, (block + 1) * kRowBlock);
    for (int row = block * kRowBlock; row < end; ++row) each(row);
  }
}

// Shares the panels of `w` out; epilogue(begin, end) of each range.
template <typename Epilogue>
void TrainingPass::ForEachChunk(const PanelMatrix& w, const Worker& worker, Epilogue epilogue) {
  const int step = kTileRows / kernels_.lanes, chunks = (w.panel_count + step - 1) / step;
  for (int chunk; (chunk = worker.Claim(chunks)) < chunks;)
    epilogue(chunk * step, std::min((chunk + 1) * step, w.panel_count));
}

}  // namespace paddock
