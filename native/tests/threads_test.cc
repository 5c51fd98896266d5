// Threads: how they take part in a pass, how many of them are chosen, and what the system says about cores.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <new>
#include <thread>

#include "check.h"
#include "engine.h"
#include "ops/cpu_topology.h"
#include "ops/thread_pool.h"
#include "runtime/thread_choice.h"
#include "tiny_model.h"

namespace paddock {
namespace {

using test::TemporaryFile;
using test::TinyModel;

TEST(EveryPieceOfEveryPhaseIsDoneOnceByAThreadThatTakesPart) {
  constexpr int kSize = 4, kPhases = 200;
  ThreadPool pool(kSize);
  for (const int active : {1, 2, 3, 4, 2, 4, 1}) {
    std::vector<std::vector<int>> done(kPhases);  // written by the claiming thread alone
    for (int phase = 0; phase < kPhases; ++phase) done[static_cast<size_t>(phase)].resize(1 + phase % 9);
    std::atomic<int> started{0}, wrong{0};
    pool.Run(nullptr, active, [&](const Worker& worker) {
      ++started;
      if (worker.index >= active || pool.active() != active) ++wrong;
      for (size_t phase = 0; phase < kPhases; ++phase) {
        const int count = static_cast<int>(done[phase].size());
        for (int piece; (piece = worker.Claim(count)) < count;) {
          // The writes of the phase before are visible.
          if (phase > 0 && worker.Joined() && done[phase - 1][0] != 1) ++wrong;
          ++done[phase][static_cast<size_t>(piece)];
        }
        if (!worker.Sync()) ++wrong;
      }
    });
    CHECK_EQ(started.load(), active);
    CHECK_EQ(wrong.load(), 0);
    for (const std::vector<int>& phase : done)
      CHECK(std::all_of(phase.begin(), phase.end(), [](int n) { return n == 1; }));
  }
}

TEST(AThreadThatMissedAPhaseDelaysNobody) {
  ThreadPool pool(8);
  std::atomic<bool> over{false};
  pool.Run(nullptr, [&](const Worker& worker) {
    for (int phase = 0; phase < 2000; ++phase) {
      // A thread that misses a phase stays away until thread 0 has finished all phases: this ends only if no thread
      // waits for it.
      while (worker.index != 0 && !worker.Joined() && !over.load()) std::this_thread::yield();
      while (worker.Claim(3) < 3) {
      }
      worker.Sync();
    }
    if (worker.index == 0) over = true;
  });
  CHECK(over.load());
}

// Work of some rounds, broken off wherever time is over: each piece of each round is done once, also when threads come
// late, and it ends only at borders.
TEST(WorkThatIsBrokenOffGoesOnWhereItEnded) {
  constexpr int kRounds = 40, kPieces = 7;
  ThreadPool pool(4);
  for (int variant = 0; variant < 60; ++variant) {
    std::vector<int> done(kRounds * kPieces);  // written by the claiming thread alone
    int runs = 0;
    for (int first = 0; first < kRounds; ++runs) {
      std::atomic<int> next{kRounds};
      pool.Run(nullptr, 4, std::chrono::steady_clock::now() + std::chrono::microseconds(variant), [&](const Worker& w) {
        if (w.index == variant % 4) std::this_thread::sleep_for(std::chrono::microseconds(variant));
        for (int round = first; round < kRounds; ++round) {
          w.ForEach(kPieces, [&](int piece) { ++done[static_cast<size_t>(round * kPieces + piece)]; });
          if (!w.Sync()) return;
          if (!(round + 1 < kRounds ? w.SyncAtBorder() : w.Sync())) {
            if (w.Joined()) next = round + 1;
            return;
          }
        }
      });
      CHECK(next > first);
      first = next;
    }
    CHECK(std::all_of(done.begin(), done.end(), [](int n) { return n == 1; }));
    if (variant == 0) CHECK_EQ(runs, kRounds);
  }
}

// Two threads that want the pool: the more urgent one is never interrupted, and both finish.
TEST(TheMoreUrgentWorkIsNotInterrupted) {
  ThreadPool pool(2);
  std::atomic<bool> urgent{false}, over{false};
  std::atomic<int> interruptions{0}, passes{0};
  std::thread other([&] {
    const Urgency calm(pool, 1);
    while (!over) {
      // Looked at with the turn in hand: the urgent one may begin to wait at any moment, and not pass.
      pool.Run(nullptr, [&](const Worker& w) {
        if (w.index == 0 && urgent) ++interruptions;
      });
      ++passes;
    }
  });
  for (int round = 0; round < 200; ++round) {
    const int before = passes;
    {
      const Urgency high(pool, 2);
      for (int pass = 0; pass < 5; ++pass) {
        pool.Run(nullptr, [&](const Worker& w) {
          if (w.index == 0) urgent = true;
        });
      }
      urgent = false;
    }
    while (passes == before) std::this_thread::yield();
  }
  over = true;
  other.join();
  CHECK_EQ(interruptions.load(), 0);
}

TEST(AnExceptionEndsThePassOfAllThreads) {
  constexpr int kSize = 4, kPhases = 6;
  ThreadPool pool(kSize);
  for (int round = 0; round < 600; ++round) {
    const int thrower = round % kSize, bad_phase = round / kSize % kPhases;
    const bool all = round % 5 == 0;
    std::atomic<int> inside{0};
    bool caught = false;
    try {
      pool.Run(nullptr, [&](const Worker& worker) {
        ++inside;
        struct Leave {
          std::atomic<int>& inside;
          ~Leave() { --inside; }
        } leave{inside};
        for (int phase = 0; phase < kPhases; ++phase) {
          while (worker.Claim(5) < 5) {
          }
          if (phase == bad_phase && (all || worker.index == thrower)) throw std::bad_alloc();
          if (phase + 1 < kPhases && !worker.Sync()) return;
        }
      });
    } catch (const std::bad_alloc&) {
      caught = true;
    }
    CHECK(caught);
    CHECK_EQ(inside.load(), 0);
  }
  // The next pass is whole again.
  std::atomic<int> done{0};
  pool.Run(nullptr, [&](const Worker& worker) {
    for (int piece; (piece = worker.Claim(100)) < 100;) ++done;
    if (worker.Sync()) ++done;
  });
  CHECK_EQ(done.load(), 100 + kSize);
}

TEST(TheEndOfAPhaseWakesWhoSleeps) {
  constexpr int kSize = 3, kPhases = 60;
  ThreadPool pool(kSize);
  std::atomic<int> phases{0};
  pool.Run(nullptr, [&](const Worker& worker) {
    for (int phase = 0; phase < kPhases; ++phase) {
      // Far longer than anybody spins.
      if (worker.index == phase % kSize) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (worker.Sync()) ++phases;
    }
  });
  CHECK_EQ(phases.load(), kSize * kPhases);
}

TEST(CancellingEndsThePassForAllThreadsAndTheNextOneIsWhole) {
  ThreadPool pool(3);
  for (int i = 0; i < 200; ++i) {
    std::atomic<bool> cancel{false};
    std::atomic<int> finished{0};
    pool.Run(&cancel, 1 + i % 3, [&](const Worker& worker) {
      for (int phase = 0; phase < 20; ++phase) {
        if (phase == i % 20) cancel = true;
        while (worker.Claim(4) < 4) {
        }
        if (!worker.Sync()) return;
      }
      ++finished;
    });
    CHECK(finished.load() == 0);
    std::atomic<int> pieces{0};
    pool.Run(nullptr, [&](const Worker& worker) {
      while (worker.Claim(100) < 100) ++pieces;
    });
    CHECK_EQ(pieces.load(), 100);
  }
}

TEST(HeldThreadsSleepWhereTheyAreAndGoOnFromThere) {
  constexpr int kPhases = 2000;
  ThreadPool pool(3), other(2);
  std::atomic<int> pieces{0}, started{0};
  ThreadPool::HoldAll(true);
  std::thread first([&] {
    pool.Run(nullptr, [&](const Worker& worker) {
      ++started;
      for (int phase = 0; phase < kPhases; ++phase) {
        worker.ForEach(5, [&](int) { ++pieces; });
        worker.Sync();
      }
    });
  });
  std::thread second(
      [&] { other.Run(nullptr, [&](const Worker& worker) { worker.ForEach(7, [&](int) { ++pieces; }); }); });
  const auto pause = [] { std::this_thread::sleep_for(std::chrono::milliseconds(5)); };
  while (started.load() < 3) pause();
  pause();
  CHECK_EQ(pieces.load(), 0);
  int before = 0;
  for (int round = 0; round < 20; ++round) {
    ThreadPool::HoldAll(false);
    std::this_thread::yield();
    ThreadPool::HoldAll(true);
    // At most the pieces that were claimed already.
    pause();
    before = pieces.load();
    pause();
    CHECK_EQ(pieces.load(), before);
  }
  ThreadPool::HoldAll(false);
  first.join();
  second.join();
  CHECK_EQ(pieces.load(), 5 * kPhases + 7);
}

TEST(WhatIsCancelledWhileHeldEnds) {
  ThreadPool pool(3);
  std::atomic<bool> cancel{false};
  ThreadPool::HoldAll(true);
  std::thread thread([&] {
    pool.Run(&cancel, [&](const Worker& worker) {
      while (worker.Claim(4) < 4) {
      }
      if (worker.Sync()) CHECK(false);
    });
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  cancel = true;
  ThreadPool::WakeHeld();
  thread.join();
  ThreadPool::HoldAll(false);
}

std::string Text(const std::vector<int>& numbers) {
  std::string out;
  for (const int n : numbers) {
    if (!out.empty()) out += ' ';
    out += std::to_string(n);
  }
  return out;
}

TEST(CandidatesAreAllCoresOneLessAndPowersOfTwo) {
  CHECK_EQ(Text(ThreadCandidates(1, 1)), std::string("1"));
  CHECK_EQ(Text(ThreadCandidates(2, 2)), std::string("2 1"));
  CHECK_EQ(Text(ThreadCandidates(6, 6)), std::string("6 5 4 2 1"));
  CHECK_EQ(Text(ThreadCandidates(16, 8)), std::string("16 15 8 4 2 1"));
  CHECK_EQ(Text(ThreadCandidates(2, 8)), std::string("2 1"));
}

int Choose(const std::vector<Trial>& trials) {
  return ChooseThreads(trials);
}

TEST(FewerThreadsAreChosenOnlyWhenClearlyFaster) {
  CHECK_EQ(Choose({{2, 1.0}, {1, 1.0}}), 2);
  CHECK_EQ(Choose({{2, 1.1}, {1, 1.0}}), 2);
  CHECK_EQ(Choose({{2, 2.0}, {1, 1.0}}), 1);
  CHECK_EQ(Choose({{16, 3.0}, {8, 1.05}, {7, 1.0}, {4, 1.5}}), 8);
  CHECK_EQ(Choose({{8, 1.0}, {7, 1.1}, {4, 1.9}}), 8);
  CHECK_EQ(Choose({{1, 7.0}}), 1);
}

TEST(AProbeNeedsASecondOpinionToUseFewerThreads) {
  std::map<int, int> calls;
  // In the first series a neighbour takes one core's time from two threads.
  const auto disturbed = [&](int threads, int) {
    const int call = calls[threads]++;
    return threads == 1 ? 1.5 : call < 3 ? 2.5 : 1.0;
  };
  CHECK_EQ(ProbeThreads({2, 1}, 3, disturbed), 2);
  CHECK_EQ(ProbeThreads({4, 3, 2, 1}, 3, [](int threads, int) { return threads == 4 ? 9.0 : 6.0 / threads; }), 3);
  // What is hopeless is tried once, and what cannot be chosen from not at all.
  calls.clear();
  const auto counted = [&](int threads, int) { return ++calls[threads], 8.0 / threads; };
  CHECK_EQ(ProbeThreads({8, 7, 1}, 5, counted), 8);
  CHECK_EQ(calls[8], 5);
  CHECK_EQ(calls[7], 5);
  CHECK_EQ(calls[1], 1);
  // Without a rival left there is nothing to find out.
  calls.clear();
  CHECK_EQ(ProbeThreads({8, 4, 1}, 5, counted), 8);
  CHECK_EQ(calls[8], 1);
  CHECK_EQ(calls[4], 1);
  CHECK_EQ(ProbeThreads({3}, 5, counted), 3);
  CHECK_EQ(calls[3], 0);
}

// A folder like /sys, gone with the object.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::temp_directory_path() /
              ("paddock-cpus-" + std::to_string(Clock::now().time_since_epoch().count()))) {}
  ~Folder() { std::filesystem::remove_all(path_); }
  void Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text << '\n';
  }
  void Cpu(int cpu, int core, int capacity = 0) const {
    const std::string base = "system/cpu/cpu" + std::to_string(cpu) + "/";
    Write(base + "topology/physical_package_id", "0");
    Write(base + "topology/core_id", std::to_string(core));
    if (capacity > 0) Write(base + "cpu_capacity", std::to_string(capacity));
  }
  std::string path() const { return path_.string(); }

 private:
  using Clock = std::chrono::steady_clock;
  std::filesystem::path path_;
};

TEST(CpuListsAreRead) {
  CHECK_EQ(Text(ParseCpuList("0-3,8,10-11\n")), std::string("0 1 2 3 8 10 11"));
  CHECK_EQ(Text(ParseCpuList("5")), std::string("5"));
  CHECK_EQ(Text(ParseCpuList("")), std::string());
  CHECK_EQ(Text(ParseCpuList("1,x,3")), std::string("1"));
  CHECK_EQ(Text(ParseCpuList("2-99999999999")), std::string());
  CHECK_EQ(Text(ParseCpuList("-1")), std::string());
}

TEST(SecondThreadsOfACoreAndEfficiencyCoresDoNotCount) {
  const Folder intel;
  // Two performance cores of two threads each, four efficiency cores.
  for (int cpu = 0; cpu < 4; ++cpu) intel.Cpu(cpu, cpu / 2);
  for (int cpu = 4; cpu < 8; ++cpu) intel.Cpu(cpu, cpu);
  CHECK_EQ(CountPerformanceCores(intel.path(), {0, 1, 2, 3, 4, 5, 6, 7}), 6);
  intel.Write("cpu_core/cpus", "0-3");
  CHECK_EQ(CountPerformanceCores(intel.path(), {0, 1, 2, 3, 4, 5, 6, 7}), 2);
  CHECK_EQ(CountPerformanceCores(intel.path(), {2, 3, 4}), 1);
  // Only efficiency cores are allowed: then they are what there is.
  CHECK_EQ(CountPerformanceCores(intel.path(), {4, 5, 6}), 3);

  const Folder arm;
  for (int cpu = 0; cpu < 4; ++cpu) arm.Cpu(cpu, cpu, 325);
  for (int cpu = 4; cpu < 7; ++cpu) arm.Cpu(cpu, cpu, 828);
  arm.Cpu(7, 7, 1024);
  CHECK_EQ(CountPerformanceCores(arm.path(), {0, 1, 2, 3, 4, 5, 6, 7}), 4);
  CHECK_EQ(CountPerformanceCores(arm.path(), {0, 1}), 2);
  CHECK_EQ(CountPerformanceCores(arm.path(), {0, 99}), 0);
}

TEST(TheLeastQuotaOfAllControlGroupsCounts) {
  const Folder root;
  root.Write("user/app/cpu.max", "max 100000");
  CHECK(!ControlGroupCpus(root.path(), "0::/user/app\n"));
  root.Write("user/cpu.max", "150000 100000");
  CHECK_EQ(ControlGroupCpus(root.path(), "0::/user/app\n").value_or(0), 1.5);
  root.Write("user/app/cpu.max", "400000 100000");
  CHECK_EQ(ControlGroupCpus(root.path(), "4:cpu:/x\n0::/user/app\n").value_or(0), 1.5);
  CHECK(!ControlGroupCpus(root.path(), "4:cpu:/user\n"));
  CHECK(!ControlGroupCpus(root.path(), ""));
  // In a container the group is its own root.
  root.Write("cpu.max", "50000 100000");
  CHECK_EQ(ControlGroupCpus(root.path(), "0::/\n").value_or(0), 0.5);
}

TEST(AModelUsesNoMoreThreadsThanThereAreCpusUnlessItMust) {
  const TemporaryFile file(TinyModel().Writer().Write());
  const auto threads = [&](int asked, bool oversubscribe, bool leave_one) {
    LoadOptions options;
    options.threads = asked;
    options.oversubscribe = oversubscribe;
    options.leave_one_core = leave_one;
    auto engine = Engine::Load(file.path(), options, nullptr, nullptr);
    CHECK(engine.ok());
    const ModelInfo info = (*engine)->info();
    CHECK_EQ(info.requested_threads, options.threads);
    CHECK(info.decode_threads >= 1 && info.decode_threads <= info.threads);
    CHECK(info.prefill_threads >= 1 && info.prefill_threads <= info.threads);
    if (options.threads == 1) CHECK_EQ(info.threads, 1);
    return info.threads;
  };
  const int cpus = UsableCpus(), cores = PerformanceCores(), polite = cores > 1 ? cores - 1 : 1;
  CHECK_EQ(threads(1, false, false), 1);
  CHECK_EQ(threads(cpus + 3, false, false), cpus);
  CHECK_EQ(threads(cpus + 3, true, false), cpus + 3);
  CHECK_EQ(threads(0, false, false), cores);
  CHECK_EQ(threads(0, false, true), polite);
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
