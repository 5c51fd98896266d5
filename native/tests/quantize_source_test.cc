// Quantizing weights that lie apart from their header gives the file that a whole model file gives; parts that lie are
// refused. Run it under ASan and UBSan.
#include "runtime/quantize_source.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>

#include "base/half.h"
#include "check.h"
#include "runtime/quantize_file.h"
#include "tiny_model.h"

namespace paddock {
namespace {

using test::GgufWriter;
using test::TemporaryFile;
using test::TinyModel;
using Part = QuantizeSource::Part;
using Parts = QuantizeSource::Parts;

std::vector<uint8_t> ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<uint8_t> ReadAll(const TensorRows& rows) {
  std::vector<uint8_t> data(rows.bytes);
  CHECK(rows.Read(0, data).ok());
  return data;
}

// A model of floats whose vectors bfloat16 can say.
GgufWriter Model(TensorType type, int embedding = 256) {
  TinyModel tiny;
  tiny.embedding_length = tiny.ffn = embedding;
  tiny.matrix = tiny.down = tiny.embedding = type;
  tiny.layers = 1;
  GgufWriter w = tiny.Writer();
  for (GgufWriter::Tensor& t : w.tensors) {
    for (size_t i = 0; t.shape.size() == 1 && i < t.data.size(); i += 4) t.data[i] = t.data[i + 1] = 0;
  }
  return w;
}

// What the rows of the original are: heads whose halves stand one behind the other.
std::vector<uint8_t> Halved(const std::vector<uint8_t>& data, size_t rows, size_t heads) {
  const size_t row_bytes = data.size() / rows, size = rows / heads;
  std::vector<uint8_t> out(data.size());
  for (size_t row = 0; row < rows; ++row) {
    const size_t head = row / size, pair = row % size / 2, half = row % 2;
    const size_t to = head * size + half * (size / 2) + pair;
    std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(row * row_bytes), row_bytes,
                out.begin() + static_cast<std::ptrdiff_t>(to * row_bytes));
  }
  return out;
}

// The same model with its weights in a file of their own, every other one at an odd place.
struct Apart {
  std::vector<uint8_t> weights;
  Parts parts;

  explicit Apart(GgufWriter w) {
    for (const GgufWriter::Tensor& t : w.tensors) {
      Part part;
      part.file = 0;
      part.type = static_cast<TensorType>(t.type);
      std::vector<uint8_t> data = t.data;
      if (t.name.ends_with("attn_q.weight")) part.heads = 4;
      if (t.name.ends_with("attn_k.weight")) part.heads = 2;
      if (part.heads > 0) data = Halved(data, t.shape[1], part.heads);
      if (t.shape.size() == 1) {
        part.type = TensorType::kBF16;
        std::vector<uint8_t> halves;
        for (size_t i = 0; i < data.size(); i += 4) halves.insert(halves.end(), {data[i + 2], data[i + 3]});
        data = halves;
      }
      weights.push_back(0);
      part.offset = weights.size();
      part.bytes = data.size();
      weights.insert(weights.end(), data.begin(), data.end());
      parts.parts.push_back(part);
    }
    for (GgufWriter::Tensor& t : w.tensors) t.data.clear();
    parts.header = w.Write();
  }
};

Result<QuantizeReport> Quantize(const QuantizeSource& source, const std::string& recipe, const std::string& path) {
  return QuantizeFile(source, nullptr, nullptr, path, recipe, 2, nullptr, nullptr);
}

TEST(PartsGiveTheSameFile) {
  for (const TensorType type : {TensorType::kF32, TensorType::kF16, TensorType::kBF16}) {
    const TemporaryFile whole(Model(type).Write());
    Apart apart(Model(type));
    const TemporaryFile weights(apart.weights);
    apart.parts.files = {weights.path()};
    const Result<QuantizeSource> file = QuantizeSource::Open(whole.path());
    const Result<QuantizeSource> parts = QuantizeSource::Open(std::move(apart.parts));
    CHECK(file.ok() && parts.ok());
    const TemporaryFile one({}), other({});
    for (const char* recipe : {"Q4_0", "Q4_K_M", "Q8_0", "F16", "BF16", "F32"}) {
      const Result<QuantizeReport> a = Quantize(*file, recipe, one.path());
      const Result<QuantizeReport> b = Quantize(*parts, recipe, other.path());
      CHECK(a.ok() && b.ok());
      CHECK(ReadAll(one.path()) == ReadAll(other.path()));
      // Which thread adds what up differs from run to run.
      CHECK(std::fabs(a->relative_error - b->relative_error) < 1e-9);
      CHECK(a->types == b->types && a->bytes == b->bytes);
      CHECK(b->source_bytes == apart.weights.size());
    }
  }
}

TEST(FloatsAreKept) {
  const TemporaryFile whole(Model(TensorType::kBF16).Write());
  const Result<QuantizeSource> source = QuantizeSource::Open(whole.path());
  const TemporaryFile wide({}), back({});
  const Result<QuantizeReport> widened = Quantize(*source, "F32", wide.path());
  CHECK(widened.ok() && widened->relative_error == 0 && widened->bits_per_weight == 32);
  const Result<QuantizeSource> again = QuantizeSource::Open(wide.path());
  CHECK(again.ok() && again->header().GetUint("general.file_type") == 0u);
  CHECK(Quantize(*again, "BF16", back.path()).ok());
  const Result<QuantizeSource> same = QuantizeSource::Open(back.path());
  CHECK(same.ok() && same->header().GetUint("general.file_type") == 32u);
  for (size_t i = 0; i < source->header().tensors().size(); ++i) {
    CHECK(ReadAll(source->rows(i)) == ReadAll(same->rows(i)));
  }
}

TEST(CopyingCanBeWatchedAndStopped) {
  for (const char* recipe : {"F32", "Q4_0"}) {
    const TemporaryFile whole(Model(TensorType::kF32).Write()), out({});
    const Result<QuantizeSource> source = QuantizeSource::Open(whole.path());
    std::vector<double> seen;
    std::atomic<bool> cancel{false};
    const auto progress = [&](double done) { seen.push_back(done); };
    const auto run = [&] {
      return QuantizeFile(*source, nullptr, nullptr, out.path(), recipe, 2, &cancel, progress).status();
    };
    CHECK(run().ok());
    CHECK(std::is_sorted(seen.begin(), seen.end()) && seen.size() >= source->header().tensors().size());
    CHECK(seen.back() == 1 && seen.front() < 0.5);
    const std::vector<uint8_t> before = ReadAll(out.path());
    cancel = true;
    CHECK(run().code() == StatusCode::kCancelled);
    CHECK(ReadAll(out.path()) == before);
  }
}

TEST(RoundingToBfloat16) {
  CHECK(FloatToBfloat16(1.0f) == 0x3f80);
  CHECK(FloatToBfloat16(1.00390625f) == 0x3f80);  // a tie goes to the even one
  CHECK(FloatToBfloat16(1.01171875f) == 0x3f82);
  CHECK(FloatToBfloat16(-1.005f) == 0xbf81);
  CHECK(FloatToBfloat16(std::numeric_limits<float>::max()) == 0x7f7f);
  CHECK(FloatToBfloat16(-std::numeric_limits<float>::max()) == 0xff7f);
  CHECK(FloatToBfloat16(std::numeric_limits<float>::denorm_min()) == 0);
}

TEST(PartsThatLieAreRefused) {
  const Apart sound(Model(TensorType::kF32));
  const TemporaryFile weights(sound.weights);
  const auto refused = [&](auto change, const char* part) {
    Parts parts = sound.parts;
    parts.files = {weights.path()};
    change(parts);
    const Status status = QuantizeSource::Open(std::move(parts)).status();
    if (status.ok() || status.message().find(part) == std::string::npos || status.message().back() != '.')
      test::Fail(__FILE__, __LINE__, status.message());
  };
  constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();
  refused([](Parts& p) { p.parts.pop_back(); }, "another number of tensors");
  refused([](Parts& p) { p.files.clear(); }, "no such file");
  refused([](Parts& p) { p.parts[0].file = -2; }, "no such file");
  refused([](Parts& p) { p.parts[0].file = 7; }, "no such file");
  refused([](Parts& p) { p.parts[0].bytes -= 4; }, "their size");
  refused([](Parts& p) { p.parts[0].type = TensorType::kF16; }, "their size");
  refused([](Parts& p) { p.parts[0].type = TensorType::kQ8_0; }, "no floats");
  refused([](Parts& p) { p.parts[0].file = Part::kInHeader; }, "past the end");
  for (const uint64_t offset : {kMost, kMost - 16, uint64_t{1} << 40})
    refused([&](Parts& p) { p.parts[0].offset = offset; }, "past the end");
  refused([](Parts& p) { p.parts.back().offset += 1; }, "past the end");
  for (const uint64_t heads : {uint64_t{3}, uint64_t{272}, kMost})
    refused([&](Parts& p) { p.parts[0].heads = heads; }, "whole number of heads");
  refused([](Parts& p) { p.files[0] = "/nowhere/model.safetensors"; }, "/nowhere/model.safetensors");
  refused([](Parts& p) { p.header.clear(); }, "empty");
}

// Whatever becomes of the header: the answer is a Status, or a model that can be quantized.
void Survives(Parts parts) {
  const Result<QuantizeSource> source = QuantizeSource::Open(std::move(parts));
  if (!source.ok()) return;
  const TemporaryFile out({});
  const Result<QuantizeReport> report = Quantize(*source, "Q4_K_M", out.path());
  CHECK(report.ok() || !report.status().message().empty());
}

TEST(DamagedHeadersDoNoHarm) {
  const Apart sound(Model(TensorType::kF32, 32));
  const TemporaryFile weights(sound.weights);
  const auto damaged = [&](auto change) {
    Parts parts = sound.parts;
    parts.files = {weights.path()};
    change(parts.header);
    Survives(std::move(parts));
  };
  const size_t size = sound.parts.header.size();
  for (size_t n = 0; n < size; n += n < 600 || n + 1200 > size ? 1 : 97)
    damaged([&](std::vector<uint8_t>& header) { header.resize(n); });
  test::Random random(21);
  for (int i = 0; i < 400; ++i) {
    damaged([&](std::vector<uint8_t>& header) {
      // Most of it is the vocabulary; what matters stands at both ends.
      const size_t reach = i % 2 == 0 ? size : 1200;
      const size_t at = size - 1 - random.Next() % reach;
      header[i % 4 == 1 ? size - 1 - at : at] ^= static_cast<uint8_t>(1u << (random.Next() % 8));
    });
  }
}

}  // namespace
}  // namespace paddock

int main() {
  return paddock::test::RunAll();
}
