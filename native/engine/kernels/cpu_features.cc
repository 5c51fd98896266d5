#include "kernels/cpu_features.h"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <utility>

#if defined(__x86_64__) || defined(_M_X64)
#define PADDOCK_X86 1
#if defined(_MSC_VER)
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#elif defined(__aarch64__) || defined(_M_ARM64)
#define PADDOCK_ARM64 1
#endif
#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#define NOMINMAX
#include <windows.h>
#elif defined(__APPLE__)
#include <mach/mach.h>
#include <sys/sysctl.h>
#elif defined(__linux__)
#include <sched.h>
#ifdef PADDOCK_ARM64
#include <sys/auxv.h>
#endif
#endif

namespace paddock {
namespace {

#ifdef PADDOCK_X86

struct Registers {
  uint32_t a, b, c, d;
};

Registers Cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r{};
#if defined(_MSC_VER)
  int out[4];
  __cpuidex(out, static_cast<int>(leaf), static_cast<int>(subleaf));
  r = {static_cast<uint32_t>(out[0]), static_cast<uint32_t>(out[1]), static_cast<uint32_t>(out[2]),
       static_cast<uint32_t>(out[3])};
#else
  __get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d);
#endif
  return r;
}

uint64_t EnabledRegisterState() {
#if defined(_MSC_VER)
  return _xgetbv(0);
#else
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
#endif
}

// Bits: Intel Software Developer's Manual, volume 2, CPUID.
CpuFeatures Detect() {
  CpuFeatures f;
  const uint32_t max_leaf = Cpuid(0, 0).a;
  const Registers one = Cpuid(1, 0);
  const bool osxsave = (one.c >> 27) & 1;
  if (!osxsave || max_leaf < 7) return f;
  const uint64_t state = EnabledRegisterState();
  const bool ymm = (state & 0x6) == 0x6, zmm = (state & 0xe6) == 0xe6;
  const Registers seven = Cpuid(7, 0);
  const Registers seven1 = seven.a >= 1 ? Cpuid(7, 1) : Registers{};
  const bool fma = (one.c >> 12) & 1, f16c = (one.c >> 29) & 1, avx2 = (seven.b >> 5) & 1;
  f.avx2 = ymm && fma && f16c && avx2;
  f.avxvnni = f.avx2 && ((seven1.a >> 4) & 1);
  const bool avx512 = ((seven.b >> 16) & 1) && ((seven.b >> 17) & 1) && ((seven.b >> 30) & 1) && ((seven.b >> 31) & 1);
  f.avx512vnni = f.avx2 && zmm && avx512 && ((seven.c >> 11) & 1);
  f.avx512bf16 = f.avx512vnni && ((seven1.a >> 5) & 1);
  return f;
}

#elif defined(PADDOCK_ARM64)

#if defined(__APPLE__)
bool Has(const char* name) {
  int value = 0;
  size_t size = sizeof value;
  return sysctlbyname(name, &value, &size, nullptr, 0) == 0 && value != 0;
}
#endif

CpuFeatures Detect() {
  CpuFeatures f;
#if defined(__linux__)
  // Bits: Linux, arch/arm64/include/uapi/asm/hwcap.h; by number, because older headers do not name them all.
  constexpr unsigned long kAsimdDp = 1ul << 20, kI8mm = 1ul << 13;
  f.dotprod = (getauxval(AT_HWCAP) & kAsimdDp) != 0;
  f.i8mm = f.dotprod && (getauxval(AT_HWCAP2) & kI8mm) != 0;
#elif defined(__APPLE__)
  f.dotprod = Has("hw.optional.arm.FEAT_DotProd");
  f.i8mm = f.dotprod && Has("hw.optional.arm.FEAT_I8MM");
#elif defined(_WIN32)
  // PF_ARM_V82_DP_INSTRUCTIONS_AVAILABLE; older SDKs do not name it, and none tells about I8MM on every Windows 11.
  f.dotprod = IsProcessorFeaturePresent(43) != 0;
#endif
  return f;
}

#else

CpuFeatures Detect() {
  return {};
}

#endif

#if defined(__linux__)
// Pairs of (package, core) over the CPUs this process may run on; 0 when the system does not tell.
int LinuxPhysicalCores() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 0;
  std::set<std::pair<int, int>> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    const std::string base = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/";
    std::ifstream package(base + "physical_package_id"), core(base + "core_id");
    int p = 0, c = 0;
    if (!(package >> p) || !(core >> c)) return 0;
    cores.emplace(p, c);
  }
  return static_cast<int>(cores.size());
}
#endif

}  // namespace

std::vector<std::string> CpuFeatures::Names() const {
  std::vector<std::string> names;
  if (avx2) names.insert(names.end(), {"avx2", "fma", "f16c"});
  if (avxvnni) names.emplace_back("avxvnni");
  if (avx512vnni) names.emplace_back("avx512vnni");
  if (avx512bf16) names.emplace_back("avx512bf16");
  if (dotprod) names.emplace_back("dotprod");
  if (i8mm) names.emplace_back("i8mm");
  return names;
}

const CpuFeatures& DetectCpuFeatures() {
  static const CpuFeatures features = Detect();
  return features;
}

int PhysicalCores() {
  int cores = 0;
#if defined(__linux__)
  cores = LinuxPhysicalCores();
#elif defined(__APPLE__)
  size_t size = sizeof cores;
  // Performance cores only: work is split evenly, and the slowest core would set the pace.
  if (sysctlbyname("hw.perflevel0.physicalcpu", &cores, &size, nullptr, 0) != 0) {
    sysctlbyname("hw.physicalcpu", &cores, &size, nullptr, 0);
  }
#elif defined(_WIN32)
  DWORD bytes = 0;
  GetLogicalProcessorInformation(nullptr, &bytes);
  std::vector<SYSTEM_LOGICAL_PROCESSOR_INFORMATION> info(bytes / sizeof(SYSTEM_LOGICAL_PROCESSOR_INFORMATION) + 1);
  if (GetLogicalProcessorInformation(info.data(), &bytes)) {
    for (size_t i = 0; i < bytes / sizeof info[0]; ++i) cores += info[i].Relationship == RelationProcessorCore;
  }
#endif
  if (cores <= 0) cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, cores);
}

MachineMemory DetectMemory() {
  MachineMemory memory;
#if defined(__linux__)
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  unsigned long long kib;
  while (file >> key >> kib) {
    std::getline(file, unit);
    if (key == "MemTotal:") memory.total = kib * 1024;
    if (key == "MemAvailable:") memory.available = kib * 1024;
  }
#elif defined(_WIN32)
  MEMORYSTATUSEX status;
  status.dwLength = sizeof status;
  if (GlobalMemoryStatusEx(&status)) memory = {status.ullTotalPhys, status.ullAvailPhys};
#elif defined(__APPLE__)
  uint64_t total = 0;
  size_t size = sizeof total;
  sysctlbyname("hw.memsize", &total, &size, nullptr, 0);
  vm_statistics64_data_t stats;
  mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
  memory.total = total;
  if (host_statistics64(mach_host_self(), HOST_VM_INFO64, reinterpret_cast<host_info64_t>(&stats), &count) ==
      KERN_SUCCESS) {
    memory.available =
        (static_cast<uint64_t>(stats.free_count) + stats.inactive_count + stats.purgeable_count) * vm_page_size;
  }
#endif
  return memory;
}

}  // namespace paddock
