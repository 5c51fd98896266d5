#include "runtime/convert_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/half.h"
#include "quant/dequantize.h"
#include "quant/quantize.h"

namespace paddock {
namespace {

constexpr size_t kStretchBytes = size_t{16} << 20;
constexpr size_t kPieceElements = 8192;  // what x, its weights and its codes fill of a cache

double Sum(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += x;
  return sum;
}

// The sum of squares, in parts, so that the compiler may use vectors.
double Power(const float* x, size_t n) {
  constexpr size_t kParts = 16, kRun = 512;
  double total = 0;
  for (size_t at = 0; at < n; at += kRun) {
    const size_t end = std::min(at + kRun, n), whole = at + (end - at) / kParts * kParts;
    float sum[kParts] = {};
    for (size_t i = at; i < whole; i += kParts) {
      for (size_t j = 0; j < kParts; ++j) sum[j] += x[i + j] * x[i + j];
    }
    for (size_t i = whole; i < end; ++i) sum[0] += x[i] * x[i];
    for (const float part : sum) total += static_cast<double>(part);
  }
  return total;
}

template <typename ToBits>
void PutHalves(const float* x, size_t n, uint8_t* out, ToBits to_bits) {
  for (size_t i = 0; i < n; ++i) {
    const uint16_t bits = to_bits(x[i]);
    std::memcpy(out + 2 * i, &bits, 2);
  }
}

}  // namespace

RowConverter::RowConverter(const TensorInfo& tensor, const TensorRows& rows, const LoraFile::Pair* adapter,
                           const float* importance, TensorType to, const FitTable& fits, ThreadPool* pool)
    : tensor_(tensor),
      rows_(rows),
      adapter_(adapter),
      importance_(importance),
      to_(to),
      fits_(fits),
      pool_(*pool),
      row_bytes_(RowBytes(to, columns())),
      stretch_(std::max<size_t>(1, kStretchBytes / (columns() * sizeof(float)))),
      piece_(std::max<size_t>(1, kPieceElements / columns())) {
  error_.resize(pool_.size());
  power_.resize(error_.size());
  floats_.resize(2 * error_.size() * piece_ * columns());
  source_.resize(error_.size() * piece_ * source_bytes());
}

Status RowConverter::Convert(size_t begin, size_t count, const std::atomic<bool>* cancel) {
  std::mutex mutex;
  Status status;
  out_.resize(count * row_bytes_);
  const int pieces = static_cast<int>((count + piece_ - 1) / piece_);
  pool_.Run(cancel, [&](const Worker& worker) {
    for (int piece; (piece = worker.Claim(pieces)) < pieces;) {
      const size_t at = static_cast<size_t>(piece) * piece_, n = std::min(piece_, count - at);
      Status converted = ConvertRows(begin + at, n, out_.data() + at * row_bytes_, worker.index);
      if (converted.ok()) continue;
      const std::lock_guard lock(mutex);
      status = std::move(converted);
      return;
    }
  });
  if (cancel != nullptr && cancel->load()) return {StatusCode::kCancelled, "Quantizing was cancelled."};
  return status;
}

double RowConverter::error() const {
  return Sum(error_);
}

double RowConverter::power() const {
  return Sum(power_);
}

RowConverter::Scratch RowConverter::ScratchOf(int thread) {
  const size_t t = thread, elements = piece_ * columns();
  float* const x = floats_.data() + 2 * t * elements;
  return {source_.data() + t * piece_ * source_bytes(), x, x + elements};
}

Status RowConverter::ReadRows(size_t row, size_t count, const Scratch& scratch) const {
  if (rows_.heads == 0) {
    PADDOCK_RETURN_IF_ERROR(rows_.Read(row * source_bytes(), {scratch.source, count * source_bytes()}));
  }
  for (size_t i = 0; i < count; ++i) {
    uint8_t* const source = scratch.source + i * source_bytes();
    if (rows_.heads > 0) {
      PADDOCK_RETURN_IF_ERROR(rows_.Read(rows_.Place(row + i, rows()) * source_bytes(), {source, source_bytes()}));
    }
    float* const x = scratch.x + i * columns();
    if (rows_.type == TensorType::kF16 && columns() % 16 == 0) {
      fits_.widen(reinterpret_cast<const uint16_t*>(source), static_cast<int>(columns()), x);
    } else {
      Dequantize(rows_.type, source, columns(), x);
    }
    if (adapter_ != nullptr) adapter_->AddRow(row + i, x);
  }
  return Status::Ok();
}

Status NoNumbers(const TensorInfo& tensor) {
  return {StatusCode::kInvalidModel, "The tensor " + std::string(tensor.name.substr(0, 80)) +
                                         " has weights that are no numbers. Download the model again."};
}

Status RowConverter::ConvertRows(size_t row, size_t count, uint8_t* out, int thread) {
  const Scratch scratch = ScratchOf(thread);
  float *const x = scratch.x, *const back = scratch.back;
  const size_t elements = count * columns();
  PADDOCK_RETURN_IF_ERROR(ReadRows(row, count, scratch));
  // NaN and infinity survive the sum, so one test covers the rows.
  if (!std::isfinite(Power(x, elements)) && !std::all_of(x, x + elements, [](float v) { return std::isfinite(v); }))
    return NoNumbers(tensor_);
  switch (to_) {
    case TensorType::kF32: std::memcpy(out, x, 4 * elements); break;
    case TensorType::kF16:
      PutHalves(x, elements, out, [](float v) { return FloatToHalf(std::clamp(v, -65504.0f, 65504.0f)); });
      break;
    case TensorType::kBF16: PutHalves(x, elements, out, FloatToBfloat16); break;
    default: QuantizeRows(fits_, to_, x, importance_, count, columns(), out);
  }
  Dequantize(to_, out, elements, back);
  for (size_t i = 0; i < elements; ++i) back[i] -= x[i];
  error_[thread] += Power(back, elements);
  power_[thread] += Power(x, elements);
  return Status::Ok();
}

}  // namespace paddock
