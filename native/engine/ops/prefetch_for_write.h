// Prefetching cache lines for a write.
//
// All threads read in one phase what one thread wrote in the phase before, so other cores hold every line that is
// written again, and the store waits until they give it up: some 200 ns per line where cores share no cache, and stores
// retire in order. With the prefetch this happens while the products are computed.
#pragma once

#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#endif

namespace paddock {

// Requests the lines of x[0 .. n) for writing. Does not change them.
inline void PrefetchForWrite(const float* x, int n) {
  constexpr int kLine = 16;  // floats
  for (int i = 0; i < n; i += kLine) {
#if defined(__x86_64__)
    // __builtin_prefetch(p, 1) emits a read prefetch unless -mprfchw is set. CPUs without prefetchw ignore it.
    asm volatile("prefetchw %0" : : "m"(x[i]));
#elif defined(_MSC_VER) && defined(_M_X64)
    _m_prefetchw(x + i);
#elif defined(__GNUC__)
    __builtin_prefetch(x + i, 1);
#endif
  }
}

}  // namespace paddock
