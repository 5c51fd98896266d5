#include <immintrin.h>

#include "kernels/generic/prelude.h"

namespace paddock::avx2 {
namespace {
#include "kernels/avx2/prefetch-inl.h"
#include "kernels/avx2/isa-inl.h"
#include "kernels/avx2/tuning-inl.h"
#include "kernels/generic/quantized-inl.h"
#include "kernels/generic/kernels-inl.h"
}  // namespace
#include "kernels/generic/table-inl.h"
}  // namespace paddock::avx2
