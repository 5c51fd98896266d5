#include "ops/cpu_topology.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>
#include <utility>

#include "kernels/cpu_features.h"

#if defined(__linux__)
#include <sched.h>
#elif defined(_WIN32)
#define NOMINMAX
#include <windows.h>
#endif

namespace paddock {
namespace {

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::optional<int> ReadNumber(const std::string& path) {
  std::ifstream file(path);
  int number;
  if (file >> number) return number;
  return std::nullopt;
}

#if defined(__linux__)
std::vector<int> AllowedCpus() {
  std::vector<int> cpus;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed)) cpus.push_back(cpu);
  }
  return cpus;
}
#elif defined(_WIN32)
// Cores of the highest efficiency class, which is the fastest, that the process may use; 0 = unknown.
int WindowsPerformanceCores() {
  DWORD_PTR process = 0, system = 0;
  if (!GetProcessAffinityMask(GetCurrentProcess(), &process, &system)) process = 0;
  DWORD bytes = 0;
  GetLogicalProcessorInformationEx(RelationProcessorCore, nullptr, &bytes);
  std::vector<char> buffer(bytes);
  const auto info = [&](DWORD at) {
    return reinterpret_cast<SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX*>(buffer.data() + at);
  };
  if (bytes == 0 || !GetLogicalProcessorInformationEx(RelationProcessorCore, info(0), &bytes)) return 0;
  int best = -1, cores = 0;
  for (DWORD at = 0; at < bytes; at += info(at)->Size) {
    const PROCESSOR_RELATIONSHIP& core = info(at)->Processor;
    // The mask of the process is 0 when it spans several groups of processors: then it may use all.
    if (process != 0 && (core.GroupMask[0].Group != 0 || (core.GroupMask[0].Mask & process) == 0)) continue;
    if (core.EfficiencyClass > best) {
      best = core.EfficiencyClass;
      cores = 0;
    }
    cores += core.EfficiencyClass == best;
  }
  return cores;
}
#endif

}  // namespace

std::vector<int> ParseCpuList(std::string_view text) {
  constexpr int kMost = 1 << 16;
  std::vector<int> cpus;
  const char *at = text.data(), *end = at + text.size();
  for (;;) {
    int first = 0;
    auto [after, error] = std::from_chars(at, end, first);
    if (error != std::errc() || first < 0 || first >= kMost) return cpus;
    int last = first;
    if (after < end && *after == '-') {
      const auto range = std::from_chars(after + 1, end, last);
      if (range.ec != std::errc() || last >= kMost) return cpus;
      after = range.ptr;
    }
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    if (after == end || *after != ',') return cpus;
    at = after + 1;
  }
}

int CountPerformanceCores(const std::string& devices, const std::vector<int>& allowed) {
  const auto file = [&](int cpu, const char* name) {
    return devices + "/system/cpu/cpu" + std::to_string(cpu) + "/" + name;
  };
  std::vector<int> fast;
  // Intel's hybrid CPUs name their performance cores.
  const std::vector<int> named = ParseCpuList(ReadText(devices + "/cpu_core/cpus"));
  std::copy_if(allowed.begin(), allowed.end(), std::back_inserter(fast),
               [&](int cpu) { return std::find(named.begin(), named.end(), cpu) != named.end(); });
  if (fast.empty()) {
    // Arm's tell what each core can do, the fastest 1024. Kinds of fast cores differ by less than two, and a small one
    // has a third of that.
    int most = 0;
    for (const int cpu : allowed) most = std::max(most, ReadNumber(file(cpu, "cpu_capacity")).value_or(0));
    std::copy_if(allowed.begin(), allowed.end(), std::back_inserter(fast),
                 [&](int cpu) { return 2 * ReadNumber(file(cpu, "cpu_capacity")).value_or(most) >= most; });
  }
  std::set<std::pair<int, int>> cores;
  for (const int cpu : fast) {
    const std::optional<int> package = ReadNumber(file(cpu, "topology/physical_package_id"));
    const std::optional<int> core = ReadNumber(file(cpu, "topology/core_id"));
    if (!package || !core) return 0;
    cores.emplace(*package, *core);
  }
  return static_cast<int>(cores.size());
}

std::optional<double> ControlGroupCpus(const std::string& root, std::string_view membership) {
  // The unified hierarchy's line is "0::/path".
  const size_t line = membership.starts_with("0::") ? 0 : membership.find("\n0::");
  if (line == std::string_view::npos) return std::nullopt;
  const size_t begin = membership.find("::", line) + 2;
  std::string path(membership.substr(begin, membership.find('\n', begin) - begin));
  std::optional<double> least;
  for (;;) {
    std::ifstream file(root + path + "/cpu.max");
    double quota, period;
    // "max 100000" without a quota, which is no number.
    if (file >> quota >> period && quota > 0 && period > 0)
      least = std::min(least.value_or(quota / period), quota / period);
    const size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) return least;
    path.resize(slash);
  }
}

int UsableCpus() {
  int cpus = 0;
#if defined(__linux__)
  cpus = static_cast<int>(AllowedCpus().size());
  // One and a half CPUs are two threads that rest now and then.
  if (const auto quota = ControlGroupCpus("/sys/fs/cgroup", ReadText("/proc/self/cgroup")))
    cpus = std::min(cpus, static_cast<int>(std::ceil(*quota)));
#elif defined(_WIN32)
  DWORD_PTR process = 0, system = 0;
  if (GetProcessAffinityMask(GetCurrentProcess(), &process, &system)) {
    for (; process != 0; process &= process - 1) ++cpus;
  }
#endif
  if (cpus <= 0) cpus = static_cast<int>(std::thread::hardware_concurrency());
  return std::max(1, cpus);
}

int PerformanceCores() {
  int cores = 0;
#if defined(__linux__)
  cores = CountPerformanceCores("/sys/devices", AllowedCpus());
#elif defined(_WIN32)
  cores = WindowsPerformanceCores();
#endif
  // On macOS that is performance cores already.
  if (cores <= 0) cores = PhysicalCores();
  return std::clamp(cores, 1, UsableCpus());
}

int PlanThreads(int wanted, bool leave_one_core) {
  if (wanted > 0) return std::min(wanted, UsableCpus());
  return std::max(1, PerformanceCores() - (leave_one_core ? 1 : 0));
}

}  // namespace paddock
