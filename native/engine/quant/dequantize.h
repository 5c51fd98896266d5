// Reference dequantization: the plain reading of the format, used for embedding rows, norms, and as the oracle in
// tests.
#pragma once

#include <cstddef>

#include "quant/tensor_type.h"

namespace paddock {

// Writes `count` floats from the row that starts at `source`; count is a multiple of the type's block.
void Dequantize(TensorType type, const void* source, size_t count, float* out);

}  // namespace paddock
