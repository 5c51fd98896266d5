// Quantization of weights: floats to the blocks of GGUF files (ggml docs, gguf.md), by minimizing the weighted squared
// error of each block over its scales, not by rounding to the largest value.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quant/fit_table.h"
#include "quant/tensor_type.h"

namespace paddock {

// Whether QuantizeRows() makes this type.
bool CanQuantize(TensorType type);

// Quantizes rows of `columns` elements, a multiple of the type's block, all finite, into RowBytes(type, columns) bytes
// each at `out`. Some dozens of blocks at once are quicker than one by one.
//
// What the squared error of column i counts, with s the root of the mean square of the row:
//   with importance     importance[i] * (1 + |x[i]| / s). importance is the mean square of the activations that the
//                       column is multiplied with, as an importance matrix holds it, positive and of the order of 1.
//   without (null)      1 + (x[i] / s)^2
// Large weights matter more than their count suggests; without importance data, magnitude is the only proxy. By
// measured perplexity: with |x| alone in the second case, Q4_0 and Q5_K_M of a Qwen2.5 came out worse than without any
// search.
//
// Any thread; the result depends on the arguments alone, and not on whose `fits` these are.
void QuantizeRows(const FitTable& fits, TensorType type, const float* x, const float* importance, size_t rows,
                  size_t columns, uint8_t* out);

}  // namespace paddock
