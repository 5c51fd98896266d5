// What all models of a process share: the threads, and the memory for keys and values.
#pragma once

#include "model/page_pool.h"
#include "ops/thread_pool.h"

namespace paddock {

// How urgent what is computed is, for Urgency: a class of work waits while a higher one is at it. kLast is what comes
// after everything else.
enum class WorkClass { kLast, kBackground, kChat, kEdit, kCompletion };

struct Machine {
  // Throws std::system_error when the system gives no more threads.
  explicit Machine(int threads) : pool(threads) {}

  ThreadPool pool;
  PageBudget pages;
};

}  // namespace paddock
