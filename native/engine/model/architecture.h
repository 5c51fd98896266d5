// What distinguishes one model family from another, as data, and the numbers of one model.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "gguf/gguf.h"

namespace paddock {

// Which elements of a head are rotated together.
enum class RopePairs {
  kAdjacent,  // (2i, 2i + 1): llama
  kHalves,    // (i, i + n / 2): qwen2, qwen3
};

struct Architecture {
  const char* name;  // general.architecture
  RopePairs rope_pairs;
  bool qkv_bias;  // wq, wk, wv carry a bias; other families may, these must
  bool qk_norm;   // each head of q and of k is normalized before it is rotated; in other families none is
};

// nullptr for a family that the engine does not run.
const Architecture* FindArchitecture(std::string_view name);
std::string ArchitectureNames();

// Everything here has been checked to be in a range that the engine can run.
struct Hyperparameters {
  const Architecture* architecture = nullptr;
  std::string name;  // general.name, or the family's
  int layers = 0;
  int embedding = 0;  // embedding length, multiple of 32
  int ffn = 0;        // multiple of 32
  int heads = 0;
  int kv_heads = 0;  // divides heads
  int head_dim = 0;  // multiple of 16
  int vocabulary = 0;
  int trained_context = 0;
  int rope_dim = 0;  // elements of a head that are rotated; even
  float rope_base = 0;
  float rope_scale = 1;  // positions are multiplied by this (linear scaling)
  float norm_epsilon = 0;

  int q_rows() const { return heads * head_dim; }
  int kv_rows() const { return kv_heads * head_dim; }
  int group() const { return heads / kv_heads; }
};

// kUnsupportedModel for another family, a variant of one that computes something else, a mixture of experts, or one
// part of a split file; kInvalidModel when numbers are missing or impossible. The message says which.
Result<Hyperparameters> ReadHyperparameters(const GgufFile& file);

// Why one of several files of a model cannot be used.
Status SplitFile(uint64_t part, uint64_t parts);

}  // namespace paddock
