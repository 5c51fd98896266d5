// The AVX-512 kernel table, run by emulated intrinsics: see emulated_avx512.h.
#define PADDOCK_EMULATED
#define PADDOCK_NO_UNROLL
#include "emulated_avx512.h"

#include "kernels/generic/prelude.h"

namespace paddock::emulated {
namespace {
#include "kernels/avx512vnni/isa-inl.h"
#include "kernels/avx512vnni/tuning-inl.h"
// Each builds on those before it.
#include "kernels/generic/formats-inl.h"
#include "kernels/generic/matmul256-inl.h"
#include "kernels/generic/matmul32-inl.h"
#include "kernels/generic/float-inl.h"
#include "kernels/generic/unpack-inl.h"
#include "kernels/generic/matmul-float-inl.h"
#include "kernels/generic/matmul-inl.h"
#include "kernels/generic/vector-inl.h"
#include "kernels/generic/attention-inl.h"
#include "kernels/generic/product-inl.h"
#include "kernels/generic/gradient-inl.h"
#include "kernels/generic/fit-inl.h"
#include "kernels/generic/probe-inl.h"
}  // namespace
#include "kernels/generic/table-inl.h"
}  // namespace paddock::emulated
