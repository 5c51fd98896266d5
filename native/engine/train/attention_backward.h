// The backward pass of causal attention of one head over one sequence.
#pragma once

#include "base/arena.h"
#include "kernels/kernel_table.h"

namespace paddock {

class AttentionBackward {
 public:
  // `longest` = the most rows of a sequence.
  AttentionBackward(const GradientTable& gradients, const ProductTable& products, int head_dim, int longest)
      : gradients_(gradients), products_(products), dim_(head_dim), longest_(longest) {}

  // A thread's working memory.
  void Take(Arena* arena);

  // All matrices are [rows][head_dim] with their strides between rows.
  struct Args {
    int rows;
    const float* q;                                    // scaled, so that scores = q k^T
    const uint16_t *k, *v;                             // halves
    const float* d_out;                                // dL/dout
    float *dq, *dk, *dv;                               // out: written whole; dq by the scaled q
    size_t q_stride, kv_stride, d_stride, out_stride;  // of q; k and v; d_out; dq, dk and dv
  };
  // With P = softmax(q k^T), out = P v: dv = P^T dout, dS = P * (dout v^T - rowsum(P * dout v^T)), dq = dS k,
  // dk = dS^T q. Probabilities are computed again, some queries at a time, so that memory grows with the length only.
  void Run(const Args& args);

 private:
  void LoadKeys(const Args& args);
  void AddTile(const Args& args, int first, int count);

  const GradientTable& gradients_;
  const ProductTable& products_;
  int dim_, longest_;
  float* rows_;                                // [longest][dim] keys or values as floats
  uint8_t *k_columns_, *v_columns_, *k_rows_;  // packed
  float *p_, *ds_;                             // [kTile][longest, padded]
  uint8_t *left_, *packed_;                    // a left side [kTile][longest, padded]; the same packed
  float* transposed_;                          // [dim][kTile]
  float *dk_t_, *dv_t_;                        // [dim][longest, padded]
};

}  // namespace paddock
