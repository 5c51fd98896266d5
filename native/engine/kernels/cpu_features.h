// What this CPU and operating system can run.
#pragma once

#include <string>
#include <vector>

namespace paddock {

struct CpuFeatures {
  bool avx2 = false;        // AVX2, FMA and F16C, with the operating system saving 256-bit registers
  bool avxvnni = false;     // 256-bit VNNI without AVX-512
  bool avx512vnni = false;  // AVX-512 F, BW, DQ, VL, VNNI, with the operating system saving 512-bit registers
  bool avx512bf16 = false;  // that, and products of bfloat16
  bool dotprod = false;     // Arm: FEAT_DotProd, NEON dot products of bytes
  bool i8mm = false;        // Arm: that, and FEAT_I8MM, NEON products of byte matrices

  // Names for people and logs.
  std::vector<std::string> Names() const;
};

// Of this machine; detected once.
const CpuFeatures& DetectCpuFeatures();

// Cores that run at once, without the second threads of a core; at least 1 and at most what the process may use.
int PhysicalCores();

struct MachineMemory {
  unsigned long long total = 0, available = 0;  // bytes; 0 = unknown
};
MachineMemory DetectMemory();

}  // namespace paddock
