#include <immintrin.h>

#include "kernels/generic/prelude.h"

namespace paddock::avxvnni {
namespace {
#include "kernels/avx2/prefetch-inl.h"
#include "kernels/avx2/isa-inl.h"
#include "kernels/avxvnni/isa-inl.h"
#include "kernels/avxvnni/tuning-inl.h"
#include "kernels/generic/quantized-inl.h"
#include "kernels/generic/kernels-inl.h"
}  // namespace
#include "kernels/generic/table-inl.h"
}  // namespace paddock::avxvnni
