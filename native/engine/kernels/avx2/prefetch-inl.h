// Weights are used once a pass: fetched ahead of use and not kept in the outer caches, where they would only push out
// activations and keys.
template <size_t kAhead>
PADDOCK_INLINE void PrefetchAhead(const uint8_t* p) {
#if defined(__GNUC__) && !defined(PADDOCK_EMULATED)
  // Volatile, so that they stay spread over the block: a scheduler would issue them all at once, and the buffers for
  // misses are few.
  asm volatile("prefetchnta %0" : : "m"(p[kAhead]));
#else
  _mm_prefetch(reinterpret_cast<const char*>(p) + kAhead, _MM_HINT_NTA);
#endif
}
