#include "gguf/digest.h"

#include <algorithm>
#include <cstring>

namespace paddock {
namespace {

constexpr size_t kWhole = 256 << 10, kStep = 64 << 10, kSample = 256;

}  // namespace

Sha256::Digest ModelDigest(const GgufFile& file) {
  const std::span<const uint8_t> bytes = file.mapping().bytes();
  const uint8_t* weights = bytes.data() + bytes.size();
  for (const TensorInfo& tensor : file.tensors()) weights = std::min(weights, tensor.data.data());
  uint8_t size[8];
  const uint64_t total = bytes.size();
  std::memcpy(size, &total, sizeof size);
  Sha256 sha;
  sha.Add(size);
  sha.Add(bytes.first(static_cast<size_t>(weights - bytes.data())));
  for (const TensorInfo& tensor : file.tensors()) {
    const std::span<const uint8_t> data = tensor.data;
    if (data.size() <= kWhole) {
      sha.Add(data);
      continue;
    }
    for (size_t at = 0; at < data.size(); at += kStep) sha.Add(data.subspan(at, std::min(kSample, data.size() - at)));
    sha.Add(data.last(kSample));
    // The system has brought in whole pages, and their neighbours.
    file.mapping().Drop(static_cast<size_t>(data.data() - bytes.data()), data.size());
  }
  return sha.Finish();
}

}  // namespace paddock
