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

  // False when cancelled or when a weight is no number.
  bool Convert(size_t begin, size_t count, const std::atomic<bool>* cancel);
  // The rows that were converted last, row_bytes() each. Who takes the buffer may leave any other.
  std::vector<uint8_t>* result() { return &out_; }
  size_t row_bytes() const { return row_bytes_; }
  // Sums of squares over all that was converted: of the errors and of the weights.
  double error() const;
  double power() const;

 private:
  size_t columns() const { return static_cast<size_t>(tensor_.columns()); }
  void Read(size_t row, float* x) const;
  bool ConvertRows(size_t row, size_t count, uint8_t* out, int thread, float* x, float* back);

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
  std::vector<float> floats_;  // [thread][2][piece_ * columns()]: rows, and what they become again
  std::vector<double> error_, power_;  // [thread]
};

}  // namespace paddock
