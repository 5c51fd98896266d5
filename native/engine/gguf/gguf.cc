#include "gguf/gguf.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "gguf/reader.h"

namespace paddock {

static_assert(std::endian::native == std::endian::little,
              "GGUF is read in place; big-endian machines are not supported");

namespace {

constexpr uint64_t kMaxNameBytes = 64 * 1024;
// No model comes near these. Without them a file of gigabytes could claim millions of entries of a few bytes, each of
// which takes a multiple in memory.
constexpr uint64_t kMaxMetadata = 65536, kMaxTensors = 65536, kMaxTexts = uint64_t{1} << 21;
constexpr uint64_t kMaxAlignment = 1 << 20;
// A header with a vocabulary of 150,000 tokens has 6 MB.
constexpr uint64_t kFirstRead = 8 << 20, kMaxHeaderBytes = 512 << 20;
// key length + type + the smallest value; name length + dimension count + type + offset.
constexpr uint64_t kMinMetadataBytes = 8 + 4 + 1;
constexpr uint64_t kMinTensorBytes = 8 + 4 + 4 + 8;

Status Invalid(const std::string& what) {
  return {StatusCode::kInvalidModel,
          "This is not a usable GGUF file: " + what + ". Download it again or choose another file."};
}

Status Truncated(const std::string& where) {
  return Invalid("it ends in the middle of " + where);
}

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, 80)) out += (c >= 0x20 && c < 0x7f) ? c : '?';
  return out + (text.size() > 80 ? "...\"" : "\"");
}

// Bytes of a fixed-size element; 0 for strings, arrays and unknown types.
uint64_t ElementBytes(MetadataType type) {
  switch (type) {
    case MetadataType::kUint8:
    case MetadataType::kInt8:
    case MetadataType::kBool: return 1;
    case MetadataType::kUint16:
    case MetadataType::kInt16: return 2;
    case MetadataType::kUint32:
    case MetadataType::kInt32:
    case MetadataType::kFloat32: return 4;
    case MetadataType::kUint64:
    case MetadataType::kInt64:
    case MetadataType::kFloat64: return 8;
    default: return 0;
  }
}

template <typename T, typename Wide>
bool ReadScalar(Reader& reader, MetadataValue* out) {
  T value;
  if (!reader.Read(&value)) return false;
  out->value = static_cast<Wide>(value);
  return true;
}

// `texts_left` is how many texts the arrays of this file may still have.
Status ReadArray(Reader& reader, const std::string& where, uint64_t* texts_left, MetadataArray* out) {
  uint32_t element_type;
  if (!reader.Read(&element_type) || !reader.Read(&out->length)) return Truncated(where);
  out->element_type = static_cast<MetadataType>(element_type);
  if (out->element_type == MetadataType::kString) {
    if (out->length > reader.remaining() / 8) return Truncated(where);
    if (out->length > *texts_left) {
      return Invalid("its lists have more than " + std::to_string(kMaxTexts) + " texts, up to " + where);
    }
    *texts_left -= out->length;
    for (uint64_t i = 0; i < out->length; ++i) {
      std::string_view text;
      if (!reader.ReadString(&text)) return Truncated(where);
      out->strings.push_back(text);
    }
    return Status::Ok();
  }
  const uint64_t element_bytes = ElementBytes(out->element_type);
  if (element_bytes == 0)
    return Invalid(where + " is an array of an unknown type (" + std::to_string(element_type) + ")");
  uint64_t bytes;
  if (MultiplyOverflows(out->length, element_bytes, &bytes) || !reader.ReadBytes(bytes, &out->data))
    return Truncated(where);
  return Status::Ok();
}

Status ReadValue(Reader& reader, const std::string& where, uint64_t* texts_left, MetadataValue* out) {
  uint32_t type;
  if (!reader.Read(&type)) return Truncated(where);
  out->type = static_cast<MetadataType>(type);
  bool complete = false;
  switch (out->type) {
    case MetadataType::kUint8: complete = ReadScalar<uint8_t, uint64_t>(reader, out); break;
    case MetadataType::kUint16: complete = ReadScalar<uint16_t, uint64_t>(reader, out); break;
    case MetadataType::kUint32: complete = ReadScalar<uint32_t, uint64_t>(reader, out); break;
    case MetadataType::kUint64: complete = ReadScalar<uint64_t, uint64_t>(reader, out); break;
    case MetadataType::kInt8: complete = ReadScalar<int8_t, int64_t>(reader, out); break;
    case MetadataType::kInt16: complete = ReadScalar<int16_t, int64_t>(reader, out); break;
    case MetadataType::kInt32: complete = ReadScalar<int32_t, int64_t>(reader, out); break;
    case MetadataType::kInt64: complete = ReadScalar<int64_t, int64_t>(reader, out); break;
    case MetadataType::kFloat32: complete = ReadScalar<float, double>(reader, out); break;
    case MetadataType::kFloat64: complete = ReadScalar<double, double>(reader, out); break;
    case MetadataType::kBool: {
      uint8_t value;
      if (!(complete = reader.Read(&value))) break;
      if (value > 1) return Invalid(where + " is a truth value of " + std::to_string(value));
      out->value = value == 1;
      break;
    }
    case MetadataType::kString: {
      std::string_view text;
      if ((complete = reader.ReadString(&text))) out->value = text;
      break;
    }
    case MetadataType::kArray: {
      MetadataArray array;
      PADDOCK_RETURN_IF_ERROR(ReadArray(reader, where, texts_left, &array));
      out->value = std::move(array);
      return Status::Ok();
    }
    default: return Invalid(where + " has an unknown type (" + std::to_string(type) + ")");
  }
  return complete ? Status::Ok() : Truncated(where);
}

// The header of one tensor; `offset` is relative to the data section and not yet checked.
Status ReadTensorHeader(Reader& reader, uint64_t index, TensorInfo* tensor) {
  std::string where = "tensor " + std::to_string(index);
  if (!reader.ReadString(&tensor->name)) return Truncated(where);
  if (tensor->name.empty() || tensor->name.size() > kMaxNameBytes) return Invalid(where + " has no proper name");
  where = "tensor " + Quoted(tensor->name);
  uint32_t dimensions, type;
  if (!reader.Read(&dimensions)) return Truncated(where);
  if (dimensions < 1 || dimensions > 4) return Invalid(where + " has " + std::to_string(dimensions) + " dimensions");
  tensor->dimensions = static_cast<int>(dimensions);
  uint64_t elements = 1;
  for (int i = 0; i < 4; ++i) {
    tensor->shape[i] = 1;
    if (i >= tensor->dimensions) continue;
    if (!reader.Read(&tensor->shape[i])) return Truncated(where);
    if (tensor->shape[i] < 1 || MultiplyOverflows(elements, tensor->shape[i], &elements) ||
        elements > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return Invalid(where + " has an impossible shape");
    }
  }
  if (!reader.Read(&type) || !reader.Read(&tensor->offset)) return Truncated(where);
  const TensorTypeTraits* traits = FindTraits(type);
  if (traits == nullptr) {
    return {StatusCode::kUnsupportedModel,
            "The file's " + where + " is of type " + std::to_string(type) +
                ", which this engine does not run. Choose a file in Q4_K_M, Q8_0 or another of the "
                "types F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, IQ4_NL."};
  }
  tensor->type = static_cast<TensorType>(type);
  const uint64_t block = static_cast<uint64_t>(traits->block_elements);
  if (tensor->shape[0] % block != 0) {
    return Invalid(where + " has rows of " + std::to_string(tensor->shape[0]) +
                   " elements, no multiple of its block of " + std::to_string(block));
  }
  if (MultiplyOverflows(elements / block, static_cast<uint64_t>(traits->block_bytes), &tensor->bytes)) {
    return Invalid(where + " has an impossible size");
  }
  return Status::Ok();
}

}  // namespace

const char* MetadataTypeName(MetadataType type) {
  switch (type) {
    case MetadataType::kUint8: return "uint8";
    case MetadataType::kInt8: return "int8";
    case MetadataType::kUint16: return "uint16";
    case MetadataType::kInt16: return "int16";
    case MetadataType::kUint32: return "uint32";
    case MetadataType::kInt32: return "int32";
    case MetadataType::kFloat32: return "float32";
    case MetadataType::kBool: return "bool";
    case MetadataType::kString: return "string";
    case MetadataType::kArray: return "array";
    case MetadataType::kUint64: return "uint64";
    case MetadataType::kInt64: return "int64";
    case MetadataType::kFloat64: return "float64";
  }
  return "unknown";
}

Result<GgufFile> GgufFile::Open(const std::string& path) {
  Result<File> opened = File::Open(path);
  if (!opened.ok()) return opened.status();
  File source = opened.Take();
  // How long the header is shows when it was read: nearly always this suffices.
  for (uint64_t size = kFirstRead;; size *= 4) {
    GgufFile file;
    size = std::min(size, source.size());
    if (!file.header_.Allocate(static_cast<size_t>(size)))
      return Status(StatusCode::kOutOfMemory, "There is not enough memory for the header of " + path + ".");
    PADDOCK_RETURN_IF_ERROR(source.Read(0, {file.header_.data(), file.header_.size()}));
    Reader reader(file.bytes(), source.size());
    const Status parsed = file.Parse(&reader, true);
    if (!parsed.ok() && reader.exhausted()) {
      if (size < kMaxHeaderBytes) continue;
      return Invalid("its header has more than " + std::to_string(kMaxHeaderBytes >> 20) + " MiB");
    }
    PADDOCK_RETURN_IF_ERROR(parsed);
    file.file_ = std::move(source);
    return file;
  }
}

Result<GgufFile> GgufFile::FromHeader(std::vector<uint8_t> header) {
  GgufFile file;
  if (!file.header_.Allocate(header.size()))
    return Status(StatusCode::kOutOfMemory, "There is not enough memory for the header of the model.");
  std::copy(header.begin(), header.end(), file.header_.data());
  Reader reader(file.bytes(), header.size());
  PADDOCK_RETURN_IF_ERROR(file.Parse(&reader, false));
  return file;
}

Result<std::vector<uint8_t>> GgufFile::Read(const TensorInfo& tensor) const {
  std::vector<uint8_t> data(static_cast<size_t>(tensor.bytes));
  PADDOCK_RETURN_IF_ERROR(Read(tensor, 0, data));
  return data;
}

Status GgufFile::Parse(Reader* reader, bool with_data) {
  const uint64_t file_bytes = reader->remaining();
  uint32_t magic;
  if (!reader->Read(&magic)) return Invalid(file_bytes == 0 ? "it is empty" : "it is too short");
  if (magic != 0x46554747) return Invalid("it does not begin with the letters GGUF");
  if (!reader->Read(&version_)) return Truncated("its header");
  if (version_ == 0x02000000 || version_ == 0x03000000) return Invalid("it is in big-endian byte order");
  if (version_ != 2 && version_ != 3) {
    return {StatusCode::kUnsupportedModel, "GGUF version " + std::to_string(version_) +
                                               " is not known here (2 and 3 are). Choose a newer or another file."};
  }
  uint64_t tensor_count, metadata_count;
  if (!reader->Read(&tensor_count) || !reader->Read(&metadata_count)) return Truncated("its header");
  if (metadata_count > std::min(reader->remaining() / kMinMetadataBytes, kMaxMetadata))
    return Invalid("its number of metadata entries cannot be true");
  if (tensor_count > std::min(reader->remaining() / kMinTensorBytes, kMaxTensors))
    return Invalid("its number of tensors cannot be true");
  PADDOCK_RETURN_IF_ERROR(ParseMetadata(reader, metadata_count));
  tensors_.resize(tensor_count);
  for (uint64_t i = 0; i < tensor_count; ++i) {
    PADDOCK_RETURN_IF_ERROR(ReadTensorHeader(*reader, i, &tensors_[i]));
    if (!tensor_index_.emplace(tensors_[i].name, i).second)
      return Invalid("tensor " + Quoted(tensors_[i].name) + " appears twice");
  }
  header_bytes_ = reader->position();
  if (with_data) return PlaceTensors(file_bytes);
  for (TensorInfo& tensor : tensors_) tensor.offset = 0;
  return Status::Ok();
}

Status GgufFile::ParseMetadata(Reader* reader, uint64_t count) {
  uint64_t texts_left = kMaxTexts;
  for (uint64_t i = 0; i < count; ++i) {
    std::string_view key;
    if (!reader->ReadString(&key)) return Truncated("metadata entry " + std::to_string(i));
    if (key.empty() || key.size() > kMaxNameBytes)
      return Invalid("metadata entry " + std::to_string(i) + " has no proper key");
    MetadataValue value;
    PADDOCK_RETURN_IF_ERROR(ReadValue(*reader, "metadata " + Quoted(key), &texts_left, &value));
    if (!metadata_index_.emplace(key, metadata_.size()).second)
      return Invalid("metadata " + Quoted(key) + " appears twice");
    metadata_.emplace_back(key, std::move(value));
  }
  return Status::Ok();
}

// Offsets are relative to the end of the header until here.
Status GgufFile::PlaceTensors(uint64_t file_bytes) {
  uint64_t alignment = 32;
  if (FindMetadata("general.alignment") != nullptr) {
    const std::optional<uint64_t> declared = GetUint("general.alignment");
    if (!declared || *declared < 1 || *declared > kMaxAlignment || !std::has_single_bit(*declared)) {
      return Invalid("its alignment is no power of two");
    }
    alignment = *declared;
  }

  // The header ends within the file, so rounding it up cannot wrap.
  const uint64_t data_begin = (header_bytes_ + alignment - 1) / alignment * alignment;
  if (!tensors_.empty() && data_begin > file_bytes) return Truncated("its header");
  std::vector<const TensorInfo*> order;
  for (TensorInfo& tensor : tensors_) {
    const uint64_t room = file_bytes - data_begin;
    if (tensor.offset % alignment != 0) return Invalid("tensor " + Quoted(tensor.name) + " is not aligned");
    if (tensor.offset > room || tensor.bytes > room - tensor.offset) {
      return Invalid("tensor " + Quoted(tensor.name) + " reaches past the end of the file (an unfinished download?)");
    }
    tensor.offset += data_begin;
    order.push_back(&tensor);
  }
  std::sort(order.begin(), order.end(), [](const TensorInfo* a, const TensorInfo* b) { return a->offset < b->offset; });
  for (size_t i = 1; i < order.size(); ++i) {
    if (order[i]->offset - order[i - 1]->offset < order[i - 1]->bytes) {
      return Invalid("tensors " + Quoted(order[i - 1]->name) + " and " + Quoted(order[i]->name) + " overlap");
    }
  }
  return Status::Ok();
}

const TensorInfo* GgufFile::FindTensor(std::string_view name) const {
  const auto it = tensor_index_.find(name);
  return it == tensor_index_.end() ? nullptr : &tensors_[it->second];
}

const MetadataValue* GgufFile::FindMetadata(std::string_view key) const {
  const auto it = metadata_index_.find(key);
  return it == metadata_index_.end() ? nullptr : &metadata_[it->second].second;
}

std::optional<uint64_t> GgufFile::GetUint(std::string_view key) const {
  const MetadataValue* found = FindMetadata(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* value = std::get_if<uint64_t>(&found->value)) return *value;
  if (const auto* value = std::get_if<int64_t>(&found->value); value != nullptr && *value >= 0) {
    return static_cast<uint64_t>(*value);
  }
  return std::nullopt;
}

std::optional<double> GgufFile::GetFloat(std::string_view key) const {
  const MetadataValue* found = FindMetadata(key);
  if (found == nullptr) return std::nullopt;
  if (const auto* value = std::get_if<double>(&found->value); value != nullptr && std::isfinite(*value)) return *value;
  return std::nullopt;
}

std::optional<bool> GgufFile::GetBool(std::string_view key) const {
  const MetadataValue* found = FindMetadata(key);
  const auto* value = found != nullptr ? std::get_if<bool>(&found->value) : nullptr;
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

std::optional<std::string_view> GgufFile::GetString(std::string_view key) const {
  const MetadataValue* found = FindMetadata(key);
  const auto* value = found != nullptr ? std::get_if<std::string_view>(&found->value) : nullptr;
  return value != nullptr ? std::optional(*value) : std::nullopt;
}

const MetadataArray* GgufFile::GetArray(std::string_view key) const {
  const MetadataValue* found = FindMetadata(key);
  return found != nullptr ? std::get_if<MetadataArray>(&found->value) : nullptr;
}

}  // namespace paddock
