// Tells the garbage collector about memory outside of its heap.
#pragma once

#include <napi.h>

#include <cstdint>
#include <utility>

namespace paddock::binding {

// Bytes that go when a JavaScript object goes. The collector would otherwise see a few words, and keep gigabytes for
// the sake of them. On the JavaScript thread.
class ExternalMemory {
 public:
  explicit ExternalMemory(Napi::Env env) : env_(env) {}
  ~ExternalMemory() { Set(0); }
  ExternalMemory(const ExternalMemory&) = delete;
  ExternalMemory& operator=(const ExternalMemory&) = delete;

  void Set(uint64_t bytes) {
    const int64_t next = static_cast<int64_t>(bytes), change = next - std::exchange(bytes_, next);
    if (change != 0) Napi::MemoryManagement::AdjustExternalMemory(env_, change);
  }

 private:
  Napi::Env env_;
  int64_t bytes_ = 0;
};

}  // namespace paddock::binding
