// Rows of a tensor from one type to another.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gguf/gguf.h"
#include "ops/thread_pool.h"
#include "quant/fit_table.h"
#include "runtime/quantize_source.h"
#include "train/lora_file.h"

namespace paddock {

// Converts one tensor, a stretch of rows at a time.
class RowConverter {
 public:
  // `rows` are those of `tensor`. Null: no `adapter`, whose rows are those of the tensor; no `importance`, of which
  // there is one value for each column.
  RowConverter(const TensorInfo& tensor, const TensorRows& rows, const LoraFile::Pair* adapter, const float* importance,
               TensorType to, const FitTable& fits, ThreadPool* pool);

  size_t rows() const { return static_cast<size_t>(tensor_.rows()); }
  // Rows that are worth converting at once, and the most.
  size_t stretch() const { return stretch_; }

  // kCancelled, kInvalidModel when a weight is no number, and as TensorRows::Read().
  Status Convert(size_t begin, size_t count, const std::atomic<bool>* cancel);
  // The rows that were converted last, row_bytes() each. The caller may swap the buffer for any other.
  std::vector<uint8_t>* result() { return &out_; }
  size_t row_bytes() const { return row_bytes_; }
  // Sums of squares over all that was converted: of the errors and of the weights.
  double error() const;
  double power() const;

 private:
  size_t columns() const { return static_cast<size_t>(tensor_.columns()); }
  size_t source_bytes() const { return RowBytes(rows_.type, columns()); }  // of a row
  // What a thread works on.
  struct Scratch {
    uint8_t* source;  // [piece_][source_bytes()]
    float *x, *back;  // [piece_][columns()]: the rows, and what they become again
  };
  Scratch ScratchOf(int thread);
  Status ReadRows(size_t row, size_t count, const Scratch& scratch) const;
  Status ConvertRows(size_t row, size_t count, uint8_t* out, int thread);

  const TensorInfo& tensor_;
  const TensorRows& rows_;
  const LoraFile::Pair* const adapter_;
  const float* const importance_;
  const TensorType to_;
  const FitTable& fits_;
  ThreadPool& pool_;
  size_t row_bytes_ = 0, stretch_ = 0;
  size_t piece_ = 0;  // rows that a thread converts together
  std::vector<uint8_t> out_;
  std::vector<float> floats_;          // [thread][2][piece_ * columns()]
  std::vector<uint8_t> source_;        // [thread][piece_ * source_bytes()]
  std::vector<double> error_, power_;  // [thread]
};

// The error of a tensor with a weight that is infinite or NaN.
Status NoNumbers(const TensorInfo& tensor);

}  // namespace paddock
