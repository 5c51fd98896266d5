#include <cmath>
#include <utility>

#include "convert.h"

namespace paddock::binding {
namespace {

// A whole number that a double holds exactly.
bool ReadWhole(const Napi::Object& object, const char* key, uint64_t* out) {
  const Napi::Value value = object.Get(key);
  if (!value.IsNumber()) return false;
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= 0 && number <= 9007199254740991.0) || number != std::trunc(number)) return false;
  *out = static_cast<uint64_t>(number);
  return true;
}

// By the names of safetensors.
std::optional<TensorType> ToFloatType(const Napi::Value& value) {
  if (!value.IsString()) return std::nullopt;
  const std::string name = value.As<Napi::String>();
  for (const TensorType type : {TensorType::kF32, TensorType::kF16, TensorType::kBF16}) {
    if (name == Traits(type).name) return type;
  }
  return std::nullopt;
}

std::optional<QuantizeSource::Part> ToPart(const Napi::Value& value) {
  if (!value.IsObject()) return std::nullopt;
  const Napi::Object object = value.As<Napi::Object>();
  QuantizeSource::Part part;
  const std::optional<int> file = ToInt(object.Get("file"), QuantizeSource::Part::kInHeader);
  const std::optional<TensorType> type = ToFloatType(object.Get("type"));
  if (!file || !type || !ReadWhole(object, "offset", &part.offset) || !ReadWhole(object, "bytes", &part.bytes) ||
      !ReadWhole(object, "heads", &part.heads))
    return std::nullopt;
  part.file = *file;
  part.type = *type;
  return part;
}

}  // namespace

std::optional<QuantizeSource::Parts> ToParts(const Napi::Value& value) {
  if (!value.IsObject()) return std::nullopt;
  const Napi::Object object = value.As<Napi::Object>();
  const Napi::Value header = object.Get("header"), files = object.Get("files"), parts = object.Get("parts");
  if (!header.IsTypedArray() || !files.IsArray() || !parts.IsArray()) return std::nullopt;
  const std::optional<std::string> bytes = ToBytes(header);
  if (!bytes) return std::nullopt;
  QuantizeSource::Parts out;
  out.header.assign(bytes->begin(), bytes->end());
  const Napi::Array paths = files.As<Napi::Array>(), list = parts.As<Napi::Array>();
  for (uint32_t i = 0; i < paths.Length(); ++i) {
    const Napi::Value path = paths.Get(i);
    if (!path.IsString()) return std::nullopt;
    out.files.push_back(path.As<Napi::String>());
  }
  for (uint32_t i = 0; i < list.Length(); ++i) {
    const std::optional<QuantizeSource::Part> part = ToPart(list.Get(i));
    if (!part) return std::nullopt;
    out.parts.push_back(*part);
  }
  return out;
}

}  // namespace paddock::binding
