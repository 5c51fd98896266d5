// Attention of some neighbouring tokens of one sequence to all before them: segment after segment of the cache, with
// the running maximum, sum and weighted sum of each row merged in order.
#pragma once

#include "base/arena.h"
#include "kernels/kernel_table.h"
#include "model/kv_pages.h"

namespace paddock {

// Tokens of one call.
inline constexpr int kAttendTokens = 8;

struct AttendScratch {
  Rows<float> queries, o, running_o;  // [kAttendTokens * group][head_dim]
  float* scores;
  float *max, *sum, *running_max, *running_sum;
  int* valid;

  // For `group` query heads per kv head.
  void Take(Arena* arena, int group, int head_dim);
};

struct AttendTokensArgs {
  int layer, kv_head, group, head_dim;
  int sequence;         // position in the cache where the sequence begins, a multiple of kSegmentKeys
  int first, count;     // tokens' positions in the sequence; count <= kAttendTokens
  Rows<const float> q;  // [count], from the first query head of the kv head on; scaled
  Rows<float> out;      // the same shape
};
void AttendTokens(const KernelTable& kernels, const KvTable& cache, const AttendTokensArgs& args,
                  const AttendScratch& scratch);

}  // namespace paddock
