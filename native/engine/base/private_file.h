// Small files that only their owner may read, in a folder that others may have written to.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "base/new_file.h"
#include "base/status.h"

namespace paddock {

// `utf8` as the operating system wants it, and back. path::string() is not for names of files: on Windows it throws
// when a name does not fit the system's old code page.
std::filesystem::path ToPath(const std::string& utf8);
std::string ToUtf8(const std::filesystem::path& path);

// Tells temporary files of different processes apart.
std::string ProcessId();

// Creates the folder for its owner alone (mode 0700), and its parents with the usual rights. One that is there already
// is left as it is. False when there is no folder afterwards.
bool MakePrivateFolder(const std::filesystem::path& folder);

enum class ReadOutcome {
  kRead,
  kMissing,  // not there, or not for us to read
  kWrong,    // not a regular file of the expected size
};
// Reads a file of exactly head.size() + body.size() bytes. Follows no link and waits for no pipe.
ReadOutcome ReadExactly(const std::filesystem::path& path, std::span<uint8_t> head, std::span<uint8_t> body);

// Writes both parts to a new file (mode 0600) that gets the name `path` when it is whole, so that whoever opens `path`
// sees all or nothing. kCancelled as soon as go_on() is false, which is asked between pieces; else as NewFile. Nothing
// is left behind then.
Status WriteWhole(const std::filesystem::path& path, std::span<const uint8_t> head, std::span<const uint8_t> body,
                  NewFile::Durability durability, const std::function<bool()>& go_on);

}  // namespace paddock
