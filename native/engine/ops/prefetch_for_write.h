// Taking over cache lines before they are written.
//
// What one thread writes in a phase all threads read in the next, so every line is in the caches of other cores when it
// is written again, and the store has to wait until they have given it up: some 200 ns where they share no cache, for
// each line, and stores are made in order. Asked for beforehand, that happens while the products are computed.
#pragma once

#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#endif

namespace paddock {

// Asks for the lines of x[0 .. n); changes nothing.
inline void PrefetchForWrite(const float* x, int n) {
  constexpr int kLine = 16;  // floats
  for (int i = 0; i < n; i += kLine) {
#if defined(__x86_64__)
    // The builtin would only read them, since compilers do not take for granted what CPUs without it ignore.
    asm volatile("prefetchw %0" : : "m"(x[i]));
#elif defined(_MSC_VER) && defined(_M_X64)
    _m_prefetchw(x + i);
#elif defined(__GNUC__)
    __builtin_prefetch(x + i, 1);
#endif
  }
}

}  // namespace paddock
