// The rows of the embedding, which stay in the model's file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/file.h"
#include "base/status.h"
#include "quant/tensor_type.h"

namespace paddock {

// Only the rows of tokens that occur are ever read, each time anew: the system keeps them in memory as long as nobody
// needs it more.
class EmbeddingRows {
 public:
  EmbeddingRows() = default;
  // `rows` rows of `columns` elements begin at `offset` of the file.
  EmbeddingRows(TensorType type, int rows, int columns, uint64_t offset)
      : type_(type), rows_(rows), columns_(columns), offset_(offset) {}

  void SetFile(File file) { file_ = std::move(file); }

  TensorType type() const { return type_; }
  size_t row_bytes() const { return RowBytes(type_, static_cast<size_t>(columns_)); }

  // Copies the rows of `tokens`, which are within the vocabulary, to `out`, [tokens][row_bytes()]. An error when the
  // file cannot be read or was changed since the model was loaded.
  Status Read(std::span<const int32_t> tokens, uint8_t* out) const;

 private:
  File file_;
  TensorType type_ = TensorType::kF32;
  int rows_ = 0, columns_ = 0;
  uint64_t offset_ = 0;
};

}  // namespace paddock
