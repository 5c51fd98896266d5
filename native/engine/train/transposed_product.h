// dX = dY W for a weight matrix that only exists as panels: the backward pass of y = W x.
#pragma once

#include "kernels/kernel_table.h"
#include "model/weights.h"
#include "ops/thread_pool.h"

namespace paddock {

class TransposedProduct {
 public:
  TransposedProduct(const KernelTable& kernels, const ProductTable& products)
      : kernels_(kernels), products_(products) {}

  // Per worker, 64-byte aligned.
  size_t ScratchBytes() const;

  // dx[tokens][columns of w] = (or, with `add`, +=) dy w. `dy` is [tokens][dy_stride] of the products' elements, with
  // zeros from w.rows on up to the next multiple of kMaxLanes. Inside a phase of the pool; all its threads call this.
  // Weights are unpacked tile by tile, each tile once, so it takes a hundred tokens and more to be worth its while.
  void Run(const PanelMatrix& w, const void* dy, size_t dy_stride, int tokens, bool add, float* dx, size_t dx_stride,
           const Worker& worker, uint8_t* scratch) const;

 private:
  const KernelTable& kernels_;
  const ProductTable& products_;
};

}  // namespace paddock
