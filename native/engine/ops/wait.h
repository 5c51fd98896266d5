// Waiting for a word of memory to change.
//
// On Linux not by std::atomic::wait(): before it sleeps, that of libstdc++ yields the core some times, and where
// another program wants the core too, each yield costs the thread a time slice that it would be owed after a sleep.
#pragma once

#include <atomic>
#include <cstdint>

namespace paddock {

// Spins for some tens of microseconds while `word` is `old`; true once it is not.
bool SpinWhile(const std::atomic<uint32_t>& word, uint32_t old);
// Sleeps if `word` is `old`, until woken; may also return for no reason.
void Sleep(const std::atomic<uint32_t>& word, uint32_t old);
void WakeAll(std::atomic<uint32_t>& word);

}  // namespace paddock
