// What QuantizeFile() reads: a model file, or its header and weights that lie in files of another form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/status.h"
#include "gguf/gguf.h"

namespace paddock {

// Where the rows of a tensor lie, and how.
struct TensorRows {
  std::span<const uint8_t> memory;     // the data, where it lies in the header itself
  const File* file = nullptr;          // else the file that has it
  uint64_t offset = 0;                 // from the beginning of the file
  uint64_t bytes = 0;                  // of all rows
  TensorType type = TensorType::kF32;  // of the data; the header may promise another one
  // Above 0: rows are this many heads whose rotated pairs (i, i + n / 2) are to stand side by side.
  uint64_t heads = 0;

  // Fills `out` with the data from its byte `begin` on. As File::Read().
  Status Read(uint64_t begin, std::span<uint8_t> out) const;

  // Where row `row` of the tensor lies among the `count` rows of the data.
  uint64_t Place(uint64_t row, uint64_t count) const {
    if (heads == 0) return row;
    const uint64_t size = count / heads, place = row % size;
    return row - place + place % 2 * (size / 2) + place / 2;
  }
};

class QuantizeSource {
 public:
  // The weights of one tensor of a header: `bytes` bytes from `offset` on.
  struct Part {
    static constexpr int kInHeader = -1;
    int file = kInHeader;  // of the files, or the bytes of the header themselves
    uint64_t offset = 0, bytes = 0;
    TensorType type = TensorType::kF32;  // kF32, kF16 or kBF16
    uint64_t heads = 0;                  // TensorRows::heads
  };
  struct Parts {
    std::vector<uint8_t> header;  // a GGUF file up to its weights, whose offsets do not count
    std::vector<std::string> files;
    std::vector<Part> parts;  // in the order of the header's tensors
  };

  // As GgufFile::Open().
  static Result<QuantizeSource> Open(const std::string& path);
  // Nothing is trusted: kInvalidModel when the parts do not fit the header or the files, and as File::Open().
  static Result<QuantizeSource> Open(Parts parts);

  // Its weights are read through rows().
  const GgufFile& header() const { return header_; }
  // Of the tensor with this number.
  const TensorRows& rows(size_t tensor) const { return rows_[tensor]; }
  // Of all files.
  uint64_t bytes() const;

 private:
  explicit QuantizeSource(GgufFile header) : header_(std::move(header)) {}

  GgufFile header_;
  std::vector<File> files_;  // rows_ points into it
  std::vector<TensorRows> rows_;
};

}  // namespace paddock
