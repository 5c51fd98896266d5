// Model files in fewer bits: which tensor becomes what, and the way from one file to another.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/importance.h"
#include "runtime/quantize_source.h"
#include "train/lora_file.h"

namespace paddock {

// The names that QuantizeFile() takes, in the order in which to show them.
const std::vector<std::string>& Recipes();

// The inputs of a recipe's choice besides the tensor.
struct RecipeInput {
  int layers = 0;
  int group = 1;          // heads that share a key and value head
  bool weighted = false;  // by an importance matrix
};

// The type that a recipe gives to a tensor of layer `layer` (-1: of no layer). The rules are those that
// files of these names follow everywhere, so that ours can stand in for others:
//   * vectors and norms stay as they are, as does what has less than 32 columns;
//   * the output head, or the embedding that serves as one, gets 6 bits from every recipe of 4 and 5 bits;
//   * Q4_K_M and Q5_K_M give attn_v and ffn_down 6 bits in the first and last eighth of the layers and in every third
//     between; Q4_K_S gives 5 bits to attn_v of the first four and to ffn_down of the first eighth;
//   * Q4_0 that is weighted gives Q4_1 to ffn_down of the first eighth;
//   * IQ4_NL gives 5 bits to attn_v of groups of four or more, and unless it is weighted to ffn_down of the first
//   eighth;
//   * rows that are no multiple of 256 fall back: Q4_K to Q5_0, Q5_K to Q5_1, Q6_K to Q8_0; of 32: to F16.
Result<TensorType> TypeInRecipe(std::string_view recipe, const TensorInfo& tensor, int layer, const RecipeInput& model,
                                bool head);

struct QuantizeReport {
  uint64_t source_bytes = 0, bytes = 0, parameters = 0;
  double bits_per_weight = 0;  // of the matrices
  double relative_error = 0;   // root of the squared error of all converted weights, relative to the weights
  uint64_t weighted = 0;       // tensors that an importance matrix had a say in
  bool requantized = false;    // the source was quantized already: its errors are added to the new ones
  std::vector<std::pair<std::string, uint64_t>> types;  // tensor type -> number of tensors
};

// Writes `source` to `path` in the recipe's types, on `threads` threads, with what `adapter` (null: none) adds to its
// weights, and errors weighed by `importance` (null: all columns count alike). `progress` gets 0..1 on the calling
// thread. kInvalidArgument for an unknown recipe, or an adapter or an importance matrix of another model, kCancelled,
// kInvalidModel when a weight is no number; then there is no file.
Result<QuantizeReport> QuantizeFile(const QuantizeSource& source, const LoraFile* adapter, const Importance* importance,
                                    const std::string& path, const std::string& recipe, int threads,
                                    const std::atomic<bool>* cancel, const std::function<void(double)>& progress);

}  // namespace paddock
