// The weights of one model, rearranged for the kernels that will run.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <vector>

#include "base/buffer.h"
#include "base/sha256.h"
#include "base/status.h"
#include "gguf/gguf.h"
#include "kernels/kernel_table.h"
#include "model/architecture.h"
#include "model/embedding_rows.h"
#include "ops/thread_pool.h"

namespace paddock {

// A matrix as panels: panel p, at panels + p * panel_stride, holds rows p * lanes .. of `columns` elements.
struct PanelMatrix {
  TensorType type = TensorType::kF32;
  ActivationKind activations = ActivationKind::kFloat;  // what it is multiplied with
  int rows = 0, columns = 0;
  const uint8_t* panels = nullptr;
  size_t panel_bytes = 0;
  size_t panel_stride = 0;  // more than panel_bytes where the panels of two matrices take turns
  int panel_count = 0;
};

struct LayerWeights {
  std::vector<float> attention_norm;  // [embedding]
  PanelMatrix wq, wk, wv;             // [heads * head_dim | kv_heads * head_dim][embedding]
  std::vector<float> bq, bk, bv;      // empty or one per row
  std::vector<float> q_norm, k_norm;  // empty or [head_dim], of every head
  PanelMatrix wo;                     // [embedding][heads * head_dim]
  std::vector<float> ffn_norm;
  PanelMatrix gate, up;  // [ffn][embedding]; panel p of `up` lies behind panel p of `gate`, if of equal size
  PanelMatrix down;      // [embedding][ffn]

  // Whether gate and up can be multiplied as one matrix, whose panels are in turns of the one and of the other.
  bool gate_up_is_one() const { return gate.type == up.type && up.panels == gate.panels + gate.panel_bytes; }

  std::array<const PanelMatrix*, 7> matrices() const { return {&wq, &wk, &wv, &wo, &gate, &up, &down}; }
};

struct Weights {
  EmbeddingRows embedding;  // [vocabulary][embedding]
  std::vector<LayerWeights> layers;
  std::vector<float> output_norm;
  PanelMatrix lm_head;              // [vocabulary][embedding]; the embedding once more when the file ties them
  std::vector<float> rope_factors;  // [rope_dim / 2] divisors of the frequencies, or empty
  Buffer panels;
  // A name for everything that the file says: SHA-256 over its header and, piece by piece, all weights.
  Sha256::Digest digest{};

  // Whether nothing is multiplied with rounded activations.
  bool float_activations() const;
};

// What LoadWeights() will leave in memory, in bytes, before anything is loaded. Fails as LoadWeights() does when
// tensors are missing, misshapen or unknown; reads none of them.
Result<uint64_t> WeightBytes(const GgufFile& file, const Hyperparameters& h, const KernelTable& kernels);

// Checks every tensor's shape against the hyperparameters, then reads and packs them one after another on all threads,
// in pieces, so that the peak is the panels and a piece per thread. With `float_activations` they stay floats whatever
// the types. `progress` gets 0..1. kUnsupportedModel for a tensor that the forward pass would leave out, kInvalidModel
// when one is missing, misshapen or has a weight that is no number, each by name; kCancelled, kOutOfMemory, and as
// File::Read(). The file must still be given to weights->embedding.
Status LoadWeights(const GgufFile& file, const Hyperparameters& h, const KernelTable& kernels, bool float_activations,
                   const Team& team, const std::atomic<bool>* cancel, const std::function<void(double)>& progress,
                   Weights* weights);

}  // namespace paddock
