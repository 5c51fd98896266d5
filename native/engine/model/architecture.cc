#include "model/architecture.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>
#include <variant>

namespace paddock {
namespace {

constexpr Architecture kArchitectures[] = {
    {"llama", RopePairs::kAdjacent, false, false},
    {"qwen2", RopePairs::kHalves, true, false},
    {"qwen3", RopePairs::kHalves, false, true},
};

Status Invalid(const std::string& what) {
  return {StatusCode::kInvalidModel,
          "This model cannot be used: " + what + ". Download it again or choose another file."};
}

Status Unsupported(const std::string& what) {
  return {StatusCode::kUnsupportedModel, "This model cannot be used: " + what + ". Choose another model."};
}

// Keys of a family that say nothing about how it computes, or repeat what is known.
constexpr std::string_view kHarmlessKeys[] = {
    "vocab_size",                            // that of the embedding counts
    "tensor_data_layout",                    // where the converter had the weights from
    "attention.layer_norm_epsilon",          // of layers that these families do not have
    "rope.scaling.original_context_length",  // of what was stretched
    "rope.scaling.finetuned",
    "pooling_type",  // of embeddings of texts
};

// Keys that change nothing with this value.
struct Neutral {
  std::string_view key;
  double value;
};
constexpr Neutral kNeutralKeys[] = {
    {"attention.causal", 1},         {"expert_count", 0},
    {"expert_used_count", 0},        {"attention.sliding_window", 0},
    {"rope.scaling.attn_factor", 1}, {"logit_scale", 1},
    {"residual_scale", 1},           {"embedding_scale", 1},
    {"attention.max_alibi_bias", 0}, {"attention.clamp_kqv", 0},
    {"use_parallel_residual", 0},
};

std::optional<double> AsNumber(const MetadataValue& value) {
  if (const auto* number = std::get_if<uint64_t>(&value.value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<int64_t>(&value.value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<double>(&value.value)) return *number;
  if (const auto* truth = std::get_if<bool>(&value.value)) return *truth ? 1 : 0;
  return std::nullopt;
}

// Reads `architecture.key` within [low, high], and notes which keys were read.
class Keys {
 public:
  Keys(const GgufFile& file, std::string prefix) : file_(file), prefix_(std::move(prefix)) {}

  std::string Full(std::string_view key) const { return prefix_ + "." + std::string(key); }

  Status Read(std::string_view key, uint64_t low, uint64_t high, int* out) {
    if (const MetadataArray* list = file_.GetArray(Note(key)))
      return Unsupported(Full(key) + " is a list of " + std::to_string(list->length) +
                         " numbers, one for each layer, and only models whose layers are alike run here");
    const std::optional<uint64_t> value = file_.GetUint(Full(key));
    if (!value) return Invalid("its metadata has no number " + Full(key));
    if (*value < low || *value > high) return Invalid(Full(key) + " is " + std::to_string(*value));
    *out = static_cast<int>(*value);
    return Status::Ok();
  }

  // Keeps *out when the key is absent.
  Status ReadOptional(std::string_view key, uint64_t low, uint64_t high, int* out) {
    return Has(key) ? Read(key, low, high, out) : Status::Ok();
  }

  Status ReadOptional(std::string_view key, double low, double high, float* out) {
    if (!Has(key)) return Status::Ok();
    const std::optional<double> value = file_.GetFloat(Note(key));
    if (!value || *value < low || *value > high) return Invalid(Full(key) + " is out of range");
    *out = static_cast<float>(*value);
    return Status::Ok();
  }

  std::optional<std::string_view> ReadText(std::string_view key) { return file_.GetString(Note(key)); }

  bool Has(std::string_view key) const { return file_.FindMetadata(Full(key)) != nullptr; }

  // After everything was read: what is left either changes nothing, or is a part of the computation that would be left
  // out.
  Status NothingLeft() const {
    const std::string begin = prefix_ + ".";
    for (const auto& [key, value] : file_.metadata()) {
      if (!key.starts_with(begin) || read_.contains(key)) continue;
      const std::string_view name = key.substr(begin.size());
      if (std::find(std::begin(kHarmlessKeys), std::end(kHarmlessKeys), name) != std::end(kHarmlessKeys)) continue;
      const auto neutral = std::find_if(std::begin(kNeutralKeys), std::end(kNeutralKeys),
                                        [&](const Neutral& known) { return known.key == name; });
      if (neutral != std::end(kNeutralKeys) && AsNumber(value) == neutral->value) continue;
      return Unsupported("its metadata has " + std::string(key.substr(0, 80)) +
                         ", which changes what it computes, or may, and is not known here");
    }
    return Status::Ok();
  }

 private:
  const std::string& Note(std::string_view key) { return *read_.insert(Full(key)).first; }

  const GgufFile& file_;
  std::string prefix_;
  std::set<std::string, std::less<>> read_;
};

Status ReadRope(Keys& keys, Hyperparameters* h) {
  h->rope_dim = h->head_dim;
  PADDOCK_RETURN_IF_ERROR(
      keys.ReadOptional("rope.dimension_count", 2, static_cast<uint64_t>(h->head_dim), &h->rope_dim));
  if (h->rope_dim % 2 != 0) return Invalid(keys.Full("rope.dimension_count") + " is odd");
  h->rope_base = 10000.0f;
  PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("rope.freq_base", 1.0, 1e12, &h->rope_base));
  // A factor without a type is a linear one, and older files call it otherwise.
  float factor = 1;
  PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("rope.scale_linear", 1e-3, 1e6, &factor));
  PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("rope.scaling.factor", 1e-3, 1e6, &factor));
  const std::string_view scaling = keys.ReadText("rope.scaling.type").value_or("linear");
  if (scaling == "linear") {
    h->rope_scale = 1 / factor;
  } else if (scaling != "none") {
    return {StatusCode::kUnsupportedModel,
            "This model stretches its context with \"" + std::string(scaling.substr(0, 40)) +
                "\" position scaling, which this engine does not run yet. Choose another model."};
  }
  return Status::Ok();
}

// Files that are no whole model of one kind of layers, which would otherwise be called damaged.
Status CheckKind(const GgufFile& file, const Keys& keys) {
  const std::string_view type = file.GetString("general.type").value_or("model");
  if (type != "model")
    return Unsupported("the file says that it is of the kind \"" + std::string(type.substr(0, 40)) + "\", no model");
  if (const uint64_t parts = file.GetUint("split.count").value_or(1); parts > 1)
    return SplitFile(file.GetUint("split.no").value_or(0) + 1, parts);
  if (const uint64_t experts = file.GetUint(keys.Full("expert_count")).value_or(0); experts > 0)
    return Unsupported("it is a mixture of " + std::to_string(experts) +
                       " experts, and only models whose tokens all take the same way run here");
  return Status::Ok();
}

// A window is no limit when it is as long as the context.
Status ReadWindow(Keys& keys, const Hyperparameters& h) {
  int window = 0;
  PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("attention.sliding_window", 0, 1 << 30, &window));
  if (window == 0 || window >= h.trained_context) return Status::Ok();
  return Unsupported("its attention sees only the last " + std::to_string(window) +
                     " tokens, which this engine does not run yet");
}

}  // namespace

const Architecture* FindArchitecture(std::string_view name) {
  for (const Architecture& architecture : kArchitectures) {
    if (name == architecture.name) return &architecture;
  }
  return nullptr;
}

std::string ArchitectureNames() {
  std::string names;
  for (const Architecture& architecture : kArchitectures)
    names += (names.empty() ? "" : ", ") + std::string(architecture.name);
  return names;
}

Status SplitFile(uint64_t part, uint64_t parts) {
  return {StatusCode::kUnsupportedModel, "This file is part " + std::to_string(part) + " of " + std::to_string(parts) +
                                             " of a model. Put the parts together with llama.cpp's "
                                             "\"llama-gguf-split --merge\", or download the model as one file."};
}

Result<Hyperparameters> ReadHyperparameters(const GgufFile& file) {
  const std::optional<std::string_view> name = file.GetString("general.architecture");
  if (!name) return Invalid("it does not say its architecture");
  Hyperparameters h;
  h.architecture = FindArchitecture(*name);
  if (h.architecture == nullptr) {
    return Status(StatusCode::kUnsupportedModel,
                  "Models of the family \"" + std::string(name->substr(0, 40)) +
                      "\" do not run here yet. Choose one of these families: " + ArchitectureNames() + ".");
  }
  h.name = std::string(file.GetString("general.name").value_or(*name).substr(0, 200));
  Keys keys(file, h.architecture->name);
  PADDOCK_RETURN_IF_ERROR(CheckKind(file, keys));
  PADDOCK_RETURN_IF_ERROR(keys.Read("block_count", 1, 512, &h.layers));
  PADDOCK_RETURN_IF_ERROR(keys.Read("embedding_length", 32, 1 << 16, &h.embedding));
  PADDOCK_RETURN_IF_ERROR(keys.Read("feed_forward_length", 32, 1 << 18, &h.ffn));
  PADDOCK_RETURN_IF_ERROR(keys.Read("attention.head_count", 1, 1024, &h.heads));
  h.kv_heads = h.heads;
  PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("attention.head_count_kv", 1, static_cast<uint64_t>(h.heads), &h.kv_heads));
  h.head_dim = h.embedding / h.heads;
  PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("attention.key_length", 16, 512, &h.head_dim));
  int value_length = h.head_dim;
  PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("attention.value_length", 16, 512, &value_length));
  PADDOCK_RETURN_IF_ERROR(keys.Read("context_length", 1, 1 << 24, &h.trained_context));
  h.norm_epsilon = 1e-5f;
  PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("attention.layer_norm_rms_epsilon", 0.0, 0.1, &h.norm_epsilon));
  if (h.heads % h.kv_heads != 0) return Invalid("its head counts do not fit each other");
  if (h.embedding % 32 != 0 || h.ffn % 32 != 0) return Invalid("its layer sizes are no multiples of 32");
  if (value_length != h.head_dim || h.head_dim < 16 || h.head_dim > 512 || h.head_dim % 16 != 0) {
    return Status(StatusCode::kUnsupportedModel, "This model's attention heads have a size (" +
                                                     std::to_string(h.head_dim) +
                                                     ") that this engine does not run. Choose another model.");
  }
  PADDOCK_RETURN_IF_ERROR(ReadRope(keys, &h));
  PADDOCK_RETURN_IF_ERROR(ReadWindow(keys, h));
  PADDOCK_RETURN_IF_ERROR(keys.NothingLeft());
  const TensorInfo* embedding = file.FindTensor("token_embd.weight");
  if (embedding == nullptr) return Invalid("the tensor token_embd.weight is missing");
  if (embedding->rows() < 1 || embedding->rows() > (1u << 20)) return Invalid("its vocabulary has an impossible size");
  h.vocabulary = static_cast<int>(embedding->rows());
  return h;
}

}  // namespace paddock
