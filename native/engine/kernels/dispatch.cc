#include "kernels/dispatch.h"

#include <cstdlib>

#include "kernels/cpu_features.h"

namespace paddock {

namespace scalar {
extern const KernelTable kTable;
}
#ifdef PADDOCK_X86_KERNELS
namespace avx2 {
extern const KernelTable kTable;
}
namespace avxvnni {
extern const KernelTable kTable;
}
namespace avx512vnni {
extern const KernelTable kTable;
}
namespace avx512bf16 {
extern const ProductTable kProducts;
}
#endif
#ifdef PADDOCK_ARM_KERNELS
namespace neondotprod {
extern const KernelTable kTable;
}
namespace neoni8mm {
extern const KernelTable kTable;
}
#endif

std::vector<const KernelTable*> AvailableKernels() {
  std::vector<const KernelTable*> tables;
#ifdef PADDOCK_X86_KERNELS
  const CpuFeatures& cpu = DetectCpuFeatures();
  if (cpu.avx512vnni) tables.push_back(&avx512vnni::kTable);
  if (cpu.avxvnni) tables.push_back(&avxvnni::kTable);
  if (cpu.avx2) tables.push_back(&avx2::kTable);
#endif
#ifdef PADDOCK_ARM_KERNELS
  const CpuFeatures& cpu = DetectCpuFeatures();
  if (cpu.i8mm) tables.push_back(&neoni8mm::kTable);
  if (cpu.dotprod) tables.push_back(&neondotprod::kTable);
#endif
  tables.push_back(&scalar::kTable);
  return tables;
}

Result<const KernelTable*> ChooseKernels(std::string_view name) {
  const std::vector<const KernelTable*> tables = AvailableKernels();
  const char* forced = std::getenv("PADDOCK_KERNELS");
  const std::string_view wanted = forced != nullptr && *forced != '\0' ? std::string_view(forced) : name;
  if (wanted.empty()) return tables.front();
  std::string choices;
  for (const KernelTable* table : tables) {
    if (wanted == table->name) return table;
    choices += (choices.empty() ? "" : ", ") + std::string(table->name);
  }
  return Status(StatusCode::kInvalidArgument, "The kernels \"" + std::string(wanted.substr(0, 40)) +
                                                  "\" cannot run on this machine. Choose one of: " + choices + ".");
}

const ProductTable* Bfloat16Products([[maybe_unused]] const KernelTable& kernels) {
#ifdef PADDOCK_X86_KERNELS
  if (&kernels == &avx512vnni::kTable && DetectCpuFeatures().avx512bf16) return &avx512bf16::kProducts;
#endif
  return nullptr;
}

}  // namespace paddock
