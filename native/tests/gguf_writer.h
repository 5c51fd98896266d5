// Writes GGUF files for tests: sound ones, and with the raw parts at hand also damaged ones.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "gguf/gguf.h"

namespace paddock::test {

class Bytes {
 public:
  template <typename T>
  Bytes& Put(T value) {
    const size_t at = data.size();
    data.resize(at + sizeof value);
    std::memcpy(&data[at], &value, sizeof value);
    return *this;
  }
  Bytes& Text(const std::string& text) {
    Put<uint64_t>(text.size());
    // One by one: GCC 12 takes a range of known length for one beyond the buffer.
    for (const char c : text) data.push_back(static_cast<uint8_t>(c));
    return *this;
  }
  std::vector<uint8_t> data;
};

class GgufWriter {
 public:
  struct Tensor {
    std::string name;
    std::vector<uint64_t> shape;
    uint32_t type;
    std::vector<uint8_t> data;
    uint64_t offset = 0;  // set by Write() unless `fixed_offset`
    bool fixed_offset = false;
  };

  uint32_t magic = 0x46554747, version = 3;
  uint64_t alignment = 32;
  std::vector<Bytes> metadata;  // key and typed value
  std::vector<Tensor> tensors;
  // Lies for damaged files; 0 = the truth.
  uint64_t tensor_count = 0, metadata_count = 0;

  void Uint32(const std::string& key, uint32_t v) { metadata.push_back(Key(key, MetadataType::kUint32).Put(v)); }
  void Float32(const std::string& key, float v) { metadata.push_back(Key(key, MetadataType::kFloat32).Put(v)); }
  void Bool(const std::string& key, bool v) { metadata.push_back(Key(key, MetadataType::kBool).Put<uint8_t>(v)); }
  void String(const std::string& key, const std::string& v) {
    metadata.push_back(Key(key, MetadataType::kString).Text(v));
  }
  void Strings(const std::string& key, const std::vector<std::string>& values) {
    Bytes b = Key(key, MetadataType::kArray);
    b.Put(static_cast<uint32_t>(MetadataType::kString)).Put<uint64_t>(values.size());
    for (const std::string& v : values) b.Text(v);
    metadata.push_back(b);
  }
  void Int32s(const std::string& key, const std::vector<int32_t>& values) {
    Bytes b = Key(key, MetadataType::kArray);
    b.Put(static_cast<uint32_t>(MetadataType::kInt32)).Put<uint64_t>(values.size());
    for (const int32_t v : values) b.Put(v);
    metadata.push_back(b);
  }
  void Remove(const std::string& key) {
    const std::vector<uint8_t> begin = Bytes().Text(key).data;
    std::erase_if(metadata, [&](const Bytes& entry) {
      return entry.data.size() > begin.size() && std::equal(begin.begin(), begin.end(), entry.data.begin());
    });
  }
  static Bytes Key(const std::string& key, MetadataType type) {
    Bytes b;
    b.Text(key).Put(static_cast<uint32_t>(type));
    return b;
  }

  std::vector<uint8_t> Write() {
    Bytes out;
    out.Put(magic).Put(version);
    out.Put(tensor_count != 0 ? tensor_count : tensors.size());
    out.Put(metadata_count != 0 ? metadata_count : metadata.size());
    for (const Bytes& m : metadata) out.data.insert(out.data.end(), m.data.begin(), m.data.end());
    uint64_t offset = 0;
    for (Tensor& t : tensors) {
      if (!t.fixed_offset) t.offset = offset;
      offset = (t.offset + t.data.size() + alignment - 1) / alignment * alignment;
      out.Text(t.name).Put(static_cast<uint32_t>(t.shape.size()));
      for (const uint64_t n : t.shape) out.Put(n);
      out.Put(t.type).Put(t.offset);
    }
    const auto pad = [&] { out.data.resize((out.data.size() + alignment - 1) / alignment * alignment); };
    if (!tensors.empty()) pad();
    for (const Tensor& t : tensors) {
      out.data.insert(out.data.end(), t.data.begin(), t.data.end());
      pad();
    }
    return out.data;
  }
};

// A file that is removed again.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::vector<uint8_t>& bytes) {
    // Not by an address: an emulator gives the same ones to every process, and tests run side by side.
    static const unsigned process = std::random_device{}();
    static int counter = 0;
    const std::string name = "paddock-test-" + std::to_string(process) + "-" + std::to_string(counter++) + ".gguf";
    path_ = (std::filesystem::temp_directory_path() / name).string();
    std::FILE* file = std::fopen(path_.c_str(), "wb");
    if (file == nullptr) return;
    if (!bytes.empty()) std::fwrite(bytes.data(), 1, bytes.size(), file);
    std::fclose(file);
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace paddock::test
