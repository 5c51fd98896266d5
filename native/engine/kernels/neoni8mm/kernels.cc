#include <arm_neon.h>

#include "kernels/generic/prelude.h"

namespace paddock::neoni8mm {
namespace {
#include "kernels/neondotprod/isa-inl.h"
#include "kernels/neoni8mm/isa-inl.h"
#include "kernels/neoni8mm/tuning-inl.h"
// Each builds on those before it.
#include "kernels/generic/formats-inl.h"
#include "kernels/generic/matmul256-inl.h"
#include "kernels/generic/matmul32-inl.h"
#include "kernels/neoni8mm/tile-inl.h"
#include "kernels/neondotprod/gemm-inl.h"
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
}  // namespace paddock::neoni8mm
