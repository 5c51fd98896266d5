// Adapters.
#include "fuzz_file.h"
#include "train/lora_file.h"

PADDOCK_FUZZ(data, size) {
  using namespace paddock;
  const std::string& path = fuzz::FileOf(data, size);
  const Result<LoraFile> adapter = LoraFile::Open(path);
  const Result<GgufFile> file = GgufFile::Open(path);
  if (adapter.ok() && file.ok()) (void)adapter->Fits(*file);
  return 0;
}
