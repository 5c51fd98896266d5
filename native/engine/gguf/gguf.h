// GGUF versions 2 and 3: the header of a model file, every number of which has been checked, and its weights on demand.
//
// The file is hostile until proven otherwise. Open() bounds each count by the bytes that remain before it allocates,
// computes every size with overflow checks, and refuses tensors that overlap, are misaligned or reach past the end;
// what it returns can be used without further checks. Format: ggml docs, gguf.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/buffer.h"
#include "base/file.h"
#include "base/status.h"
#include "quant/tensor_type.h"

namespace paddock {

enum class MetadataType : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

const char* MetadataTypeName(MetadataType type);

// Elements are kept as the bytes of the file; strings as views into it.
struct MetadataArray {
  MetadataType element_type = MetadataType::kUint8;
  uint64_t length = 0;
  std::span<const uint8_t> data;          // fixed-size elements, unaligned
  std::vector<std::string_view> strings;  // kString only
};

struct MetadataValue {
  MetadataType type;
  // Unsigned and signed integers are widened, both float types become double.
  std::variant<uint64_t, int64_t, double, bool, std::string_view, MetadataArray> value;
};

struct TensorInfo {
  std::string_view name;
  TensorType type;
  // Fastest-varying first, as in the file: shape[0] is the number of columns (the reduced dimension). Unused are 1.
  uint64_t shape[4];
  int dimensions;
  uint64_t offset;  // of its data in the file; 0 without a file
  uint64_t bytes;   // of its data

  uint64_t columns() const { return shape[0]; }
  uint64_t rows() const { return shape[1] * shape[2] * shape[3]; }
};

class Reader;

class GgufFile {
 public:
  static Result<GgufFile> Open(const std::string& path);
  // Only what stands before the weights, for weights that lie elsewhere. Offsets of tensors and bytes after the header
  // do not count.
  static Result<GgufFile> FromHeader(std::vector<uint8_t> header);

  const std::string& path() const { return file_.path(); }
  uint32_t version() const { return version_; }
  uint64_t file_bytes() const { return file_.size(); }
  // What stands before the weights.
  std::span<const uint8_t> header() const { return {header_.data(), static_cast<size_t>(header_bytes_)}; }
  // All that FromHeader() was given.
  std::span<const uint8_t> bytes() const { return {header_.data(), header_.size()}; }

  // Fills `out` with the data of `tensor` from its byte `begin` on. As File::Read().
  Status Read(const TensorInfo& tensor, uint64_t begin, std::span<uint8_t> out) const {
    return file_.Read(tensor.offset + begin, out);
  }
  // All of it.
  Result<std::vector<uint8_t>> Read(const TensorInfo& tensor) const;
  // The weights can no longer be read from here.
  File TakeFile() { return std::move(file_); }

  // In the order of the file.
  const std::vector<std::pair<std::string_view, MetadataValue>>& metadata() const { return metadata_; }
  const std::vector<TensorInfo>& tensors() const { return tensors_; }

  const TensorInfo* FindTensor(std::string_view name) const;
  const MetadataValue* FindMetadata(std::string_view key) const;

  // Typed reads. nullopt when the key is absent or its value is of another kind or out of the type's range.
  std::optional<uint64_t> GetUint(std::string_view key) const;
  std::optional<double> GetFloat(std::string_view key) const;
  std::optional<bool> GetBool(std::string_view key) const;
  std::optional<std::string_view> GetString(std::string_view key) const;
  // nullptr unless the value is an array.
  const MetadataArray* GetArray(std::string_view key) const;

 private:
  GgufFile() = default;
  Status Parse(Reader* reader, bool with_data);
  Status ParseMetadata(Reader* reader, uint64_t count);
  Status PlaceTensors(uint64_t file_bytes);

  File file_;
  Buffer header_;  // the first bytes of the file, or what FromHeader() was given; keys and texts point into it
  uint64_t header_bytes_ = 0;
  uint32_t version_ = 0;
  std::vector<std::pair<std::string_view, MetadataValue>> metadata_;
  std::unordered_map<std::string_view, size_t> metadata_index_;
  std::vector<TensorInfo> tensors_;
  std::unordered_map<std::string_view, size_t> tensor_index_;
};

}  // namespace paddock
