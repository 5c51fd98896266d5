// The kernel tables that tests look at one by one.
#pragma once

#include <vector>

#include "kernels/dispatch.h"

namespace paddock::test {

// All tables that run here. An emulated core tests only the one that it chooses, because an emulator is slow and every
// other table is the choice of another emulated core (`armCores` in test/workbench/native.mjs).
inline std::vector<const KernelTable*> TablesToTest() {
  std::vector<const KernelTable*> tables = AvailableKernels();
#ifdef PADDOCK_EMULATED_MACHINE
  tables.resize(1);
#endif
  return tables;
}

}  // namespace paddock::test
