#include "model/architecture.h"

#include <cmath>
#include <optional>

namespace paddock {
namespace {

constexpr Architecture kArchitectures[] = {
    {"llama", RopePairs::kAdjacent, false, false},
    {"qwen2", RopePairs::kHalves, true, false},
    {"qwen3", RopePairs::kHalves, false, true},
};

Status Invalid(const std::string& what) {
  return {Code::kInvalidModel, "This model cannot be used: " + what + ". Download it again or choose another file."};
}

// Reads `architecture.key` within [low, high].
class Keys {
 public:
  Keys(const GgufFile& file, std::string prefix) : file_(file), prefix_(std::move(prefix)) {}

  std::string Full(std::string_view key) const { return prefix_ + "." + std::string(key); }

  Status Read(std::string_view key, uint64_t low, uint64_t high, int* out) const {
    const std::optional<uint64_t> value = file_.GetUint(Full(key));
    if (!value) return Invalid("its metadata has no number " + Full(key));
    if (*value < low || *value > high) return Invalid(Full(key) + " is " + std::to_string(*value));
    *out = static_cast<int>(*value);
    return Status::Ok();
  }

  // Keeps *out when the key is absent.
  Status ReadOptional(std::string_view key, uint64_t low, uint64_t high, int* out) const {
    return file_.FindMetadata(Full(key)) == nullptr ? Status::Ok() : Read(key, low, high, out);
  }

  Status ReadOptional(std::string_view key, double low, double high, float* out) const {
    if (file_.FindMetadata(Full(key)) == nullptr) return Status::Ok();
    const std::optional<double> value = file_.GetFloat(Full(key));
    if (!value || *value < low || *value > high) return Invalid(Full(key) + " is out of range");
    *out = static_cast<float>(*value);
    return Status::Ok();
  }

 private:
  const GgufFile& file_;
  std::string prefix_;
};

Status ReadRope(const GgufFile& file, const Keys& keys, Hyperparameters* h) {
  h->rope_dim = h->head_dim;
  PADDOCK_RETURN_IF_ERROR(
      keys.ReadOptional("rope.dimension_count", 2, static_cast<uint64_t>(h->head_dim), &h->rope_dim));
  if (h->rope_dim % 2 != 0) return Invalid(keys.Full("rope.dimension_count") + " is odd");
  h->rope_base = 10000.0f;
  PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("rope.freq_base", 1.0, 1e12, &h->rope_base));
  const std::string_view scaling = file.GetString(keys.Full("rope.scaling.type")).value_or("none");
  if (scaling == "linear") {
    float factor = 1;
    PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("rope.scaling.factor", 1e-3, 1e6, &factor));
    h->rope_scale = 1 / factor;
  } else if (scaling != "none") {
    return {Code::kUnsupportedModel,
            "This model stretches its context with \"" + std::string(scaling.substr(0, 40)) +
                "\" position scaling, which this engine does not run yet. Choose another model."};
  }
  return Status::Ok();
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

Result<Hyperparameters> ReadHyperparameters(const GgufFile& file) {
  const std::optional<std::string_view> name = file.GetString("general.architecture");
  if (!name) return Invalid("it does not say its architecture");
  Hyperparameters h;
  h.architecture = FindArchitecture(*name);
  if (h.architecture == nullptr) {
    return Status(Code::kUnsupportedModel,
                  "Models of the family \"" + std::string(name->substr(0, 40)) +
                      "\" do not run here yet. Choose one of these families: " + ArchitectureNames() + ".");
  }
  h.name = std::string(file.GetString("general.name").value_or(*name).substr(0, 200));
  const Keys keys(file, h.architecture->name);
  PADDOCK_RETURN_IF_ERROR(keys.Read("block_count", 1, 512, &h.layers));
  PADDOCK_RETURN_IF_ERROR(keys.Read("embedding_length", 32, 1 << 16, &h.hidden));
  PADDOCK_RETURN_IF_ERROR(keys.Read("feed_forward_length", 32, 1 << 18, &h.feed_forward));
  PADDOCK_RETURN_IF_ERROR(keys.Read("attention.head_count", 1, 1024, &h.heads));
  h.kv_heads = h.heads;
  PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("attention.head_count_kv", 1, static_cast<uint64_t>(h.heads), &h.kv_heads));
  h.head_dim = h.hidden / h.heads;
  PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("attention.key_length", 16, 512, &h.head_dim));
  int value_length = h.head_dim;
  PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("attention.value_length", 16, 512, &value_length));
  PADDOCK_RETURN_IF_ERROR(keys.Read("context_length", 1, 1 << 24, &h.trained_context));
  h.norm_epsilon = 1e-5f;
  PADDOCK_RETURN_IF_ERROR(keys.ReadOptional("attention.layer_norm_rms_epsilon", 0.0, 0.1, &h.norm_epsilon));
  if (h.heads % h.kv_heads != 0) return Invalid("its head counts do not fit each other");
  if (h.hidden % 32 != 0 || h.feed_forward % 32 != 0) return Invalid("its layer sizes are no multiples of 32");
  if (value_length != h.head_dim || h.head_dim < 16 || h.head_dim > 512 || h.head_dim % 16 != 0) {
    return Status(Code::kUnsupportedModel, "This model's attention heads have a size (" + std::to_string(h.head_dim) +
                                               ") that this engine does not run. Choose another model.");
  }
  PADDOCK_RETURN_IF_ERROR(ReadRope(file, keys, &h));
  const TensorInfo* embedding = file.FindTensor("token_embd.weight");
  if (embedding == nullptr) return Invalid("the tensor token_embd.weight is missing");
  if (embedding->rows() < 1 || embedding->rows() > (1u << 20)) return Invalid("its vocabulary has an impossible size");
  h.vocabulary = static_cast<int>(embedding->rows());
  return h;
}

}  // namespace paddock
