// Rows of activations in the forms that weight matrices want to be multiplied with.
#pragma once

#include <cstring>
#include <initializer_list>
#include <utility>

#include "base/arena.h"
#include "kernels/kernel_table.h"
#include "model/weights.h"

namespace paddock {

class QuantizedRows {
 public:
  // Room for `rows` rows of up to `widest` columns, a multiple of 32.
  void Take(Arena* arena, size_t rows, size_t widest) {
    arena->Take(&x_, rows * widest);
    arena->Take(&q256_, rows * widest);
    arena->Take(&q32_, rows * widest);
    arena->Take(&d256_, rows * (widest / 256 + 1));
    arena->Take(&d32_, rows * (widest / 32));
    arena->Take(&sum16_, rows * (widest / 16));
    arena->Take(&sum32_256_, rows * (widest / 32));
    arena->Take(&sum32_, rows * (widest / 32));
  }

  // Room for as many floats as all rows have columns, free to use until a row is set.
  float* floats() const { return x_; }

  // Row `row` becomes x, [columns], for all matrices in `users`.
  void Set(const KernelTable& kernels, size_t row, const float* x, int columns,
           std::initializer_list<const PanelMatrix*> users) {
    SetPart(kernels, row, columns, x, 0, columns, users);
  }

  // Columns begin .. begin + count - 1 of row `row`, which has `columns`, become x, [count]. `begin` is a multiple of
  // kPart, and so is `count` if it is not the rest.
  static constexpr int kPart = 256;
  void SetPart(const KernelTable& kernels, size_t row, int columns, const float* x, int begin, int count,
               std::initializer_list<const PanelMatrix*> users) {
    bool done[3] = {};
    const size_t at = row * columns + begin;
    for (const PanelMatrix* user : users) {
      const ActivationKind kind = user->activations;
      if (std::exchange(done[static_cast<int>(kind)], true)) continue;
      switch (kind) {
        case ActivationKind::kFloat: std::memcpy(x_ + at, x, count * sizeof(float)); break;
        case ActivationKind::kQ8x32: kernels.quantize_32(x, count, q32_ + at, d32_ + at / 32, sum32_ + at / 32); break;
        case ActivationKind::kQ8x256:
          kernels.quantize_256(x, count, q256_ + at, d256_ + at / 256, sum16_ + at / 16, sum32_256_ + at / 32);
          break;
      }
    }
  }

  // From row `row` on, for a matrix of this kind and width.
  Activations At(const PanelMatrix& w, size_t row) const {
    const size_t n = w.columns;
    switch (w.activations) {
      case ActivationKind::kFloat: return {x_ + row * n, nullptr, nullptr, nullptr, nullptr};
      case ActivationKind::kQ8x32:
        return {nullptr, q32_ + row * n, d32_ + row * (n / 32), nullptr, sum32_ + row * (n / 32)};
      case ActivationKind::kQ8x256:
        return {nullptr, q256_ + row * n, d256_ + row * (n / 256), sum16_ + row * (n / 16),
                sum32_256_ + row * (n / 32)};
    }
    return {};
  }

 private:
  float* x_ = nullptr;
  int8_t *q256_ = nullptr, *q32_ = nullptr;
  float *d256_ = nullptr, *d32_ = nullptr;
  int16_t *sum16_ = nullptr, *sum32_256_ = nullptr, *sum32_ = nullptr;
};

}  // namespace paddock
