#include "base/file.h"

#include <algorithm>
#include <utility>

#include "base/private_file.h"

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#endif

namespace paddock {

File::File(File&& other) noexcept {
  *this = std::move(other);
}

File& File::operator=(File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(stamp_, other.stamp_);
#ifdef _WIN32
  std::swap(handle_, other.handle_);
#else
  std::swap(fd_, other.fd_);
#endif
  return *this;
}

Status File::Changed() const {
  return {StatusCode::kInvalidModel, path_ + " was changed or cut off while it was in use. Load it again."};
}

Status File::CheckUnchanged() const {
  Stamp now;
  return ReadStamp(&now) && now == stamp_ ? Status::Ok() : Changed();
}

#ifdef _WIN32

namespace {

Status OpenError(DWORD error, const std::string& path) {
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND: return {StatusCode::kNotFound, "There is no file at " + path + "."};
    case ERROR_ACCESS_DENIED: return {StatusCode::kNoPermission, "No permission to read " + path + "."};
    default: return {StatusCode::kInternal, "Cannot read " + path + " (Windows error " + std::to_string(error) + ")."};
  }
}

}  // namespace

File::~File() {
  if (handle_ != nullptr) CloseHandle(handle_);
}

Result<File> File::Open(const std::string& path) {
  const std::filesystem::path wide = ToPath(path);
  const DWORD attributes = GetFileAttributesW(wide.c_str());
  if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
    return Status(StatusCode::kNotAFile, path + " is a folder, not a file.");
  }
  const HANDLE handle = CreateFileW(wide.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING, 0, nullptr);
  if (handle == INVALID_HANDLE_VALUE) return OpenError(GetLastError(), path);
  File file;
  file.path_ = path;
  file.handle_ = handle;
  if (GetFileType(handle) != FILE_TYPE_DISK) return Status(StatusCode::kNotAFile, path + " is not a regular file.");
  if (!file.ReadStamp(&file.stamp_)) return OpenError(GetLastError(), path);
  return file;
}

bool File::ReadStamp(Stamp* out) const {
  BY_HANDLE_FILE_INFORMATION info;
  if (!GetFileInformationByHandle(handle_, &info)) return false;
  const auto join = [](DWORD high, DWORD low) { return static_cast<uint64_t>(high) << 32 | low; };
  *out = {join(info.nFileSizeHigh, info.nFileSizeLow),
          static_cast<int64_t>(join(info.ftLastWriteTime.dwHighDateTime, info.ftLastWriteTime.dwLowDateTime)), 0};
  return true;
}

Status File::Read(uint64_t offset, std::span<uint8_t> out) const {
  while (!out.empty()) {
    OVERLAPPED at{};
    at.Offset = static_cast<DWORD>(offset);
    at.OffsetHigh = static_cast<DWORD>(offset >> 32);
    DWORD count = 0;
    const DWORD wanted = static_cast<DWORD>(std::min<size_t>(out.size(), 1u << 30));
    if (!ReadFile(handle_, out.data(), wanted, &count, &at) && GetLastError() != ERROR_HANDLE_EOF)
      return OpenError(GetLastError(), path_);
    if (count == 0) return Changed();
    offset += count;
    out = out.subspan(count);
  }
  return Status::Ok();
}

#else

File::~File() {
  if (fd_ >= 0) close(fd_);
}

Result<File> File::Open(const std::string& path) {
  File file;
  file.path_ = path;
  // Without O_NONBLOCK, opening a pipe waits for somebody to write to it.
  file.fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file.fd_ < 0) {
    switch (errno) {
      case ENOENT:
      case ENOTDIR: return Status(StatusCode::kNotFound, "There is no file at " + path + ".");
      case EACCES:
      case EPERM: return Status(StatusCode::kNoPermission, "No permission to read " + path + ".");
      case ENXIO: return Status(StatusCode::kNotAFile, path + " is not a regular file.");
      default: return Status(StatusCode::kInternal, "Cannot read " + path + ": " + std::strerror(errno) + ".");
    }
  }
  struct stat info {};
  if (fstat(file.fd_, &info) != 0 || !S_ISREG(info.st_mode)) {
    return Status(StatusCode::kNotAFile,
                  path + (S_ISDIR(info.st_mode) ? " is a folder, not a file." : " is not a regular file."));
  }
  file.ReadStamp(&file.stamp_);
  return file;
}

bool File::ReadStamp(Stamp* out) const {
  struct stat info {};
  if (fstat(fd_, &info) != 0) return false;
#ifdef __APPLE__
  const timespec& written = info.st_mtimespec;
#else
  const timespec& written = info.st_mtim;
#endif
  *out = {static_cast<uint64_t>(info.st_size), static_cast<int64_t>(written.tv_sec),
          static_cast<int64_t>(written.tv_nsec)};
  return true;
}

Status File::Read(uint64_t offset, std::span<uint8_t> out) const {
  while (!out.empty()) {
    const ssize_t count = pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {StatusCode::kInternal, "Cannot read " + path_ + ": " + std::strerror(errno) + "."};
    if (count == 0) return Changed();
    offset += static_cast<uint64_t>(count);
    out = out.subspan(static_cast<size_t>(count));
  }
  return Status::Ok();
}

#endif

}  // namespace paddock
