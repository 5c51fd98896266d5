// The inner loops of the engine, once per instruction set.
//
// This header is all that a kernel translation unit shares with the rest: plain structs and function pointers, no
// templates of the standard library, so that no inline function compiled for one instruction set can be linked into
// code that must run without it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/gradient_table.h"
#include "quant/fit_table.h"
#include "quant/tensor_type.h"

namespace paddock {

// Attention works on keys in segments of this many positions; each segment's softmax is computed from scratch and
// segments are merged in order. The bounds are absolute positions, so the result of a row does not depend on how the
// rows before it were batched or cached.
inline constexpr int kSegmentKeys = 256;
// Keys are stored in panels of this many positions: [panel][head_dim][kKeyPanel].
inline constexpr int kKeyPanel = 16;
// With KvType::kQ8, this many columns of a key or value share a scale.
inline constexpr int kKvBlock = 32;
// The widest panel of any table; buffers of rows are padded to a multiple of it.
inline constexpr int kMaxLanes = 16;
// Weight rows are processed over at most this many columns at a time once they are unpacked to bytes: what is unpacked,
// its scales and the activations of a tile are to fit the first level of the cache, of which there are 32 KiB or more.
inline constexpr int kColumnBlock = 512;

// The type of cached keys and values: halves, or signed bytes with a scale per kKvBlock columns.
enum class KvType { kF16, kQ8 };

// How activations are quantized before a weight type is multiplied with them. Every type can be multiplied with floats
// too: slower by far, and without any rounding but that of the sums.
enum class ActivationKind {
  kFloat,  // not at all
  kQ8x32,  // blocks of 32: scale rounded to half precision
  kQ8x256  // blocks of 256: scale in single precision
};

constexpr ActivationKind ActivationKindOf(TensorType type) {
  switch (type) {
    case TensorType::kF32:
    case TensorType::kF16:
    case TensorType::kBF16: return ActivationKind::kFloat;
    case TensorType::kQ4_K:
    case TensorType::kQ5_K:
    case TensorType::kQ6_K: return ActivationKind::kQ8x256;
    case TensorType::kQ4_0:
    case TensorType::kQ4_1:
    case TensorType::kQ5_0:
    case TensorType::kQ5_1:
    case TensorType::kQ8_0:
    case TensorType::kIQ4_NL: return ActivationKind::kQ8x32;
  }
  return ActivationKind::kFloat;
}

// Rows of activations, row-major: either x or what its type's ActivationKindOf() says, x ~ d[i / block] * q[i]. Sums
// are of q over 16 and 32 elements.
struct Activations {
  const float* x;        // [tokens][columns], kFloat only
  const int8_t* q;       // [tokens][columns]
  const float* d;        // [tokens][columns / block]
  const int16_t* sum16;  // [tokens][columns / 16], kQ8x256 only
  const int16_t* sum32;  // [tokens][columns / 32]
};

// out[t * out_stride + i] = sum over columns of weight row (panel_begin * lanes + i) times activation row t.
struct MatmulArgs {
  const uint8_t* panels;
  size_t panel_bytes;  // from one panel to the next
  int columns;
  int panel_begin, panel_end;
  int tokens;
  Activations a;
  float* out;
  size_t out_stride;
  uint8_t* scratch;  // scratch_bytes, 64-byte aligned, one per thread
};

// One kv head's segment of keys against `rows` queries that share it.
struct AttendArgs {
  const float* q;  // [rows][head_dim], already scaled
  int rows;
  int head_dim;  // multiple of 8, for kQ8 of kKvBlock
  KvType type;
  const void* k;                      // first panel of the segment
  const void* v;                      // [kSegmentKeys][head_dim]
  const void* next_k;                 // keys of the next segment, to be fetched; null: none
  const uint16_t *k_scale, *v_scale;  // kQ8: [head_dim / kKvBlock][kSegmentKeys] halves
  const int* valid;                   // [rows] keys of the segment that the row may see, 1 .. kSegmentKeys
  float* scores;                      // scratch [rows][kSegmentKeys]
  float* max;                         // [rows] out: largest score
  float* sum;                         // [rows] out: sum of exp(score - max)
  float* o;                           // [rows][head_dim] out: sum of exp(score - max) * v
};

struct KernelTable {
  const char* name;
  int lanes;             // weight rows of a panel
  size_t scratch_bytes;  // per thread

  // Bytes of one panel of `columns` columns.
  size_t (*panel_bytes)(TensorType type, int columns);
  // Rearranges `rows` (1 .. lanes) weight rows of a file into one panel; missing rows become zeros.
  void (*pack_panel)(TensorType type, const uint8_t* source, size_t row_bytes, int rows, int columns, uint8_t* panel);
  void (*matmul)(TensorType type, const MatmulArgs& args);

  // One row. Rounding is to nearest even; integers equal those of llama.cpp's Q8_K and Q8_0 activations.
  void (*quantize_256)(const float* x, int columns, int8_t* q, float* d, int16_t* sum16, int16_t* sum32);
  void (*quantize_32)(const float* x, int columns, int8_t* q, float* d, int16_t* sum32);

  // out = x / sqrt(mean(x^2) + epsilon) * weight; out may be x. n is a multiple of 8.
  void (*rms_norm)(const float* x, const float* weight, int n, float epsilon, float* out);
  // gate = silu(gate) * up
  void (*silu_multiply)(float* gate, const float* up, int n);
  // out = silu(gate) * up, [n], from `lanes` values of gate, as many of up, the next of gate ...
  void (*silu_pairs)(const float* gate_up, int n, float* out);
  void (*attend)(const AttendArgs& args);
  // Merges one segment's result into the running (max, sum, o) of the same row.
  void (*merge)(float* max, float* sum, float* o, float segment_max, float segment_sum, const float* segment_o,
                int head_dim);
  void (*to_half)(const float* x, int n, uint16_t* out);

  // Reads `bytes` (a multiple of 256) once; the result only keeps the reads alive.
  uint64_t (*read_stream)(const void* data, size_t bytes);
  // Runs `iterations` of the int8 dot product on registers; returns the operations (multiplies and adds) done.
  uint64_t (*int8_peak)(uint64_t iterations, int32_t* sink);

  const GradientTable* gradients;  // for training
  const FitTable* fits;            // for quantizing weights
};

}  // namespace paddock
