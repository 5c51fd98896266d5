#include "model/embedding_rows.h"

#include <cassert>

namespace paddock {

Status EmbeddingRows::Read(std::span<const int32_t> tokens, uint8_t* out) const {
  const size_t bytes = row_bytes();
  for (const int32_t token : tokens) {
    assert(token >= 0 && token < rows_);
    if (token < 0 || token >= rows_) return {StatusCode::kInternal, "A token is outside the vocabulary."};
    PADDOCK_RETURN_IF_ERROR(file_.Read(offset_ + static_cast<uint64_t>(token) * bytes, {out, bytes}));
    out += bytes;
  }
  return file_.CheckUnchanged();
}

}  // namespace paddock
