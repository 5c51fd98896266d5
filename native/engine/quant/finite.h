// Whether weights are numbers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "quant/tensor_type.h"

namespace paddock {

// False when one of the weights in `bytes` bytes of whole blocks is infinite or NaN: a float, or a block's scale or
// minimum. Codes always are numbers.
bool AllFinite(TensorType type, const uint8_t* data, size_t bytes);

}  // namespace paddock
