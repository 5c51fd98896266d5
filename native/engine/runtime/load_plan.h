// What loading a file with some options means: hyperparameters, kernels, threads, and the memory that it takes.
#pragma once

#include <vector>

#include "engine.h"
#include "gguf/gguf.h"
#include "kernels/kernel_table.h"
#include "model/architecture.h"
#include "model/kv_pages.h"

namespace paddock {

struct LoadPlan {
  Hyperparameters h;
  const KernelTable* kernels = nullptr;
  KvFormat kv;
  int context = 0, threads = 0;
  std::vector<int> candidates;  // thread counts to choose from by trying
  MemoryNeed memory;
};

// Fails for a file that the engine cannot run, and for options that this file cannot be loaded with.
Result<LoadPlan> PlanLoad(const GgufFile& file, const LoadOptions& options);

// The type that most weight bytes are in, the way files are named after it.
std::string Quantization(const GgufFile& file);
// Weights of all tensors.
uint64_t Parameters(const GgufFile& file);

}  // namespace paddock
