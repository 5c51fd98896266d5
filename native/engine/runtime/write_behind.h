// Writes tensors to a file while the next rows are computed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <future>
#include <vector>

#include "gguf/gguf_writer.h"

namespace paddock {

class WriteBehind {
 public:
  explicit WriteBehind(GgufWriter* writer) : writer_(*writer) {}

  // Begins to write the first `size` bytes of `bytes`, the last of their tensor or not, and leaves another buffer
  // there, of any size. What this returns is the outcome of the writing before.
  Status Write(std::vector<uint8_t>* bytes, size_t size, bool last) {
    PADDOCK_RETURN_IF_ERROR(Wait());
    bytes_.swap(*bytes);
    pending_ = std::async(std::launch::async, [this, size, last]() -> Status {
      PADDOCK_RETURN_IF_ERROR(writer_.Write({bytes_.data(), size}));
      return last ? writer_.EndTensor() : Status();
    });
    return Status();
  }

  // Until the file can be used by others, and tells how the writing went.
  Status Wait() { return pending_.valid() ? pending_.get() : Status(); }

 private:
  GgufWriter& writer_;
  std::vector<uint8_t> bytes_;
  std::future<Status> pending_;  // waits when it is destroyed, before what it uses is
};

}  // namespace paddock
