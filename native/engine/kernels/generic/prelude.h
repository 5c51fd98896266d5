// What every kernel translation unit includes before it opens its namespace. C headers only: see kernel_table.h.
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/kernel_table.h"

// Unrolling serves registers. A table that keeps its vectors in memory defines PADDOCK_NO_UNROLL: it would only grow.
#if defined(PADDOCK_NO_UNROLL)
#define PADDOCK_INLINE inline
#define PADDOCK_LAMBDA
#define PADDOCK_UNROLL(n)
#elif defined(__GNUC__)
#define PADDOCK_INLINE inline __attribute__((always_inline))
#define PADDOCK_LAMBDA __attribute__((always_inline))
#define PADDOCK_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define PADDOCK_UNROLL(n) PADDOCK_PRAGMA(unroll n)
#else
#define PADDOCK_UNROLL(n) PADDOCK_PRAGMA(GCC unroll n)
#endif
#else
#define PADDOCK_INLINE __forceinline
#define PADDOCK_LAMBDA
#define PADDOCK_UNROLL(n)
#endif

// Not inlined: several kernels in one function would raise register pressure.
#if defined(__GNUC__)
#define PADDOCK_NOINLINE __attribute__((noinline))
#else
#define PADDOCK_NOINLINE __declspec(noinline)
#endif

// Prefetches the cache line at `p`, which need not be mapped: into L1, or only into L2.
#if defined(__GNUC__)
#define PADDOCK_FETCH(p) __builtin_prefetch((p), 0, 3)
#define PADDOCK_FETCH_FAR(p) __builtin_prefetch((p), 0, 2)
#elif defined(_M_X64)
#include <intrin.h>
#define PADDOCK_FETCH(p) _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T0)
#define PADDOCK_FETCH_FAR(p) _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1)
#else
#define PADDOCK_FETCH(p) ((void)(p))
#define PADDOCK_FETCH_FAR(p) ((void)(p))
#endif
