#include "convert.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "tokenizer/detokenizer.h"

namespace paddock::binding {
namespace {

constexpr uint64_t kMaxSafeInteger = (uint64_t{1} << 53) - 1;

Napi::String Text(Napi::Env env, std::string_view bytes) {
  return Napi::String::New(env, ReplaceBrokenUtf8(bytes));
}

Napi::Number Number(Napi::Env env, uint64_t value) {
  return Napi::Number::New(env, static_cast<double>(value));
}

struct MetadataToJs {
  Napi::Env env;

  Napi::Value operator()(uint64_t value) const {
    if (value > kMaxSafeInteger) return Napi::BigInt::New(env, value);
    return Number(env, value);
  }
  Napi::Value operator()(int64_t value) const {
    if (std::abs(static_cast<double>(value)) > static_cast<double>(kMaxSafeInteger))
      return Napi::BigInt::New(env, value);
    return Napi::Number::New(env, static_cast<double>(value));
  }
  Napi::Value operator()(double value) const { return Napi::Number::New(env, value); }
  Napi::Value operator()(bool value) const { return Napi::Boolean::New(env, value); }
  Napi::Value operator()(std::string_view value) const { return Text(env, value); }
  Napi::Value operator()(const MetadataArray& array) const {
    Napi::Object out = Napi::Object::New(env);
    out.Set("arrayOf", MetadataTypeName(array.element_type));
    out.Set("length", Number(env, array.length));
    return out;
  }
};

// As an own property whatever the key: the file may call one `__proto__`.
void Define(Napi::Object object, std::string_view key, Napi::Value value) {
  object.DefineProperty(Napi::PropertyDescriptor::Value(Text(object.Env(), key), value, napi_enumerable));
}

Napi::Array Tensors(Napi::Env env, const std::vector<TensorInfo>& tensors) {
  Napi::Array out = Napi::Array::New(env, tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorInfo& tensor = tensors[i];
    Napi::Array shape = Napi::Array::New(env, static_cast<size_t>(tensor.dimensions));
    for (uint32_t d = 0; d < static_cast<uint32_t>(tensor.dimensions); ++d) shape.Set(d, Number(env, tensor.shape[d]));
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("name", Text(env, tensor.name));
    entry.Set("type", Traits(tensor.type).name);
    entry.Set("shape", shape);
    entry.Set("bytes", Number(env, tensor.bytes));
    out.Set(static_cast<uint32_t>(i), entry);
  }
  return out;
}

const char* Spelling(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop: return "stop";
    case FinishReason::kLength: return "length";
    case FinishReason::kCancelled: return "cancelled";
  }
  return "stop";
}

Napi::Value OptionalId(Napi::Env env, std::optional<int32_t> id) {
  return id ? Napi::Number::New(env, *id).As<Napi::Value>() : env.Undefined();
}

// Reads a number field; false when it is there and no finite number.
bool ReadNumber(const Napi::Object& object, const char* key, double* out) {
  const Napi::Value value = object.Get(key);
  if (value.IsUndefined()) return true;
  if (!value.IsNumber()) return false;
  *out = value.As<Napi::Number>().DoubleValue();
  return std::isfinite(*out);
}

bool ReadInt(const Napi::Object& object, const char* key, int* out) {
  const std::optional<int> value = ToInt(object.Get(key), *out);
  if (value) *out = *value;
  return value.has_value();
}

// Whole numbers of bytes from 0 on.
bool ReadBytes(const Napi::Object& object, const char* key, uint64_t* out) {
  double value = static_cast<double>(*out);
  if (!ReadNumber(object, key, &value) || value < 0 || value > static_cast<double>(kMaxSafeInteger)) return false;
  *out = static_cast<uint64_t>(value);
  return true;
}

bool ReadText(const Napi::Object& object, const char* key, std::string* out) {
  const Napi::Value value = object.Get(key);
  if (value.IsString()) *out = value.As<Napi::String>();
  return value.IsString() || value.IsUndefined();
}

bool ReadFloat(const Napi::Object& object, const char* key, float* out) {
  double value = static_cast<double>(*out);
  if (!ReadNumber(object, key, &value)) return false;
  *out = static_cast<float>(value);
  return true;
}

// Reads an array field whose elements `read` takes; false when it is there and something else.
template <typename Read>
bool ReadArray(const Napi::Object& object, const char* key, Read read) {
  const Napi::Value value = object.Get(key);
  if (value.IsUndefined()) return true;
  if (!value.IsArray()) return false;
  const Napi::Array array = value.As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) {
    if (!read(array.Get(i))) return false;
  }
  return true;
}

}  // namespace

Napi::Error ToError(Napi::Env env, const Status& status) {
  Napi::Error error = Napi::Error::New(env, status.message());
  error.Set("code", Napi::String::New(env, CodeName(status.code())));
  return error;
}

Napi::Value Throw(Napi::Env env, const Status& status) {
  ToError(env, status).ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value ThrowArgument(Napi::Env env, const char* what) {
  return Throw(env, Status(StatusCode::kInvalidArgument, what));
}

Napi::Object ToJs(Napi::Env env, const MemoryNeed& memory) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("weights", Number(env, memory.weights));
  out.Set("kvCache", Number(env, memory.kv_cache));
  out.Set("scratch", Number(env, memory.scratch));
  out.Set("prefixCache", Number(env, memory.prefix_cache));
  out.Set("total", Number(env, memory.total));
  return out;
}

Napi::Object ToJs(Napi::Env env, const GgufFile& file, const Inspection& inspection) {
  Napi::Object metadata = Napi::Object::New(env);
  for (const auto& [key, value] : file.metadata()) Define(metadata, key, std::visit(MetadataToJs{env}, value.value));
  Napi::Object out = Napi::Object::New(env);
  out.Set("fileBytes", Number(env, file.file_bytes()));
  out.Set("version", file.version());
  out.Set("architecture", Text(env, inspection.architecture));
  out.Set("parameters", Number(env, inspection.parameters));
  out.Set("quantization", Text(env, inspection.quantization));
  out.Set("trainedContextLength", inspection.trained_context_length);
  out.Set("metadata", metadata);
  out.Set("tensors", Tensors(env, file.tensors()));
  out.Set("memory", inspection.memory ? ToJs(env, *inspection.memory).As<Napi::Value>() : env.Undefined());
  out.Set("unsupported",
          inspection.memory ? env.Undefined() : Text(env, inspection.unsupported.message()).As<Napi::Value>());
  out.Set("contextLength", inspection.context_length);
  return out;
}

Napi::Object ToJs(Napi::Env env, const ModelInfo& info, const Tokenizer& tokenizer) {
  const auto spelling = [&](std::optional<int32_t> id) {
    return Text(env, id ? tokenizer.Bytes(*id) : std::string_view());
  };
  Napi::Array end_tokens = Napi::Array::New(env);
  for (const int32_t id : tokenizer.EndTokens()) end_tokens.Set(end_tokens.Length(), id);
  Napi::Object out = Napi::Object::New(env);
  out.Set("path", Text(env, info.path));
  out.Set("name", Text(env, info.name));
  out.Set("architecture", Text(env, info.architecture));
  out.Set("parameters", Number(env, info.parameters));
  out.Set("quantization", Text(env, info.quantization));
  out.Set("contextLength", info.context_length);
  out.Set("trainedContextLength", info.trained_context_length);
  out.Set("vocabularySize", info.vocabulary);
  out.Set("memory", ToJs(env, info.memory));
  out.Set("kernels", info.kernels);
  out.Set("threads", info.threads);
  out.Set("requestedThreads", info.requested_threads);
  out.Set("decodeThreads", info.decode_threads);
  out.Set("prefillThreads", info.prefill_threads);
  out.Set("compactCache", info.kv_type == KvType::kQ8);
  out.Set("exact", info.float_activations);
  out.Set("chatTemplate", info.chat_template ? Text(env, *info.chat_template).As<Napi::Value>() : env.Undefined());
  out.Set("bosToken", OptionalId(env, tokenizer.bos()));
  out.Set("eosToken", OptionalId(env, tokenizer.eos()));
  out.Set("bosText", spelling(tokenizer.bos()));
  out.Set("eosText", spelling(tokenizer.eos()));
  out.Set("addBos", tokenizer.add_bos());
  out.Set("endTokens", end_tokens);
  return out;
}

Napi::Object ToJs(Napi::Env env, const GenerateResult& result) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("text", Napi::String::New(env, result.text));
  out.Set("tokens", ToJs(env, result.tokens));
  out.Set("finishReason", Spelling(result.finish_reason));
  out.Set("promptTokens", result.prompt_tokens);
  out.Set("cachedTokens", result.cached_tokens);
  out.Set("draftedTokens", result.drafted_tokens);
  out.Set("acceptedTokens", result.accepted_tokens);
  if (!result.likelihoods.empty()) out.Set("likelihoods", ToJs(env, result.likelihoods));
  out.Set("prefillMs", result.prefill_ms);
  out.Set("decodeMs", result.decode_ms);
  return out;
}

Napi::Object ToJs(Napi::Env env, const BenchReport& report) {
  Napi::Array list = Napi::Array::New(env, report.rows.size());
  for (size_t i = 0; i < report.rows.size(); ++i) {
    const BenchRow& from = report.rows[i];
    Napi::Object row = Napi::Object::New(env);
    row.Set("test", from.prefill ? "prefill" : "decode");
    row.Set("tokens", from.tokens);
    row.Set("depth", from.depth);
    row.Set("tokensPerSecond", from.tokens_per_second);
    row.Set("limit", from.limit);
    row.Set("cost", from.cost);
    list.Set(static_cast<uint32_t>(i), row);
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("rows", list);
  out.Set("readBandwidth", report.read_bandwidth.best);
  out.Set("readBandwidthMedian", report.read_bandwidth.median);
  out.Set("int8Peak", report.int8_peak.best);
  out.Set("int8PeakMedian", report.int8_peak.median);
  out.Set("weightBytesPerToken", static_cast<double>(report.weight_bytes_per_token));
  out.Set("layerWeights", static_cast<double>(report.layer_weights));
  return out;
}

Napi::Int32Array ToJs(Napi::Env env, const std::vector<int32_t>& ids) {
  Napi::Int32Array out = Napi::Int32Array::New(env, ids.size());
  if (!ids.empty()) std::memcpy(out.Data(), ids.data(), ids.size() * sizeof(int32_t));
  return out;
}

Napi::Float64Array ToJs(Napi::Env env, const std::vector<double>& values) {
  Napi::Float64Array out = Napi::Float64Array::New(env, values.size());
  if (!values.empty()) std::memcpy(out.Data(), values.data(), values.size() * sizeof(double));
  return out;
}

Napi::Object ToJs(Napi::Env env, const std::vector<TokenDivergence>& divergences) {
  std::vector<double> nll, base_nll, kld;
  int same_top = 0;
  for (const TokenDivergence& d : divergences) {
    nll.push_back(d.nll);
    base_nll.push_back(d.base_nll);
    kld.push_back(d.kld);
    same_top += d.same_top;
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("nll", ToJs(env, nll));
  out.Set("baseNll", ToJs(env, base_nll));
  out.Set("kld", ToJs(env, kld));
  out.Set("sameTop", same_top);
  return out;
}

std::optional<std::vector<int32_t>> ToIds(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_int32_array) return std::nullopt;
  const Napi::Int32Array array = value.As<Napi::Int32Array>();
  if (array.ElementLength() == 0) return std::vector<int32_t>();
  return std::vector<int32_t>(array.Data(), array.Data() + array.ElementLength());
}

std::optional<std::string> ToBytes(const Napi::Value& value) {
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) return std::nullopt;
  const Napi::Uint8Array array = value.As<Napi::Uint8Array>();
  if (array.ElementLength() == 0) return std::string();
  return std::string(reinterpret_cast<const char*>(array.Data()), array.ElementLength());
}

std::optional<int> ToInt(const Napi::Value& value, int fallback) {
  if (value.IsUndefined()) return fallback;
  if (!value.IsNumber()) return std::nullopt;
  const double number = value.As<Napi::Number>().DoubleValue();
  if (number != std::trunc(number) || std::abs(number) > std::numeric_limits<int>::max()) return std::nullopt;
  return static_cast<int>(number);
}

std::optional<BenchOptions> ToBenchOptions(const Napi::Value& value) {
  if (!value.IsObject()) return std::nullopt;
  const Napi::Object object = value.As<Napi::Object>();
  BenchOptions options;
  if (!ReadInt(object, "prompt", &options.prompt) || !ReadInt(object, "generate", &options.generate) ||
      !ReadInt(object, "repeat", &options.repeat))
    return std::nullopt;
  int depth = 0;
  if (!ReadInt(object, "depth", &depth)) return std::nullopt;
  if (!object.Get("depth").IsUndefined()) options.depth = depth;
  return options;
}

Napi::Object ToJs(Napi::Env env, const QuantizeReport& report) {
  Napi::Object out = Napi::Object::New(env);
  out.Set("sourceBytes", Number(env, report.source_bytes));
  out.Set("bytes", Number(env, report.bytes));
  out.Set("parameters", Number(env, report.parameters));
  out.Set("bitsPerWeight", report.bits_per_weight);
  out.Set("relativeError", report.relative_error);
  out.Set("weighted", static_cast<double>(report.weighted));
  out.Set("requantized", report.requantized);
  Napi::Object types = Napi::Object::New(env);
  for (const auto& [name, count] : report.types) types.Set(name, Number(env, count));
  out.Set("types", types);
  return out;
}

std::optional<LoadOptions> ToLoadOptions(const Napi::Value& value) {
  LoadOptions options;
  if (value.IsUndefined()) return options;
  if (!value.IsObject()) return std::nullopt;
  const Napi::Object object = value.As<Napi::Object>();
  if (!ReadInt(object, "contextLength", &options.context_length) || !ReadInt(object, "threads", &options.threads))
    return std::nullopt;
  if (!object.Get("prefixCacheBytes").IsUndefined()) options.prefix_cache_bytes = 0;
  const bool rest =
      ReadText(object, "kernels", &options.kernels) && ReadText(object, "snapshotFolder", &options.snapshot_folder) &&
      ReadBytes(object, "snapshotBytes", &options.snapshot_bytes) &&
      (!options.prefix_cache_bytes || ReadBytes(object, "prefixCacheBytes", &*options.prefix_cache_bytes));
  if (!rest) return std::nullopt;
  options.leave_one_core = object.Get("polite").ToBoolean();
  options.kv_type = object.Get("compactCache").ToBoolean() ? KvType::kQ8 : KvType::kF16;
  options.float_activations = object.Get("exact").ToBoolean();
  return options;
}

std::optional<GenerateRequest> ToGenerateRequest(const Napi::Value& value) {
  if (!value.IsObject()) return std::nullopt;
  const Napi::Object object = value.As<Napi::Object>();
  GenerateRequest request;
  std::optional<std::vector<int32_t>> prompt = ToIds(object.Get("prompt"));
  if (!prompt) return std::nullopt;
  request.prompt = std::move(*prompt);
  SamplerOptions& sampler = request.sampler;
  double seed = 0;
  const bool numbers =
      ReadInt(object, "maxTokens", &request.max_tokens) && ReadFloat(object, "temperature", &sampler.temperature) &&
      ReadInt(object, "topK", &sampler.top_k) && ReadFloat(object, "topP", &sampler.top_p) &&
      ReadFloat(object, "minP", &sampler.min_p) &&
      ReadFloat(object, "repetitionPenalty", &sampler.repetition_penalty) && ReadNumber(object, "seed", &seed);
  const bool ranges = request.max_tokens >= 0 && sampler.temperature >= 0 && sampler.top_k >= 0 && sampler.top_p >= 0 &&
                      sampler.min_p >= 0 && sampler.repetition_penalty > 0 && seed >= 0 &&
                      seed <= static_cast<double>(kMaxSafeInteger);
  if (!numbers || !ranges) return std::nullopt;
  sampler.seed = static_cast<uint64_t>(seed);
  const bool lists = ReadArray(object, "stop",
                               [&](const Napi::Value& item) {
                                 if (!item.IsString()) return false;
                                 request.stop.push_back(item.As<Napi::String>());
                                 return true;
                               }) &&
                     ReadArray(object, "stopTokens", [&](const Napi::Value& item) {
                       const std::optional<int> id = ToInt(item, 0);
                       if (id) request.stop_tokens.push_back(*id);
                       return id.has_value();
                     });
  if (!lists) return std::nullopt;
  if (const Napi::Value opening = object.Get("opening"); opening.IsString())
    request.opening = opening.As<Napi::String>();
  else if (!opening.IsUndefined())
    return std::nullopt;
  request.ignore_end = object.Get("ignoreEnd").ToBoolean();
  request.transient = object.Get("transient").ToBoolean();
  request.likelihoods = object.Get("likelihoods").ToBoolean();
  if (const Napi::Value prediction = object.Get("prediction"); !prediction.IsUndefined()) {
    std::optional<std::vector<int32_t>> ids = ToIds(prediction);
    if (!ids) return std::nullopt;
    request.prediction = std::move(*ids);
  }
  if (const Napi::Value speculate = object.Get("speculate"); !speculate.IsUndefined())
    request.speculate = speculate.ToBoolean();
  return request;
}

std::optional<WorkClass> ToWorkClass(const Napi::Value& request) {
  if (!request.IsObject()) return std::nullopt;
  const Napi::Value work = request.As<Napi::Object>().Get("work");
  if (work.IsUndefined()) return WorkClass::kChat;
  if (!work.IsString()) return std::nullopt;
  const std::string name = work.As<Napi::String>();
  if (name == "background") return WorkClass::kBackground;
  if (name == "chat") return WorkClass::kChat;
  if (name == "edit") return WorkClass::kEdit;
  if (name == "completion") return WorkClass::kCompletion;
  return std::nullopt;
}

std::optional<TrainerOptions> ToTrainerOptions(const Napi::Value& value) {
  if (!value.IsObject()) return std::nullopt;
  const Napi::Object object = value.As<Napi::Object>();
  TrainerOptions o;
  int seed = 0;
  const bool numbers = ReadInt(object, "rank", &o.lora.rank) && ReadFloat(object, "alpha", &o.lora.alpha) &&
                       ReadFloat(object, "dropout", &o.lora.dropout) &&
                       ReadInt(object, "firstLayer", &o.lora.first_layer) && ReadInt(object, "seed", &seed) &&
                       ReadFloat(object, "beta1", &o.adam.beta1) && ReadFloat(object, "beta2", &o.adam.beta2) &&
                       ReadFloat(object, "epsilon", &o.adam.epsilon) &&
                       ReadFloat(object, "weightDecay", &o.adam.weight_decay) &&
                       ReadFloat(object, "clip", &o.adam.clip) && ReadInt(object, "maxTokens", &o.pass.max_rows);
  if (!numbers) return std::nullopt;
  o.lora.seed = static_cast<uint64_t>(seed);
  const Napi::Value checkpoints = object.Get("checkpoints"), exact = object.Get("exact");
  o.pass.checkpoints = checkpoints.IsBoolean() && checkpoints.As<Napi::Boolean>();
  if (exact.IsBoolean() && exact.As<Napi::Boolean>()) o.pass.precision = GradientPrecision::kFloat32;
  if (!object.Get("targets").IsUndefined()) o.lora.targets.fill(false);
  const bool targets = ReadArray(object, "targets", [&](const Napi::Value& item) {
    if (!item.IsString()) return false;
    const std::string name = item.As<Napi::String>();
    for (int t = 0; t < kLoraTargets; ++t) {
      if (name != LoraTargetName(static_cast<LoraTarget>(t))) continue;
      o.lora.targets[static_cast<size_t>(t)] = true;
      return true;
    }
    return false;
  });
  if (!targets) return std::nullopt;
  return o;
}

}  // namespace paddock::binding
