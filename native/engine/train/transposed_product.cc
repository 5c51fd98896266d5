#include "train/transposed_product.h"

#include <algorithm>
#include <cstring>

namespace paddock {
namespace {

constexpr int kTileRows = 512;  // of the weights: the products' reduced dimension; fewer load and store dx more often
constexpr int kTileColumns = 256;  // at most; a multiple of every type's block

}  // namespace

size_t TransposedProduct::ScratchBytes() const {
  return kTileColumns * kMaxLanes * sizeof(float) + products_.PackedBytes(kTileRows, kTileColumns);
}

void TransposedProduct::Run(const PanelMatrix& w, const void* dy, size_t dy_stride, int tokens, bool add, float* dx,
                            size_t dx_stride, const Worker& worker, uint8_t* scratch) const {
  float* unpacked = reinterpret_cast<float*>(scratch);
  uint8_t* packed = scratch + kTileColumns * kMaxLanes * sizeof(float);
  const int lanes = kernels_.lanes, panels_per_tile = kTileRows / lanes;
  // Narrower tiles where the blocks allow it and the threads would otherwise get unequal shares.
  const bool wide = Traits(w.type).block_elements > 64 || w.columns >= 4 * kTileColumns * worker.pool.active();
  const int step = wide ? kTileColumns : 64;
  const int pieces = (w.columns + step - 1) / step;
  for (int piece; (piece = worker.Claim(pieces)) < pieces;) {
    const int begin = piece * step, columns = std::min(step, w.columns - begin);
    if (!add) {
      for (int t = 0; t < tokens; ++t) std::memset(dx + t * dx_stride + begin, 0, columns * sizeof(float));
    }
    for (int first = 0; first < w.panel_count; first += panels_per_tile) {
      const int panels = std::min(panels_per_tile, w.panel_count - first);
      const int rows = panels * lanes;
      for (int p = 0; p < panels; ++p) {
        kernels_.gradients->unpack(w.type, w.panels + (first + p) * w.panel_stride, begin, begin + columns, unpacked);
        products_.pack_columns({unpacked, static_cast<size_t>(lanes), lanes, columns, p * lanes, rows, packed});
      }
      const size_t offset = static_cast<size_t>(first * lanes) * static_cast<size_t>(products_.element_bytes);
      products_.multiply({static_cast<const uint8_t*>(dy) + offset, dy_stride, packed, rows, tokens, rows, columns,
                          dx + begin, dx_stride});
    }
  }
}

}  // namespace paddock
