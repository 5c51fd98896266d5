// Products with quantized weights. Each builds on those before it.
#include "kernels/generic/formats-inl.h"
#include "kernels/generic/matmul256-inl.h"
#include "kernels/generic/matmul32-inl.h"
