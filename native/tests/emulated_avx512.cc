// The AVX-512 kernel table, run by emulated intrinsics: see emulated_avx512.h.
#define PADDOCK_EMULATED
#define PADDOCK_NO_UNROLL
#include "emulated_avx512.h"

#include "kernels/generic/prelude.h"

namespace paddock::emulated {
namespace {
#include "kernels/avx2/prefetch-inl.h"
#include "kernels/avx512vnni/isa-inl.h"
#include "kernels/avx512vnni/tuning-inl.h"
#include "kernels/generic/quantized-inl.h"
#include "kernels/generic/kernels-inl.h"
}  // namespace
#include "kernels/generic/table-inl.h"
}  // namespace paddock::emulated
