#include "base/buffer.h"

#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#else
#include <sys/mman.h>
#endif

namespace paddock {

bool Buffer::Allocate(size_t bytes) {
  Free();
  if (bytes == 0) return true;
#ifdef _WIN32
  void* memory = VirtualAlloc(nullptr, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (memory == nullptr) return false;
#else
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
#ifdef MADV_HUGEPAGE
  // Weights are read front to back: fewer address translations. Not for small blocks, which would only grow.
  if (bytes >= (size_t{32} << 20)) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
#endif
  data_ = static_cast<uint8_t*>(memory);
  size_ = bytes;
  return true;
}

void Buffer::Free() {
  if (data_ == nullptr) return;
#ifdef _WIN32
  VirtualFree(data_, 0, MEM_RELEASE);
#else
  munmap(data_, size_);
#endif
  data_ = nullptr;
  size_ = 0;
}

void ReturnFreedMemory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace paddock
