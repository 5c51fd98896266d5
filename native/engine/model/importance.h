// How much the columns of each matrix matter: sums of the squared activations that they were multiplied with.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/architecture.h"

namespace paddock {

// Inputs of a layer's matrices; q, k and v share one, and so do gate and up.
enum class LayerInput { kAttention, kOutput, kFfn, kDown };
inline constexpr int kLayerInputs = 4;

// Collected beside a forward pass, by several threads at once.
class ImportanceSums {
 public:
  ImportanceSums(const Hyperparameters& h, int threads);

  // One row of an input, [columns]; each row of each token once.
  void Add(int thread, int layer, LayerInput input, const float* x);

  // All threads' sums in double precision, whose rounding the conversion to floats hides.
  std::vector<float> Sums(int layer, LayerInput input) const;
  // Rows that were added; the same for all matrices.
  uint64_t rows(int layer, LayerInput input) const;

 private:
  struct Input {
    std::vector<double> sums;  // [columns]
    uint64_t rows = 0;
  };
  size_t Index(int thread, int layer, LayerInput input) const {
    return (size_t{1} * thread * layers_ + layer) * kLayerInputs + static_cast<int>(input);
  }

  int threads_, layers_;
  std::vector<Input> inputs_;  // [thread][layer][input]
};

// What an importance matrix says: for each matrix, by the name of its tensor, the mean square of what each of its
// columns is multiplied with, relative to their average, so that quant/quantize takes it as it is. Files of llama.cpp
// (GGUF, general.type = "imatrix") and ours are the same.
class Importance {
 public:
  // kInvalidModel with what to do when it is no such file or its numbers are none.
  static Result<Importance> Open(const std::string& path);

  // [columns], or null when the file says nothing about this matrix. kInvalidArgument when it is of another width.
  Result<const float*> Find(std::string_view tensor, uint64_t columns) const;
  size_t size() const { return matrices_.size(); }

 private:
  std::map<std::string, std::vector<float>, std::less<>> matrices_;
};

// Writes what was collected over `chunks` texts of `chunk_size` tokens each. `datasets` says what they were.
Status WriteImportance(const ImportanceSums& sums, const Hyperparameters& h, const std::string& path,
                       const std::vector<std::string>& datasets, uint32_t chunks, uint32_t chunk_size);

}  // namespace paddock
