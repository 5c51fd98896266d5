// Engines on tiny models, and tokens for them.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "check.h"
#include "engine.h"
#include "tiny_model.h"

namespace paddock::test {

// With as many threads as `options` say. A model that does not load ends the tests.
inline std::unique_ptr<Engine> OpenFile(const std::string& path, LoadOptions options) {
  options.oversubscribe = true;
  auto engine = Engine::Load(path, options, nullptr, nullptr);
  if (!engine.ok()) {
    Fail(__FILE__, __LINE__, engine.status().message());
    std::exit(1);
  }
  return engine.Take();
}

inline std::unique_ptr<Engine> Open(GgufWriter model, const LoadOptions& options) {
  const TemporaryFile file(model.Write());
  return OpenFile(file.path(), options);
}

inline std::unique_ptr<Engine> Open(const TinyModel& model, const LoadOptions& options) {
  return Open(model.Writer(), options);
}

// Text, as far as a tiny model's vocabulary has any.
inline std::vector<int32_t> SomeIds(size_t n, uint64_t seed) {
  Random random(seed);
  std::vector<int32_t> ids(n);
  for (int32_t& id : ids) id = random.Below(256);
  return ids;
}

inline std::vector<int32_t> SomeIds(size_t n) {
  return SomeIds(n, n);
}

}  // namespace paddock::test
