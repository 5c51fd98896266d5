// Importance matrices.
#include "fuzz_file.h"
#include "model/importance.h"

PADDOCK_FUZZ(data, size) {
  using namespace paddock;
  const Result<Importance> importance = Importance::Open(fuzz::FileOf(data, size));
  if (importance.ok()) (void)importance->Find("blk.0.attn_q.weight", 64);
  return 0;
}
