// Writing GGUF files (ggml docs, gguf.md; version 3), mostly as copies of one that was read.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/status.h"
#include "gguf/gguf.h"

namespace paddock {

// One new file. It grows under a temporary name beside its place and takes its own name when it is whole; whatever was
// there before stays until then, and an unfinished one leaves nothing behind.
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
  GgufWriter(GgufWriter&& other) noexcept;
  GgufWriter& operator=(GgufWriter&&) = delete;
  ~GgufWriter();

  // More data of the current tensor.
  Status Write(std::span<const uint8_t> data);
  // The current tensor is complete.
  Status EndTensor();
  // The file is complete.
  Status Finish();

 private:
  GgufWriter(std::filesystem::path path, std::filesystem::path temporary);
  Status Failed() const;

  std::filesystem::path path_, temporary_;
  std::FILE* file_ = nullptr;
  uint64_t written_ = 0;
};

}  // namespace paddock
