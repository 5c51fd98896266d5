// The bytes that a fuzzer makes, as a file.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace paddock::fuzz {

// The same path in every call, with other contents.
inline const std::string& FileOf(const uint8_t* data, size_t size) {
  static const std::string path = "/tmp/paddock-fuzz-" + std::to_string(getpid());
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr || std::fwrite(data, 1, size, file) != size) std::abort();
  std::fclose(file);
  return path;
}

}  // namespace paddock::fuzz

#define PADDOCK_FUZZ(data, size) extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
