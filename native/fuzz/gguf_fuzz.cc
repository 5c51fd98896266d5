// Model files: the header, and what it says about running it.
#include "engine.h"
#include "fuzz_file.h"

PADDOCK_FUZZ(data, size) {
  using namespace paddock;
  const Result<GgufFile> file = GgufFile::Open(fuzz::FileOf(data, size));
  if (!file.ok()) return 0;
  Inspect(*file, {.threads = 1, .kernels = "scalar"});
  for (const TensorInfo& tensor : file->tensors()) {
    // All that was promised can be read.
    if (tensor.bytes < (1 << 20) && !file->Read(tensor).ok()) std::abort();
  }
  return 0;
}
