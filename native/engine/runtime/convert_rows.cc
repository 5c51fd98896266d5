#include "runtime/convert_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

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
  error_.resize(static_cast<size_t>(pool_.size()));
  power_.resize(error_.size());
  floats_.resize(2 * error_.size() * piece_ * columns());
}

bool RowConverter::Convert(size_t begin, size_t count, const std::atomic<bool>* cancel) {
  std::atomic<bool> sound{true};
  out_.resize(count * row_bytes_);
  const int pieces = static_cast<int>((count + piece_ - 1) / piece_);
  pool_.Run(cancel, [&](int thread) {
    float* x = floats_.data() + 2 * static_cast<size_t>(thread) * piece_ * columns();
    float* back = x + piece_ * columns();
    for (int piece; (piece = pool_.Claim(thread, pieces)) < pieces;) {
      const size_t at = static_cast<size_t>(piece) * piece_, n = std::min(piece_, count - at);
      if (!ConvertRows(begin + at, n, out_.data() + at * row_bytes_, thread, x, back))
        sound.store(false, std::memory_order_relaxed);
    }
  });
  return sound.load();
}

double RowConverter::error() const {
  return Sum(error_);
}

double RowConverter::power() const {
  return Sum(power_);
}

void RowConverter::Read(size_t row, float* x) const {
  const uint8_t* source = rows_.data.data() + rows_.Place(row, rows()) * RowBytes(rows_.type, columns());
  const bool aligned = reinterpret_cast<uintptr_t>(source) % alignof(uint16_t) == 0;
  if (rows_.type == TensorType::kF16 && columns() % 16 == 0 && aligned) {
    fits_.widen(reinterpret_cast<const uint16_t*>(source), static_cast<int>(columns()), x);
  } else {
    Dequantize(rows_.type, source, columns(), x);
  }
  if (adapter_ != nullptr) adapter_->AddRow(row, x);
}

bool RowConverter::ConvertRows(size_t row, size_t count, uint8_t* out, int thread, float* x, float* back) {
  const size_t elements = count * columns();
  for (size_t i = 0; i < count; ++i) Read(row + i, x + i * columns());
  // A sum of what is no number is none either.
  if (!std::isfinite(Power(x, elements))) {
    for (size_t i = 0; i < elements; ++i) {
      if (!std::isfinite(x[i])) return false;
    }
  }
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
  error_[static_cast<size_t>(thread)] += Power(back, elements);
  power_[static_cast<size_t>(thread)] += Power(x, elements);
  return true;
}

}  // namespace paddock
