// A regular file that is open for reading.
//
// Reads go through the system and never through a mapping: touching a mapping of a file that was truncated meanwhile
// ends the process, while a read that comes up short is an error like any other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/status.h"

namespace paddock {

class File {
 public:
  File() = default;
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // kNotFound, kNotAFile (a folder, a pipe, a device) or kNoPermission, each with the path in the message. Returns at
  // once whatever is there. `path` is UTF-8.
  static Result<File> Open(const std::string& path);

  const std::string& path() const { return path_; }
  // Bytes; as it was when it was opened.
  uint64_t size() const { return stamp_.size; }

  // Fills `out` with the bytes from `offset` on. kInvalidModel when the file has become too short, kInternal when the
  // disk fails. Any thread.
  Status Read(uint64_t offset, std::span<uint8_t> out) const;

  // kInvalidModel when the file was written to since it was opened. Any thread.
  Status CheckUnchanged() const;

 private:
  // What changes when somebody writes to a file.
  struct Stamp {
    uint64_t size = 0;
    int64_t seconds = 0, nanoseconds = 0;  // of the last write
    bool operator==(const Stamp&) const = default;
  };
  Status Changed() const;
  bool ReadStamp(Stamp* out) const;

  std::string path_;
  Stamp stamp_;
#ifdef _WIN32
  void* handle_ = nullptr;
#else
  int fd_ = -1;
#endif
};

}  // namespace paddock
