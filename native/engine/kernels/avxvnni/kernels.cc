#include <immintrin.h>

#include "kernels/generic/prelude.h"

namespace paddock::avxvnni {
namespace {
#include "kernels/avx2/isa-inl.h"
#include "kernels/avxvnni/isa-inl.h"
#include "kernels/avxvnni/tuning-inl.h"
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
}  // namespace paddock::avxvnni
