// Adapters as GGUF files, in the form that llama.cpp reads: `<tensor>.lora_a` [rank][in] and `<tensor>.lora_b`
// [out][rank] beside `adapter.lora.alpha`.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "gguf/gguf.h"
#include "train/lora.h"

namespace paddock {

class LoraFile {
 public:
  struct Pair {
    size_t rank = 0, in = 0, out = 0;
    float scale = 0;          // alpha / rank
    std::vector<float> a, b;  // [rank][in], [out][rank]

    // x += row `row` of scale B A; x is [in].
    void AddRow(size_t row, float* x) const;
  };

  // kInvalidModel when it is no adapter or damaged, kUnsupportedModel when it is one in another form, and as
  // GgufFile::Open().
  static Result<LoraFile> Open(const std::string& path);
  // The file appears when it is whole. `h` is the base model's.
  static Status Write(const std::string& path, const Lora& lora, const Hyperparameters& h);

  // kInvalidArgument unless it is for models like this one; the message says what differs.
  Status Fits(const GgufFile& model) const;
  // What is added to this tensor, or null.
  const Pair* Find(std::string_view tensor) const;

 private:
  std::string path_, architecture_;
  std::map<std::string, Pair, std::less<>> pairs_;
};

}  // namespace paddock
