// Quantization of weights: floats to the blocks of GGUF files (ggml docs, gguf.md), by minimizing the weighted squared
// error of each block over its scales, not by rounding to the largest value.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quant/tensor_type.h"

namespace paddock {

// Whether QuantizeRow() makes this type.
bool CanQuantize(TensorType type);

// Quantizes one row of `columns` elements, a multiple of the type's block, all finite, into RowBytes(type, columns)
// bytes at `out`.
//
// The error of column i counts importance[i] * sqrt(s + x[i]^2) times, where s is the mean square of the row:
// importance is the mean square of the activations that the column is multiplied with, as an importance matrix holds
// it, and large weights matter more than their number says. Null: all columns count alike.
//
// Any thread; the result depends on the arguments alone.
void QuantizeRow(TensorType type, const float* x, const float* importance, size_t columns, uint8_t* out);

}  // namespace paddock
