// Files: what is written appears whole or not at all, what is read may change under our hands, and neither waits for a
// pipe or touches what others keep in a folder.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/file.h"
#include "base/new_file.h"
#include "base/private_file.h"
#include "check.h"
#include "gguf_writer.h"
#include "temporary_folder.h"

#ifndef _WIN32
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace paddock {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFile;
using test::TemporaryFolder;

std::vector<uint8_t> Some(size_t n) {
  return std::vector<uint8_t>(n, 7);
}

Status WriteTo(const fs::path& path, size_t bytes = 1000) {
  return WriteWhole(path, Some(10), Some(bytes), NewFile::Durability::kPowerLoss, [] { return true; });
}

TEST(AFileAppearsWhole) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path());
  const fs::path path = fs::path(folder.path()) / "checkpoint.bin";
  CHECK(WriteTo(path).ok());
  CHECK(WriteTo(path, 2000).ok());
  CHECK_EQ(fs::file_size(path), uintmax_t{2010});
  // Given up: what was there stays, and nothing else is left.
  int pieces = 0;
  const Status cut = WriteWhole(path, {}, Some(3 << 20), NewFile::Durability::kProcess, [&] { return ++pieces < 4; });
  CHECK(cut.code() == StatusCode::kCancelled);
  {
    Result<NewFile> file = NewFile::Create(path, NewFile::Access::kUmask);
    CHECK(file.ok() && file->Write(Some(100)).ok());
    CHECK_EQ(folder.Files().size(), size_t{2});
  }
  CHECK_EQ(fs::file_size(path), uintmax_t{2010});
  CHECK_EQ(folder.Files().size(), size_t{1});
  CHECK(WriteTo(fs::path(folder.path()) / "missing" / "file").code() == StatusCode::kInternal);
}

TEST(ANameMayBeAsLongAsTheSystemAllows) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path());
  const fs::path path = fs::path(folder.path()) / std::string(255, 'x');
  CHECK(WriteTo(path).ok());
  CHECK_EQ(fs::file_size(path), uintmax_t{1010});
}

TEST(NamesSurviveTheWayThroughThePath) {
  const std::string name = "ein Pferd \xf0\x9f\x90\xb4 \xe9\xa9\xac.gguf";
  CHECK_EQ(ToUtf8(ToPath(name)), name);
}

#ifndef _WIN32

TEST(WhatIsNoRegularFileIsRefusedAtOnce) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path());
  const fs::path pipe = fs::path(folder.path()) / "pipe", link = fs::path(folder.path()) / "link";
  CHECK_EQ(mkfifo(pipe.c_str(), 0600), 0);
  fs::create_symlink("/dev/full", link);
  for (const fs::path& path : {pipe, link, fs::path(folder.path()), fs::path("/dev/full"), fs::path("/dev/null")}) {
    CHECK(File::Open(path.string()).status().code() == StatusCode::kNotAFile);
    CHECK(WriteTo(path).code() == StatusCode::kNotAFile);
  }
  CHECK(fs::is_character_file("/dev/full") && fs::is_fifo(pipe) && fs::is_symlink(link));
  CHECK_EQ(folder.Files().size(), size_t{2});
}

TEST(AWriteThatFailsIsAnErrorAndLeavesNothing) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path());
  const fs::path path = fs::path(folder.path()) / "model.gguf";
  CHECK(WriteTo(path).ok());
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const Status status = WriteTo(path, 100'000);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, ignored);
  CHECK(status.code() == StatusCode::kInternal && status.message().find("Cannot write") == 0);
  CHECK_EQ(fs::file_size(path), uintmax_t{1010});
  CHECK_EQ(folder.Files().size(), size_t{1});
}

// The number of a process that has ended.
std::string DeadProcess() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
  return std::to_string(child);
}

TEST(OnlyWhatDeadProcessesLeftIsRemoved) {
  const TemporaryFolder folder;
  fs::create_directories(folder.path());
  const std::string hex = ".0123456789abcdef0123456789abcdef.", dead = DeadProcess();
  const auto put = [&](const std::string& name, std::chrono::minutes age) {
    const fs::path path = fs::path(folder.path()) / name;
    std::ofstream(path) << "text";
    fs::last_write_time(path, fs::file_time_type::clock::now() - age);
    return path;
  };
  using std::chrono::minutes;
  const fs::path left = put(hex + dead + ".tmp", minutes(11));
  const fs::path reused = put(".00000000000000000000000000000000." + ProcessId() + ".tmp", minutes(25 * 60));
  const std::vector<fs::path> kept = {
      put(".11111111111111111111111111111111." + dead + ".tmp", minutes(1)),
      put(hex + ProcessId() + ".tmp", minutes(60)),
      put(".my-very-own-notes-of-a-long-name-for-the-snapshots.tmp", minutes(60)),
      put(hex + dead + ".tmp.bak", minutes(60)),
      put(hex + "notes.tmp", minutes(60)),
      put(".0123456789ABCDEF0123456789abcdef." + dead + ".tmp", minutes(60)),
      put("checkpoint.bin.part", minutes(60)),
  };
  RemoveLeftovers(folder.path());
  CHECK(!fs::exists(left) && !fs::exists(reused));
  for (const fs::path& path : kept) {
    if (!fs::exists(path)) test::Fail(__FILE__, __LINE__, path.string() + " was removed");
  }
}

TEST(AChangedFileIsAnErrorInWords) {
  const TemporaryFile made(Some(10'000));
  Result<File> file = File::Open(made.path());
  std::vector<uint8_t> out(1000);
  CHECK(file.ok() && file->Read(9000, out).ok() && out == Some(1000) && file->CheckUnchanged().ok());
  CHECK(file->Read(9001, out).code() == StatusCode::kInvalidModel);
  fs::resize_file(made.path(), 5000);
  CHECK(file->Read(9000, out).code() == StatusCode::kInvalidModel);
  CHECK(file->CheckUnchanged().code() == StatusCode::kInvalidModel);
  // Another file under the same name is another file: the one that is open stays as it was.
  Result<File> old = File::Open(made.path());
  CHECK(WriteTo(made.path()).ok());
  CHECK(old->CheckUnchanged().ok() && old->Read(4000, out).ok());
}

#endif

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
