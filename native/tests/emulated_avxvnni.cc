// The AVX-VNNI kernel table with its two instructions made of AVX2 ones, so that it is tested on processors that lack
// them, AVX-512 machines among them.
#include <immintrin.h>

#include "kernels/generic/prelude.h"

namespace paddock::emulated_avxvnni {
namespace {

// Four products of unsigned and signed bytes, added without saturation: those of even and of odd bytes apart.
PADDOCK_INLINE __m256i AddByteProducts(__m256i total, __m256i w, __m256i a) {
  const __m256i even =
      _mm256_madd_epi16(_mm256_and_si256(w, _mm256_set1_epi16(255)), _mm256_srai_epi16(_mm256_slli_epi16(a, 8), 8));
  const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(w, 8), _mm256_srai_epi16(a, 8));
  return _mm256_add_epi32(total, _mm256_add_epi32(even, odd));
}

PADDOCK_INLINE __m256i AddWordProducts(__m256i total, __m256i a, __m256i b) {
  return _mm256_add_epi32(total, _mm256_madd_epi16(a, b));
}

#undef _mm256_dpbusd_avx_epi32
#undef _mm256_dpwssd_avx_epi32
#define _mm256_dpbusd_avx_epi32 AddByteProducts
#define _mm256_dpwssd_avx_epi32 AddWordProducts

#include "kernels/avx2/prefetch-inl.h"
#include "kernels/avx2/isa-inl.h"
#include "kernels/avxvnni/isa-inl.h"
#include "kernels/avxvnni/tuning-inl.h"
#include "kernels/generic/quantized-inl.h"
#include "kernels/generic/kernels-inl.h"
}  // namespace
#include "kernels/generic/table-inl.h"
}  // namespace paddock::emulated_avxvnni
