#include "base/mapped_file.h"

#include <utility>

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#else
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#endif

namespace paddock {

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

#ifdef _WIN32

namespace {

std::wstring Widen(const std::string& utf8) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, utf8.data(), static_cast<int>(utf8.size()), nullptr, 0);
  std::wstring wide(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, utf8.data(), static_cast<int>(utf8.size()), wide.data(), length);
  return wide;
}

Status OpenError(DWORD error, const std::string& path) {
  switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND: return {Code::kNotFound, "There is no file at " + path + "."};
    case ERROR_ACCESS_DENIED: return {Code::kNoPermission, "No permission to read " + path + "."};
    default: return {Code::kInternal, "Cannot read " + path + " (Windows error " + std::to_string(error) + ")."};
  }
}

}  // namespace

MappedFile::~MappedFile() {
  if (data_ != nullptr) UnmapViewOfFile(data_);
}

Result<MappedFile> MappedFile::Open(const std::string& path) {
  const std::wstring wide = Widen(path);
  const DWORD attributes = GetFileAttributesW(wide.c_str());
  if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0) {
    return Status(Code::kNotAFile, path + " is a folder, not a model file.");
  }
  const HANDLE file = CreateFileW(wide.c_str(), GENERIC_READ, FILE_SHARE_READ, nullptr, OPEN_EXISTING, 0, nullptr);
  if (file == INVALID_HANDLE_VALUE) return OpenError(GetLastError(), path);
  MappedFile mapped;
  LARGE_INTEGER size;
  if (!GetFileSizeEx(file, &size)) {
    const DWORD error = GetLastError();
    CloseHandle(file);
    return OpenError(error, path);
  }
  if (size.QuadPart > 0) {
    const HANDLE mapping = CreateFileMappingW(file, nullptr, PAGE_READONLY, 0, 0, nullptr);
    const void* view = mapping != nullptr ? MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0) : nullptr;
    const DWORD error = GetLastError();
    if (mapping != nullptr) CloseHandle(mapping);
    if (view == nullptr) {
      CloseHandle(file);
      return OpenError(error, path);
    }
    mapped.data_ = static_cast<const uint8_t*>(view);
    mapped.size_ = static_cast<size_t>(size.QuadPart);
  }
  CloseHandle(file);
  return mapped;
}

void MappedFile::Populate(size_t, size_t) const {}

void MappedFile::Drop(size_t, size_t) const {}

#else

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<uint8_t*>(data_), size_);
}

Result<MappedFile> MappedFile::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    switch (errno) {
      case ENOENT:
      case ENOTDIR: return Status(Code::kNotFound, "There is no file at " + path + ".");
      case EACCES:
      case EPERM: return Status(Code::kNoPermission, "No permission to read " + path + ".");
      default: return Status(Code::kInternal, "Cannot read " + path + ": " + std::strerror(errno) + ".");
    }
  }
  struct stat info {};
  if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(fd);
    return Status(Code::kNotAFile,
                  path + (S_ISDIR(info.st_mode) ? " is a folder, not a model file." : " is not a regular file."));
  }
  MappedFile mapped;
  if (info.st_size > 0) {
    void* view = mmap(nullptr, static_cast<size_t>(info.st_size), PROT_READ, MAP_SHARED, fd, 0);
    if (view == MAP_FAILED) {
      const int error = errno;
      close(fd);
      return Status(Code::kInternal, "Cannot map " + path + ": " + std::strerror(error) + ".");
    }
    mapped.data_ = static_cast<const uint8_t*>(view);
    mapped.size_ = static_cast<size_t>(info.st_size);
  }
  close(fd);
  return mapped;
}

void MappedFile::Populate(size_t offset, size_t size) const {
#ifdef MADV_POPULATE_READ
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t begin = offset / page * page;
  // An old kernel refuses; then each page comes with its first access.
  if (offset + size <= size_) madvise(const_cast<uint8_t*>(data_) + begin, offset + size - begin, MADV_POPULATE_READ);
#else
  static_cast<void>(offset);
  static_cast<void>(size);
#endif
}

void MappedFile::Drop(size_t offset, size_t size) const {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t begin = (offset + page - 1) / page * page;
  const size_t end = (offset + size) / page * page;
  if (end > begin && end <= size_) madvise(const_cast<uint8_t*>(data_) + begin, end - begin, MADV_DONTNEED);
}

#endif

}  // namespace paddock
