#include "base/private_file.h"

#include <algorithm>
#include <system_error>

#ifdef _WIN32
#include <process.h>

#include <fstream>
#else
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#endif

namespace paddock {
namespace fs = std::filesystem;
namespace {

constexpr size_t kPiece = 256 << 10;  // bytes between two calls of go_on()

}  // namespace

fs::path ToPath(const std::string& utf8) {
  return fs::path(std::u8string(utf8.begin(), utf8.end()));
}

std::string ToUtf8(const fs::path& path) {
  const std::u8string text = path.u8string();
  return {text.begin(), text.end()};
}

Status WriteWhole(const fs::path& path, std::span<const uint8_t> head, std::span<const uint8_t> body,
                  NewFile::Durability durability, const std::function<bool()>& go_on) {
  Result<NewFile> created = NewFile::Create(path, NewFile::Access::kOwner);
  if (!created.ok()) return created.status();
  NewFile file = created.Take();
  for (std::span<const uint8_t> part : {head, body}) {
    while (!part.empty()) {
      const size_t count = std::min(part.size(), kPiece);
      if (!go_on()) return {StatusCode::kCancelled, "Writing " + ToUtf8(path) + " was cancelled."};
      PADDOCK_RETURN_IF_ERROR(file.Write(part.first(count)));
      part = part.subspan(count);
    }
  }
  return file.Commit(durability);
}

std::string ProcessId() {
#ifdef _WIN32
  return std::to_string(_getpid());
#else
  return std::to_string(getpid());
#endif
}

#ifdef _WIN32

// The folders of a Windows profile are private by inheritance.
bool MakePrivateFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  return fs::is_directory(folder, error);
}

ReadOutcome ReadExactly(const fs::path& path, std::span<uint8_t> head, std::span<uint8_t> body) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  if (status.type() == fs::file_type::not_found || error) return ReadOutcome::kMissing;
  const uintmax_t size = status.type() == fs::file_type::regular ? fs::file_size(path, error) : 0;
  if (error || size != head.size() + body.size()) return ReadOutcome::kWrong;
  std::ifstream file(path, std::ios::binary);
  if (!file) return ReadOutcome::kMissing;
  for (const std::span<uint8_t> part : {head, body}) {
    if (!file.read(reinterpret_cast<char*>(part.data()), static_cast<std::streamsize>(part.size())))
      return ReadOutcome::kWrong;
  }
  return ReadOutcome::kRead;
}

#else

bool MakePrivateFolder(const fs::path& folder) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return true;
  if (folder.has_parent_path()) fs::create_directories(folder.parent_path(), error);
  return mkdir(folder.c_str(), 0700) == 0 || fs::is_directory(folder, error);
}

ReadOutcome ReadExactly(const fs::path& path, std::span<uint8_t> head, std::span<uint8_t> body) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return errno == ELOOP ? ReadOutcome::kWrong : ReadOutcome::kMissing;
  struct stat info {};
  bool whole = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
               static_cast<uint64_t>(info.st_size) == head.size() + body.size();
  for (std::span<uint8_t> part : {head, body}) {
    while (whole && !part.empty()) {
      const ssize_t count = read(fd, part.data(), part.size());
      if (count < 0 && errno == EINTR) continue;
      whole = count > 0;
      if (whole) part = part.subspan(static_cast<size_t>(count));
    }
  }
  close(fd);
  return whole ? ReadOutcome::kRead : ReadOutcome::kWrong;
}

#endif

}  // namespace paddock
