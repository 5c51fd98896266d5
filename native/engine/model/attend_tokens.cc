#include "model/attend_tokens.h"

#include <algorithm>

namespace paddock {

void AttendScratch::Take(Arena* arena, int group, int head_dim) {
  const size_t rows = group * kAttendTokens;
  arena->Take(&queries, rows, head_dim);
  arena->Take(&scores, rows * kSegmentKeys);
  arena->Take(&o, rows, head_dim);
  arena->Take(&running_o, rows, head_dim);
  arena->Take(&max, rows);
  arena->Take(&sum, rows);
  arena->Take(&running_max, rows);
  arena->Take(&running_sum, rows);
  arena->Take(&valid, rows);
}

void AttendTokens(const KernelTable& kernels, const KvTable& cache, const AttendTokensArgs& args,
                  const AttendScratch& scratch) {
  const int dim = args.head_dim, group = args.group, rows = args.count * group;
  for (int i = 0; i < args.count; ++i) std::copy_n(args.q.Row(i), group * dim, scratch.queries.Row(i * group));
  for (int begin = 0; begin < args.first + args.count; begin += kSegmentKeys) {
    // The first tokens may end before this segment begins.
    const int skip = std::max(0, begin - args.first) * group;
    for (int r = skip; r < rows; ++r) scratch.valid[r] = std::min(kSegmentKeys, args.first + r / group - begin + 1);
    AttendArgs a{};
    a.q = scratch.queries.Row(skip);
    a.rows = rows - skip;
    a.head_dim = dim;
    a.valid = scratch.valid + skip;
    a.scores = scratch.scores;
    a.max = scratch.max + skip;
    a.sum = scratch.sum + skip;
    a.o = scratch.o.Row(skip);
    cache.Locate(args.layer, args.kv_head, args.sequence + begin, &a);
    kernels.attend(a);
    for (int r = skip; r < rows; ++r) {
      if (begin == 0) {
        scratch.running_max[r] = scratch.max[r];
        scratch.running_sum[r] = scratch.sum[r];
        std::copy_n(scratch.o.Row(r), dim, scratch.running_o.Row(r));
      } else {
        kernels.merge(&scratch.running_max[r], &scratch.running_sum[r], scratch.running_o.Row(r), scratch.max[r],
                      scratch.sum[r], scratch.o.Row(r), dim);
      }
    }
  }
  for (int r = 0; r < rows; ++r) {
    const float* o = scratch.running_o.Row(r);
    float* out = args.out.At(r / group, r % group * dim);
    const float inverse = 1.0f / scratch.running_sum[r];
    for (int j = 0; j < dim; ++j) out[j] = o[j] * inverse;
  }
}

}  // namespace paddock
