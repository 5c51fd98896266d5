// Writing GGUF files (ggml docs, gguf.md; version 3), mostly as copies of one that was read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/new_file.h"
#include "base/status.h"
#include "gguf/gguf.h"

namespace paddock {

// One new file, which appears when it is whole (base/new_file.h).
class GgufWriter {
 public:
  struct Tensor {
    std::string_view name;
    TensorType type;
    uint64_t shape[4];
    int dimensions;
    uint64_t bytes;
  };

  using Metadata =
      std::vector<std::pair<std::string, std::variant<uint32_t, float, std::string, std::vector<std::string>>>>;

  // The metadata of `source` (null: none), except its alignment, with `values` in place of or besides its own; then the
  // headers of `tensors`, whose data must follow in this order.
  static Result<GgufWriter> Create(const std::string& path, const GgufFile* source, const Metadata& values,
                                   const std::vector<Tensor>& tensors);

  // More data of the current tensor.
  Status Write(std::span<const uint8_t> data);
  // The current tensor is complete.
  Status EndTensor();
  // The file is complete.
  Status Finish();

 private:
  explicit GgufWriter(NewFile file) : file_(std::move(file)) {}

  NewFile file_;
  uint64_t written_ = 0;
};

}  // namespace paddock
