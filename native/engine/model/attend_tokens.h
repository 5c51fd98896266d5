// Attention of some neighbouring tokens of one sequence to all before them: segment after segment of the cache, with
// the running maximum, sum and weighted sum of each row merged in order.
#pragma once

#include "base/arena.h"
#include "kernels/kernel_table.h"
#include "model/kv_cache.h"

namespace paddock {

// Tokens of one call.
inline constexpr int kAttendTokens = 8;

struct AttendScratch {
  float *queries, *scores, *o, *running_o;
  float *max, *sum, *running_max, *running_sum;
  int* valid;

  // For `group` query heads per kv head.
  void Take(Arena* arena, int group, int head_dim);
};

struct AttendTokensArgs {
  int layer, kv_head, group, head_dim;
  int sequence;      // position in the cache where the sequence begins, a multiple of kSegmentKeys
  int first, count;  // tokens' positions in the sequence; count <= kAttendTokens
  const float* q;    // [count][q_stride], the first query head of the kv head; scaled
  size_t q_stride;
  float* out;  // the same shape
  size_t out_stride;
};
void AttendTokens(const KernelTable& kernels, const KvCache& cache, const AttendTokensArgs& args,
                  const AttendScratch& scratch);

}  // namespace paddock
