// The parts of a model that every pass reads.
#pragma once

#include "kernels/kernel_table.h"
#include "model/architecture.h"
#include "model/weights.h"

namespace paddock {

// References to parts that must outlive it.
struct Model {
  const Hyperparameters& h;
  const Weights& weights;
  const KernelTable& kernels;
};

}  // namespace paddock
