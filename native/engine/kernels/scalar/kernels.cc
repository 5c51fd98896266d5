#define PADDOCK_NO_UNROLL
#include "base/half.h"
#include "kernels/generic/prelude.h"

namespace paddock::scalar {
namespace {
#include "kernels/scalar/isa-inl.h"
#include "kernels/scalar/tuning-inl.h"
#include "kernels/generic/quantized-inl.h"
#include "kernels/generic/kernels-inl.h"
}  // namespace
#include "kernels/generic/table-inl.h"
}  // namespace paddock::scalar
