// A name for the contents of a model file.
#pragma once

#include "base/sha256.h"
#include "gguf/gguf.h"

namespace paddock {

// SHA-256 over the size of the file, its whole header (hyperparameters, vocabulary, tensor table) and its weights:
// tensors up to 256 KiB whole, of larger ones the first 256 bytes of every 64 KiB and the last 256. Two models of one
// architecture differ in nearly every one of these samples, and reading all of a gigabyte would make loading slower.
Sha256::Digest ModelDigest(const GgufFile& file);

}  // namespace paddock
