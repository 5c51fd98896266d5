// A file that appears under its name when it is whole.
//
// It grows in the same folder under a temporary name, ".<32 hexadecimal digits>.<process>.tmp", which is short whatever
// the final name is and never the same twice. A process that is killed leaves it behind and is in nobody's way;
// RemoveLeftovers() removes it later.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "base/status.h"

namespace paddock {

class NewFile {
 public:
  enum class Access {
    kOwner,  // mode 0600
    kUmask,  // what the process gives to every new file
  };
  enum class Durability {
    kPowerLoss,  // what stands there after power was lost is the old file or the new one, whole
    kProcess,    // the same after the process was killed; for what can be made again and is checked when it is read
  };

  // kNotAFile when something other than a regular file has this name, kNoPermission, kInternal; the message says why.
  static Result<NewFile> Create(const std::filesystem::path& path, Access access);
  // Removes what was written, unless Commit() has succeeded.
  ~NewFile();
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;

  Status Write(std::span<const uint8_t> data);
  // The file is whole. Nothing may be written afterwards. Whatever had the name before is replaced.
  Status Commit(Durability durability);

 private:
  NewFile(std::filesystem::path path, std::filesystem::path temporary);
  // What the system's last error means for this file.
  Status Failed() const;
  Status Close();

  std::filesystem::path path_, temporary_;
  int fd_ = -1;
  bool temporary_exists_ = false;
};

// Whether a file may be one that is being written or was left behind.
bool IsTemporaryName(std::string_view name);

// Removes from `folder` what processes that no longer run have left behind, and touches nothing else.
void RemoveLeftovers(const std::filesystem::path& folder);

}  // namespace paddock
