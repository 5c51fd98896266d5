// Checkpoints of a training run.
#include "fuzz_file.h"
#include "tiny_engine.h"

PADDOCK_FUZZ(data, size) {
  using namespace paddock;
  static const auto engine = [] {
    test::TinyModel tiny;
    tiny.layers = 1;
    return test::Open(tiny, {.context_length = 64, .threads = 1, .kernels = "scalar"});
  }();
  static const auto trainer = engine->MakeTrainer({.lora = {.rank = 1}, .pass = {.max_rows = 16}}).Take();
  (void)trainer->Restore(fuzz::FileOf(data, size));
  return 0;
}
