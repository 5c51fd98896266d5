// Which of the machine's CPUs are worth a thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace paddock {

// Cores that run at once at full speed, as far as this process may use them: without the second threads of a core, and
// without the efficiency cores of a hybrid CPU, since the phases of a pass take as long as the slowest thread. At least
// 1, at most UsableCpus().
int PerformanceCores();

// Logical CPUs that this process may keep busy: its affinity mask, and on Linux the quota of its control group. More
// threads than that only wait for each other.
int UsableCpus();

// How many threads to start for `wanted` (0 = as many as are worth it; `leave_one_core` then leaves one core to
// others). Never more than UsableCpus().
int PlanThreads(int wanted, bool leave_one_core = false);
// The most that may be asked for.
inline constexpr int kMaxThreads = 256;

// What these are made of on Linux, where all of it is text in files; for tests on any system.

// "0-3,8" as numbers; what is no list of CPUs ends it.
std::vector<int> ParseCpuList(std::string_view text);
// The `allowed` CPUs' performance cores, as the folder `devices` (/sys/devices) tells them; 0 when it does not.
int CountPerformanceCores(const std::string& devices, const std::vector<int>& allowed);
// How many CPUs' time the control group may use: the least quota of it and its parents. `root` is where control groups
// are mounted (/sys/fs/cgroup), `membership` what /proc/self/cgroup says. Unset without a quota.
std::optional<double> ControlGroupCpus(const std::string& root, std::string_view membership);

}  // namespace paddock
