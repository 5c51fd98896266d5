// Headers whose weights lie in another file, and the places that somebody says they have: the first bytes of an input
// are the places, the rest is the header, and the whole input is the file.
#include <cstring>

#include "fuzz_file.h"
#include "runtime/quantize_file.h"

PADDOCK_FUZZ(data, size) {
  using namespace paddock;
  constexpr size_t kPlaces = 16, kPlace = 4;
  if (size < kPlaces * kPlace) return 0;
  const std::string& path = fuzz::FileOf(data, size);
  QuantizeSource::Parts parts;
  parts.header.assign(data + kPlaces * kPlace, data + size);
  parts.files = {path};
  const Result<GgufFile> header = GgufFile::FromHeader(parts.header);
  if (!header.ok()) return 0;
  for (size_t i = 0; i < header->tensors().size(); ++i) {
    const uint8_t* place = data + i % kPlaces * kPlace;
    const TensorInfo& tensor = header->tensors()[i];
    // Mostly sound, since few random places would be.
    parts.parts.push_back({.file = place[0] % 3 - 1,
                           .offset = static_cast<uint64_t>(place[1]) << (place[0] >> 2),
                           .bytes = tensor.bytes + (place[2] == 255),
                           .type = tensor.type,
                           .heads = static_cast<uint64_t>(place[3] % 5)});
  }
  const Result<QuantizeSource> source = QuantizeSource::Open(std::move(parts));
  if (!source.ok()) return 0;
  const std::string out = path + ".out";
  (void)QuantizeFile(*source, nullptr, nullptr, out, "Q4_0", 1, nullptr, nullptr);
  std::remove(out.c_str());
  return 0;
}
