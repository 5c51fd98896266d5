#include <immintrin.h>

#include "kernels/generic/prelude.h"

namespace paddock::avx512vnni {
namespace {
#include "kernels/avx2/prefetch-inl.h"
#include "kernels/avx512vnni/isa-inl.h"
#include "kernels/avx512vnni/tuning-inl.h"
#include "kernels/generic/quantized-inl.h"
#include "kernels/generic/kernels-inl.h"
}  // namespace
#include "kernels/generic/table-inl.h"
}  // namespace paddock::avx512vnni
