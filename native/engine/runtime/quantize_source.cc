#include "runtime/quantize_source.h"

#include <algorithm>
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
  return {StatusCode::kInvalidModel, message};
}

// Checks a part of a file, or of the header in memory, of `size` bytes.
Result<TensorRows> RowsOf(const TensorInfo& tensor, const QuantizeSource::Part& part, uint64_t size) {
  if (!IsFloat(tensor.type) || !IsFloat(part.type)) return Unfit(tensor.name, "they are no floats");
  // The header's parser has seen to it that the number of elements fits.
  uint64_t bytes;
  if (MultiplyOverflows(tensor.columns() * tensor.rows(), RowBytes(part.type, 1), &bytes) || bytes != part.bytes)
    return Unfit(tensor.name, "their size is not that of their shape");
  if (part.offset > size || bytes > size - part.offset)
    return Unfit(tensor.name, "they reach past the end of their file");
  if (part.heads > 0 && (tensor.rows() % part.heads != 0 || tensor.rows() / part.heads % 2 != 0))
    return Unfit(tensor.name, "their rows are no whole number of heads");
  return TensorRows{{}, nullptr, part.offset, bytes, part.type, part.heads};
}

}  // namespace

Status TensorRows::Read(uint64_t begin, std::span<uint8_t> out) const {
  if (file != nullptr) return file->Read(offset + begin, out);
  const std::span<const uint8_t> from = memory.subspan(static_cast<size_t>(begin), out.size());
  std::copy(from.begin(), from.end(), out.begin());
  return Status::Ok();
}

Result<QuantizeSource> QuantizeSource::Open(const std::string& path) {
  Result<GgufFile> file = GgufFile::Open(path);
  if (!file.ok()) return file.status();
  QuantizeSource source(file.Take());
  source.files_.push_back(source.header_.TakeFile());
  for (const TensorInfo& tensor : source.header_.tensors())
    source.rows_.push_back({{}, &source.files_[0], tensor.offset, tensor.bytes, tensor.type, 0});
  return source;
}

Result<QuantizeSource> QuantizeSource::Open(Parts parts) {
  Result<GgufFile> header = GgufFile::FromHeader(std::move(parts.header));
  if (!header.ok()) return header.status();
  QuantizeSource source(header.Take());
  for (const std::string& path : parts.files) {
    Result<File> file = File::Open(path);
    if (!file.ok()) return file.status();
    source.files_.push_back(file.Take());
  }
  const std::vector<TensorInfo>& tensors = source.header_.tensors();
  if (parts.parts.size() != tensors.size())
    return Status(StatusCode::kInvalidModel, "The header of the model names another number of tensors than there are.");
  for (size_t i = 0; i < tensors.size(); ++i) {
    const Part& part = parts.parts[i];
    const bool own = part.file == Part::kInHeader;
    if (!own && (part.file < 0 || static_cast<size_t>(part.file) >= source.files_.size()))
      return Unfit(tensors[i].name, "there is no such file");
    const std::span<const uint8_t> memory = source.header_.bytes();
    const File* const file = own ? nullptr : &source.files_[part.file];
    Result<TensorRows> rows = RowsOf(tensors[i], part, own ? memory.size() : file->size());
    if (!rows.ok()) return rows.status();
    source.rows_.push_back(rows.Take());
    source.rows_.back().file = file;
    if (own) source.rows_.back().memory = memory.subspan(part.offset, part.bytes);
  }
  return source;
}

uint64_t QuantizeSource::bytes() const {
  uint64_t bytes = 0;
  for (const File& file : files_) bytes += file.size();
  return bytes;
}

}  // namespace paddock
