#include <arm_neon.h>

#include "kernels/generic/prelude.h"

namespace paddock::neondotprod {
namespace {
#include "kernels/neondotprod/isa-inl.h"
#include "kernels/neondotprod/tuning-inl.h"
#include "kernels/generic/quantized-inl.h"
#include "kernels/neondotprod/tile-inl.h"
#include "kernels/neondotprod/gemm-inl.h"
#include "kernels/generic/kernels-inl.h"
}  // namespace
#include "kernels/generic/table-inl.h"
}  // namespace paddock::neondotprod
