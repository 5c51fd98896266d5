// What training needs of an instruction set besides the forward pass. Plain structs and function pointers, for the
// reasons given in kernel_table.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "quant/tensor_type.h"

namespace paddock {

// How the right side of a product is brought into the order that ProductTable::multiply reads. The packed form holds
// blocks of `width` columns one after another, each [k_total][width], the last one filled up with zeros.
struct PackArgs {
  const float* source;
  size_t stride;  // from one row of the source to the next
  int k, n;       // of the piece that is packed now
  int k_begin;    // where it begins in the packed form, a multiple of 16
  int k_total;    // even
  void* packed;   // ProductTable::PackedBytes(k_total, n)
};

// c[i][j] += sum over k of a[i][k] * b[k][j], summed in the order of k. Whether a row is computed alone or with others
// changes no bit of it.
struct ProductArgs {
  const void* a;    // [rows][k] of ProductTable::element_bytes
  size_t a_stride;  // elements
  const void* b;    // packed, of b_k rows, of which the first k are used
  int b_k;
  int rows, k, n;
  float* c;
  size_t c_stride;
};

// Products of dense matrices in one precision.
struct ProductTable {
  const char* name;   // "float32", "bfloat16"
  int width;          // columns of a packed block
  int element_bytes;  // of `a` and of the packed form

  // Rounds `n` floats to elements.
  void (*convert)(const float* x, size_t n, void* out);
  // Source rows are b's rows: [k][n].
  void (*pack_rows)(const PackArgs& args);
  // Source rows are b's columns: [n][k], k a multiple of 8.
  void (*pack_columns)(const PackArgs& args);
  void (*multiply)(const ProductArgs& args);

  size_t PackedBytes(int k_total, int n) const {
    return static_cast<size_t>((n + width - 1) / width) * static_cast<size_t>(width) * static_cast<size_t>(k_total) *
           static_cast<size_t>(element_bytes);
  }
};

struct GradientTable {
  const ProductTable* float32;

  // Columns begin .. end - 1 of a weight panel as floats, out[end - begin][lanes]. Bounds are multiples of the type's
  // block.
  void (*unpack)(TensorType type, const uint8_t* panel, int begin, int end, float* out);

  // y = x / sqrt(mean(x^2) + epsilon) * weight, of one row: dx += (dL/dy) dy/dx. n is a multiple of 8.
  void (*rms_norm_backward)(const float* x, const float* weight, const float* dy, int n, float epsilon, float* dx);
  // ffn = silu(gate) * up, of gate and up in half precision. In: d = dL/dffn. Out: d = dL/dgate, d_up = dL/dup
  // and, unless null, ffn. n is a multiple of 16.
  void (*silu_backward)(const uint16_t* gate, const uint16_t* up, int n, float* d, float* d_up, float* ffn);
  // The first `valid` of n scores become probabilities, the rest zeros. n is a multiple of 16.
  void (*softmax)(float* scores, int valid, int n);
  // d = dL/dp becomes dL/dscores of p = softmax(scores). n is a multiple of 16.
  void (*softmax_backward)(const float* p, int n, float* d);
  // -ln softmax(logits)[target], in nats. Logits become its derivative times `weight`. n is a multiple of 16: padding
  // entries must hold -3e38.
  float (*cross_entropy)(float* logits, int n, int target, float weight);
};

}  // namespace paddock
