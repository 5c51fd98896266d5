// A folder that is removed again.
#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace paddock::test {

// Does not exist until somebody creates it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    static int counter = 0;
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    path_ = std::filesystem::temp_directory_path() /
            ("paddock-folder-" + std::to_string(now) + "-" + std::to_string(counter++));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::permissions(path_, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string path() const { return path_.string(); }
  std::vector<std::filesystem::path> Files() const {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (std::filesystem::directory_iterator it(path_, error), end; !error && it != end; it.increment(error))
      files.push_back(it->path());
    std::sort(files.begin(), files.end());
    return files;
  }
  uint64_t Bytes() const {
    uint64_t sum = 0;
    for (const std::filesystem::path& file : Files()) sum += std::filesystem::file_size(file);
    return sum;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace paddock::test
