// Picks the kernel table for this machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "kernels/kernel_table.h"

namespace paddock {

// Every table that this machine can run, best first; the scalar one is always among them.
std::vector<const KernelTable*> AvailableKernels();

// The best table, or the one that is asked for: by the environment variable PADDOCK_KERNELS, else by `name` when it is
// not empty. kInvalidArgument names the choices when that one is unknown or cannot run here.
Result<const KernelTable*> ChooseKernels(std::string_view name);

// Products in bfloat16, whose panels are those of `kernels`; null where the CPU has no instructions for them.
const ProductTable* Bfloat16Products(const KernelTable& kernels);

}  // namespace paddock
