#include "model/attend_tokens.h"

#include <algorithm>
#include <cstring>

namespace paddock {

void AttendScratch::Take(Arena* arena, int group, int head_dim) {
  const size_t rows = static_cast<size_t>(group * kAttendTokens), dim = static_cast<size_t>(head_dim);
  arena->Take(&queries, rows * dim);
  arena->Take(&scores, rows * kSegmentKeys);
  arena->Take(&o, rows * dim);
  arena->Take(&running_o, rows * dim);
  arena->Take(&max, rows);
  arena->Take(&sum, rows);
  arena->Take(&running_max, rows);
  arena->Take(&running_sum, rows);
  arena->Take(&valid, rows);
}

void AttendTokens(const KernelTable& kernels, const KvCache& cache, const AttendTokensArgs& args,
                  const AttendScratch& scratch) {
  const int dim = args.head_dim, group = args.group, rows = args.count * group;
  const size_t head = static_cast<size_t>(dim), token = static_cast<size_t>(group) * head;
  for (int i = 0; i < args.count; ++i) {
    std::memcpy(scratch.queries + static_cast<size_t>(i) * token, args.q + static_cast<size_t>(i) * args.q_stride,
                token * sizeof(float));
  }
  for (int begin = 0; begin < args.first + args.count; begin += kSegmentKeys) {
    // The first tokens may end before this segment begins.
    const int skip = std::max(0, begin - args.first) * group;
    for (int r = skip; r < rows; ++r) scratch.valid[r] = std::min(kSegmentKeys, args.first + r / group - begin + 1);
    const size_t offset = static_cast<size_t>(skip) * head;
    AttendArgs a{};
    a.q = scratch.queries + offset;
    a.rows = rows - skip;
    a.head_dim = dim;
    a.valid = scratch.valid + skip;
    a.scores = scratch.scores;
    a.max = scratch.max + skip;
    a.sum = scratch.sum + skip;
    a.o = scratch.o + offset;
    cache.Locate(args.layer, args.kv_head, args.sequence + begin, &a);
    kernels.attend(a);
    for (int r = skip; r < rows; ++r) {
      const size_t at = static_cast<size_t>(r) * head;
      if (begin == 0) {
        scratch.running_max[r] = scratch.max[r];
        scratch.running_sum[r] = scratch.sum[r];
        std::memcpy(scratch.running_o + at, scratch.o + at, head * sizeof(float));
      } else {
        kernels.merge(&scratch.running_max[r], &scratch.running_sum[r], scratch.running_o + at, scratch.max[r],
                      scratch.sum[r], scratch.o + at, dim);
      }
    }
  }
  for (int r = 0; r < rows; ++r) {
    const float* o = scratch.running_o + static_cast<size_t>(r) * head;
    float* out = args.out + static_cast<size_t>(r / group) * args.out_stride + static_cast<size_t>(r % group) * head;
    const float inverse = 1.0f / scratch.running_sum[r];
    for (int j = 0; j < dim; ++j) out[j] = o[j] * inverse;
  }
}

}  // namespace paddock
