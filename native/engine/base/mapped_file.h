// A read-only mapping of a whole file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"

namespace paddock {

class MappedFile {
 public:
  MappedFile() = default;
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // kNotFound, kNotAFile (a directory, a device) or kNoPermission, each with the path in the message.
  static Result<MappedFile> Open(const std::string& path);

  std::span<const uint8_t> bytes() const { return {data_, size_}; }

  // Makes a part that is about to be read accessible in one go, where the system can: one fault instead of many.
  void Populate(size_t offset, size_t size) const;

  // Tells the system that a part will not be read again soon, so that its pages need not stay in memory.
  void Drop(size_t offset, size_t size) const;

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace paddock
