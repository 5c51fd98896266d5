// The tests' framework: CHECK() records a failure and goes on, TEST() registers a function, main() runs them all.
#pragma once

#include <cstdio>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace paddock::test {

struct Case {
  const char* name;
  void (*run)();
};
inline std::vector<Case>& Cases() {
  static std::vector<Case> cases;
  return cases;
}
inline int failures = 0;

struct Register {
  Register(const char* name, void (*run)()) { Cases().push_back({name, run}); }
};

inline void Fail(const char* file, int line, const std::string& what) {
  ++failures;
  std::fprintf(stderr, "%s:%d: %s\n", file, line, what.c_str());
}

template <typename A, typename B>
std::string Compare(const char* expression, const A& a, const B& b) {
  std::ostringstream out;
  out << expression << ": " << a << " is not " << b;
  return out.str();
}

inline int RunAll() {
  for (const Case& c : Cases()) {
    const int before = failures;
    c.run();
    std::printf("%s %s\n", failures == before ? "ok  " : "FAIL", c.name);
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace paddock::test

#define TEST(name)                                                      \
  static void name();                                                   \
  static const ::paddock::test::Register register_##name{#name, &name}; \
  static void name()
#define CHECK(condition)                                                                \
  do {                                                                                  \
    if (!(condition)) ::paddock::test::Fail(__FILE__, __LINE__, "failed: " #condition); \
  } while (false)
#define CHECK_EQ(a, b)                                                                                          \
  do {                                                                                                          \
    const auto& a_ = (a);                                                                                       \
    const auto& b_ = (b);                                                                                       \
    if (!(a_ == b_)) ::paddock::test::Fail(__FILE__, __LINE__, ::paddock::test::Compare(#a " == " #b, a_, b_)); \
  } while (false)
