#include "gguf/gguf_writer.h"

#include <cstring>
#include <utility>

#include "base/private_file.h"

namespace paddock {
namespace {

constexpr uint64_t kAlignment = 32;

class Bytes {
 public:
  template <typename T>
  void Put(T value) {
    Append(&value, sizeof value);
  }
  void Text(std::string_view text) {
    Put<uint64_t>(text.size());
    Append(text.data(), text.size());
  }
  void Append(const void* data, size_t size) {
    const size_t at = data_.size();
    data_.resize(at + size);
    if (size > 0) std::memcpy(data_.data() + at, data, size);
  }
  const std::vector<uint8_t>& data() const { return data_; }

 private:
  std::vector<uint8_t> data_;
};

template <typename T>
void PutInteger(const MetadataValue& value, Bytes* out) {
  if constexpr (std::is_signed_v<T>) {
    out->Put(static_cast<T>(std::get<int64_t>(value.value)));
  } else {
    out->Put(static_cast<T>(std::get<uint64_t>(value.value)));
  }
}

void PutValue(const MetadataValue& value, Bytes* out) {
  out->Put(static_cast<uint32_t>(value.type));
  switch (value.type) {
    case MetadataType::kUint8: return PutInteger<uint8_t>(value, out);
    case MetadataType::kInt8: return PutInteger<int8_t>(value, out);
    case MetadataType::kUint16: return PutInteger<uint16_t>(value, out);
    case MetadataType::kInt16: return PutInteger<int16_t>(value, out);
    case MetadataType::kUint32: return PutInteger<uint32_t>(value, out);
    case MetadataType::kInt32: return PutInteger<int32_t>(value, out);
    case MetadataType::kUint64: return PutInteger<uint64_t>(value, out);
    case MetadataType::kInt64: return PutInteger<int64_t>(value, out);
    case MetadataType::kFloat32: return out->Put(static_cast<float>(std::get<double>(value.value)));
    case MetadataType::kFloat64: return out->Put(std::get<double>(value.value));
    case MetadataType::kBool: return out->Put(static_cast<uint8_t>(std::get<bool>(value.value)));
    case MetadataType::kString: return out->Text(std::get<std::string_view>(value.value));
    case MetadataType::kArray: {
      const MetadataArray& array = std::get<MetadataArray>(value.value);
      out->Put(static_cast<uint32_t>(array.element_type));
      out->Put(array.length);
      for (const std::string_view text : array.strings) out->Text(text);
      return out->Append(array.data.data(), array.data.size());
    }
  }
}

void PutValue(const GgufWriter::Metadata::value_type::second_type& value, Bytes* out) {
  if (const auto* number = std::get_if<uint32_t>(&value)) {
    out->Put(static_cast<uint32_t>(MetadataType::kUint32));
    out->Put(*number);
  } else if (const auto* real = std::get_if<float>(&value)) {
    out->Put(static_cast<uint32_t>(MetadataType::kFloat32));
    out->Put(*real);
  } else if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    out->Put(static_cast<uint32_t>(MetadataType::kArray));
    out->Put(static_cast<uint32_t>(MetadataType::kString));
    out->Put<uint64_t>(list->size());
    for (const std::string& text : *list) out->Text(text);
  } else {
    out->Put(static_cast<uint32_t>(MetadataType::kString));
    out->Text(std::get<std::string>(value));
  }
}

std::vector<uint8_t> Header(const GgufFile* source, const GgufWriter::Metadata& values,
                            const std::vector<GgufWriter::Tensor>& tensors) {
  const auto replaced = [&](std::string_view key) {
    for (const auto& [name, value] : values) {
      if (name == key) return true;
    }
    return key == "general.alignment";
  };
  Bytes metadata;
  uint64_t count = 0;
  if (source != nullptr) {
    for (const auto& [key, value] : source->metadata()) {
      if (replaced(key)) continue;
      metadata.Text(key);
      PutValue(value, &metadata);
      ++count;
    }
  }
  for (const auto& [key, value] : values) {
    metadata.Text(key);
    PutValue(value, &metadata);
    ++count;
  }
  Bytes out;
  out.Append("GGUF", 4);
  out.Put<uint32_t>(3);
  out.Put<uint64_t>(tensors.size());
  out.Put(count);
  out.Append(metadata.data().data(), metadata.data().size());
  uint64_t offset = 0;
  for (const GgufWriter::Tensor& tensor : tensors) {
    out.Text(tensor.name);
    out.Put(static_cast<uint32_t>(tensor.dimensions));
    for (int i = 0; i < tensor.dimensions; ++i) out.Put(tensor.shape[i]);
    out.Put(static_cast<uint32_t>(tensor.type));
    out.Put(offset);
    offset += (tensor.bytes + kAlignment - 1) / kAlignment * kAlignment;
  }
  return out.data();
}

}  // namespace

Result<GgufWriter> GgufWriter::Create(const std::string& path, const GgufFile* source, const Metadata& values,
                                      const std::vector<Tensor>& tensors) {
  const std::filesystem::path place = ToPath(path);
  RemoveLeftovers(place.parent_path());
  Result<NewFile> created = NewFile::Create(place, NewFile::Access::kUmask);
  if (!created.ok()) return created.status();
  GgufWriter writer(created.Take());
  PADDOCK_RETURN_IF_ERROR(writer.Write(Header(source, values, tensors)));
  PADDOCK_RETURN_IF_ERROR(writer.EndTensor());
  return writer;
}

Status GgufWriter::Write(std::span<const uint8_t> data) {
  written_ += data.size();
  return file_.Write(data);
}

Status GgufWriter::EndTensor() {
  static constexpr uint8_t kZeros[kAlignment] = {};
  return Write({kZeros, (kAlignment - written_ % kAlignment) % kAlignment});
}

Status GgufWriter::Finish() {
  return file_.Commit(NewFile::Durability::kPowerLoss);
}

}  // namespace paddock
