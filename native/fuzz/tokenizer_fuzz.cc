// Tokenizers of model files: reading one, and encoding a part of the file with it.
#include <algorithm>
#include <string_view>

#include "fuzz_file.h"
#include "gguf/gguf.h"
#include "tokenizer/tokenizer.h"

PADDOCK_FUZZ(data, size) {
  using namespace paddock;
  const Result<GgufFile> file = GgufFile::Open(fuzz::FileOf(data, size));
  if (!file.ok()) return 0;
  const MetadataArray* tokens = file->GetArray("tokenizer.ggml.tokens");
  if (tokens == nullptr || tokens->length > 100'000) return 0;
  const auto tokenizer = Tokenizer::Create(*file, static_cast<int>(tokens->length));
  if (!tokenizer.ok()) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), std::min<size_t>(size, 300));
  for (const bool special : {false, true}) {
    for (const int32_t id : (*tokenizer)->Encode(text, special)) {
      if (id < 0 || id >= (*tokenizer)->size()) std::abort();
    }
  }
  return 0;
}
