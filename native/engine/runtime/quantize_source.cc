#include "runtime/quantize_source.h"

#include <string_view>
#include <utility>

#include "gguf/reader.h"

namespace paddock {
namespace {

bool IsFloat(TensorType type) {
  return type == TensorType::kF32 || type == TensorType::kF16 || type == TensorType::kBF16;
}

Status Unfit(std::string_view tensor, const std::string& why) {
  std::string message = "The weights of ";
  message.append(tensor.substr(0, 80)).append(" cannot be read: ").append(why).append(". Download the model again.");
  return {Code::kInvalidModel, message};
}

Result<TensorRows> RowsOf(const TensorInfo& tensor, const QuantizeSource::Part& part, std::span<const uint8_t> file) {
  if (!IsFloat(tensor.type) || !IsFloat(part.type)) return Unfit(tensor.name, "they are no floats");
  // The header's parser has seen to it that the number of elements fits.
  uint64_t bytes;
  if (MultiplyOverflows(tensor.columns() * tensor.rows(), RowBytes(part.type, 1), &bytes) || bytes != part.bytes)
    return Unfit(tensor.name, "their size is not that of their shape");
  if (part.offset > file.size() || bytes > file.size() - part.offset)
    return Unfit(tensor.name, "they reach past the end of their file");
  if (part.heads > 0 && (tensor.rows() % part.heads != 0 || tensor.rows() / part.heads % 2 != 0))
    return Unfit(tensor.name, "their rows are no whole number of heads");
  return TensorRows{file.subspan(part.offset, bytes), part.type, part.heads};
}

}  // namespace

Result<QuantizeSource> QuantizeSource::Open(const std::string& path) {
  Result<GgufFile> file = GgufFile::Open(path);
  if (!file.ok()) return file.status();
  QuantizeSource source(file.Take());
  for (const TensorInfo& tensor : source.header_.tensors()) source.rows_.push_back({tensor.data, tensor.type, 0});
  return source;
}

Result<QuantizeSource> QuantizeSource::Open(Parts parts) {
  Result<GgufFile> header = GgufFile::FromHeader(std::move(parts.header));
  if (!header.ok()) return header.status();
  QuantizeSource source(header.Take());
  for (const std::string& path : parts.files) {
    Result<MappedFile> file = MappedFile::Open(path);
    if (!file.ok()) return file.status();
    source.files_.push_back(file.Take());
  }
  const std::vector<TensorInfo>& tensors = source.header_.tensors();
  if (parts.parts.size() != tensors.size())
    return Status(Code::kInvalidModel, "The header of the model names another number of tensors than there are.");
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Part& part = parts.parts[i];
    const bool own = part.file == Part::kInHeader;
    if (!own && (part.file < 0 || static_cast<size_t>(part.file) >= source.files_.size()))
      return Unfit(tensors[i].name, "there is no such file");
    const Result<TensorRows> rows =
        RowsOf(tensors[i], part, own ? source.header_.bytes() : source.files_[static_cast<size_t>(part.file)].bytes());
    if (!rows.ok()) return rows.status();
    source.rows_.push_back(*rows);
  }
  return source;
}

uint64_t QuantizeSource::bytes() const {
  uint64_t bytes = header_.file_bytes();
  for (const MappedFile& file : files_) bytes += file.bytes().size();
  return bytes;
}

void QuantizeSource::Drop(size_t tensor) const {
  const std::span<const uint8_t> data = rows_[tensor].data;
  const auto drop = [&](const MappedFile& file) {
    const std::span<const uint8_t> bytes = file.bytes();
    const auto begin = reinterpret_cast<uintptr_t>(bytes.data()), at = reinterpret_cast<uintptr_t>(data.data());
    if (at >= begin && at - begin < bytes.size()) file.Drop(at - begin, data.size());
  };
  drop(header_.mapping());
  for (const MappedFile& file : files_) drop(file);
}

}  // namespace paddock
