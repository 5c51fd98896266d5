#include "base/new_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <random>
#include <string>
#include <system_error>
#include <utility>

#include "base/private_file.h"
#include "base/sha256.h"

#ifdef _WIN32
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <fcntl.h>
#include <io.h>
#include <sys/stat.h>
#include <windows.h>
#else
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
#endif

namespace paddock {
namespace fs = std::filesystem;
namespace {

constexpr size_t kHexDigits = 32;
constexpr std::string_view kSuffix = ".tmp";
// Of a process in another container that shares the folder nothing is known, and numbers of processes are used again.
// Somebody who writes does so more often than this.
constexpr std::chrono::minutes kDeadAge{10}, kLiveAge{24 * 60};

std::string TemporaryName() {
  std::random_device random;
  std::array<uint8_t, kHexDigits / 2> bits;
  for (uint8_t& byte : bits) byte = static_cast<uint8_t>(random());
  std::string name(1, '.');
  return name.append(ToHex(bits)).append(1, '.').append(ProcessId()).append(kSuffix);
}

// The number of the process in a temporary name; 0 when the name is no such name.
uint64_t ProcessOf(std::string_view name) {
  if (name.size() < kHexDigits + 3 + kSuffix.size() || name[0] != '.' || name[kHexDigits + 1] != '.' ||
      !name.ends_with(kSuffix))
    return 0;
  const std::string_view digits = name.substr(1, kHexDigits);
  if (!std::all_of(digits.begin(), digits.end(),
                   [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }))
    return 0;
  name.remove_prefix(kHexDigits + 2);
  name.remove_suffix(kSuffix.size());
  uint64_t process = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), process);
  return error == std::errc() && end == name.data() + name.size() ? process : 0;
}

#ifdef _WIN32

bool Runs(uint64_t process) {
  const HANDLE handle = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, static_cast<DWORD>(process));
  if (handle == nullptr) return GetLastError() == ERROR_ACCESS_DENIED;
  DWORD code = 0;
  const bool runs = GetExitCodeProcess(handle, &code) && code == STILL_ACTIVE;
  CloseHandle(handle);
  return runs;
}

int OpenNew(const fs::path& path, NewFile::Access) {
  return _wopen(path.c_str(), _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE);
}

int64_t WriteSome(int fd, std::span<const uint8_t> data) {
  return _write(fd, data.data(), static_cast<unsigned>(std::min<size_t>(data.size(), 1u << 30)));
}

bool Sync(int fd) {
  return _commit(fd) == 0;
}

int CloseFile(int fd) {
  return _close(fd);
}

// A rename on NTFS is in its journal.
void SyncFolder(const fs::path&) {}

#else

bool Runs(uint64_t process) {
  return kill(static_cast<pid_t>(process), 0) == 0 || errno != ESRCH;
}

int OpenNew(const fs::path& path, NewFile::Access access) {
  const mode_t mode = access == NewFile::Access::kOwner ? 0600 : 0666;
  return open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
}

int64_t WriteSome(int fd, std::span<const uint8_t> data) {
  return write(fd, data.data(), data.size());
}

bool Sync(int fd) {
  // Some file systems know no such thing; the file is then as safe as they make it.
  return fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
}

int CloseFile(int fd) {
  return close(fd);
}

// Until then the new name may be lost with the power, though the contents are not.
void SyncFolder(const fs::path& folder) {
  const int fd = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

#endif

}  // namespace

NewFile::NewFile(fs::path path, fs::path temporary) : path_(std::move(path)), temporary_(std::move(temporary)) {}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)),
      temporary_exists_(std::exchange(other.temporary_exists_, false)) {}

NewFile::~NewFile() {
  if (fd_ >= 0) CloseFile(fd_);
  std::error_code ignored;
  if (temporary_exists_) fs::remove(temporary_, ignored);
}

Status NewFile::Failed() const {
  const int error = errno;
  const std::string what = error == ENOSPC ? "the disk is full" : std::generic_category().message(error);
  const bool forbidden = error == EACCES || error == EPERM || error == EROFS;
  return {forbidden ? StatusCode::kNoPermission : StatusCode::kInternal,
          "Cannot write " + ToUtf8(path_) + ": " + what + "."};
}

Result<NewFile> NewFile::Create(const fs::path& path, Access access) {
  std::error_code error;
  const fs::file_status there = fs::status(path, error);
  if (fs::exists(there) && !fs::is_regular_file(there)) {
    return Status(StatusCode::kNotAFile, ToUtf8(path) +
                                             (fs::is_directory(there) ? " is a folder." : " is not a regular file.") +
                                             " Choose another name.");
  }
  NewFile file(path, path.parent_path() / TemporaryName());
  file.fd_ = OpenNew(file.temporary_, access);
  if (file.fd_ < 0) return file.Failed();
  file.temporary_exists_ = true;
  return file;
}

Status NewFile::Write(std::span<const uint8_t> data) {
  while (!data.empty()) {
    const int64_t count = WriteSome(fd_, data);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return Failed();
    data = data.subspan(static_cast<size_t>(count));
  }
  return Status::Ok();
}

// Some systems report only here that a write has failed.
Status NewFile::Close() {
  return CloseFile(std::exchange(fd_, -1)) == 0 || errno == EINTR ? Status::Ok() : Failed();
}

Status NewFile::Commit(Durability durability) {
  if (durability == Durability::kPowerLoss && !Sync(fd_)) return Failed();
  PADDOCK_RETURN_IF_ERROR(Close());
  std::error_code error;
  fs::rename(temporary_, path_, error);
  if (error) {
    errno = error.value();
    return Failed();
  }
  temporary_exists_ = false;
  if (durability == Durability::kPowerLoss) SyncFolder(path_.parent_path());
  return Status::Ok();
}

bool IsTemporaryName(std::string_view name) {
  return ProcessOf(name) != 0;
}

void RemoveLeftovers(const fs::path& folder) {
  std::error_code error;
  for (fs::directory_iterator it(folder.empty() ? fs::path(".") : folder, error), end; !error && it != end;
       it.increment(error)) {
    const uint64_t process = ProcessOf(ToUtf8(it->path().filename()));
    if (process == 0) continue;
    std::error_code gone;
    const auto age = fs::file_time_type::clock::now() - it->last_write_time(gone);
    if (gone || !it->is_regular_file(gone) || it->is_symlink(gone)) continue;
    if (age > (Runs(process) ? kLiveAge : kDeadAge)) fs::remove(it->path(), gone);
  }
}

}  // namespace paddock
