#include "model/weights.h"

#include <algorithm>
#include <string>

#include "quant/dequantize.h"

namespace paddock {
namespace {

Status Invalid(const std::string& what) {
  return {Code::kInvalidModel, "This model cannot be used: " + what + ". Download it again or choose another file."};
}

// Walks the tensors of a model in one order, for sizing and for loading alike.
class Binder {
 public:
  Binder(const GgufFile& file, const Hyperparameters& h, const KernelTable& kernels, bool exact = false)
      : file_(file), h_(h), kernels_(kernels), exact_(exact) {}

  struct Job {
    const TensorInfo* source;
    PanelMatrix* matrix;
  };

  Status Bind(Weights* w) {
    const uint64_t hidden = static_cast<uint64_t>(h_.hidden), ff = static_cast<uint64_t>(h_.feed_forward);
    const uint64_t q = static_cast<uint64_t>(h_.q_rows()), kv = static_cast<uint64_t>(h_.kv_rows());
    const uint64_t vocabulary = static_cast<uint64_t>(h_.vocabulary);
    const TensorInfo* embedding;
    PADDOCK_RETURN_IF_ERROR(Find("token_embd.weight", hidden, vocabulary, &embedding));
    w->embedding = *embedding;
    PADDOCK_RETURN_IF_ERROR(Vector("output_norm.weight", hidden, true, &w->output_norm));
    PADDOCK_RETURN_IF_ERROR(
        Vector("rope_freqs.weight", static_cast<uint64_t>(h_.rope_dim) / 2, false, &w->rope_factors));
    w->layers.resize(static_cast<size_t>(h_.layers));
    for (int i = 0; i < h_.layers; ++i) {
      LayerWeights& layer = w->layers[static_cast<size_t>(i)];
      const std::string prefix = "blk." + std::to_string(i) + ".";
      const bool bias = h_.architecture->qkv_bias;
      PADDOCK_RETURN_IF_ERROR(Vector(prefix + "attn_norm.weight", hidden, true, &layer.attention_norm));
      PADDOCK_RETURN_IF_ERROR(Matrix(prefix + "attn_q.weight", hidden, q, &layer.wq));
      PADDOCK_RETURN_IF_ERROR(Matrix(prefix + "attn_k.weight", hidden, kv, &layer.wk));
      PADDOCK_RETURN_IF_ERROR(Matrix(prefix + "attn_v.weight", hidden, kv, &layer.wv));
      PADDOCK_RETURN_IF_ERROR(Vector(prefix + "attn_q.bias", q, bias, &layer.bq));
      PADDOCK_RETURN_IF_ERROR(Vector(prefix + "attn_k.bias", kv, bias, &layer.bk));
      PADDOCK_RETURN_IF_ERROR(Vector(prefix + "attn_v.bias", kv, bias, &layer.bv));
      PADDOCK_RETURN_IF_ERROR(Matrix(prefix + "attn_output.weight", q, hidden, &layer.wo));
      PADDOCK_RETURN_IF_ERROR(Vector(prefix + "ffn_norm.weight", hidden, true, &layer.feed_forward_norm));
      PADDOCK_RETURN_IF_ERROR(Matrix(prefix + "ffn_gate.weight", hidden, ff, &layer.gate));
      PADDOCK_RETURN_IF_ERROR(Matrix(prefix + "ffn_up.weight", hidden, ff, &layer.up));
      PADDOCK_RETURN_IF_ERROR(Matrix(prefix + "ffn_down.weight", ff, hidden, &layer.down));
      if (h_.architecture->qk_norm) {
        const uint64_t dim = static_cast<uint64_t>(h_.head_dim);
        PADDOCK_RETURN_IF_ERROR(Vector(prefix + "attn_q_norm.weight", dim, true, &layer.q_norm));
        PADDOCK_RETURN_IF_ERROR(Vector(prefix + "attn_k_norm.weight", dim, true, &layer.k_norm));
      } else {
        PADDOCK_RETURN_IF_ERROR(Without(prefix, {"attn_q_norm.weight", "attn_k_norm.weight"}));
      }
      PADDOCK_RETURN_IF_ERROR(Without(
          prefix, {"attn_output.bias", "ffn_gate.bias", "ffn_up.bias", "ffn_down.bias", "ffn_gate_inp.weight"}));
    }
    const bool tied = file_.FindTensor("output.weight") == nullptr;
    return Matrix(tied ? "token_embd.weight" : "output.weight", hidden, vocabulary, &w->head);
  }

  const std::vector<Job>& jobs() const { return jobs_; }

  uint64_t PanelBytes() const {
    uint64_t bytes = 0;
    for (const Job& job : jobs_) bytes += JobBytes(job);
    return bytes;
  }
  uint64_t VectorBytes() const { return vector_bytes_; }

  static uint64_t JobBytes(const Job& job) {
    const uint64_t bytes =
        static_cast<uint64_t>(job.matrix->panel_bytes) * static_cast<uint64_t>(job.matrix->panel_count);
    return (bytes + 63) / 64 * 64;
  }

 private:
  Status Find(const std::string& name, uint64_t columns, uint64_t rows, const TensorInfo** out) const {
    const TensorInfo* tensor = file_.FindTensor(name);
    if (tensor == nullptr) return Invalid("the tensor " + name + " is missing");
    if (tensor->columns() != columns || tensor->shape[1] != rows || tensor->shape[2] != 1 || tensor->shape[3] != 1) {
      return Invalid("the tensor " + name + " has the shape " + std::to_string(tensor->columns()) + " x " +
                     std::to_string(tensor->rows()) + " where " + std::to_string(columns) + " x " +
                     std::to_string(rows) + " was expected");
    }
    *out = tensor;
    return Status::Ok();
  }

  // Tensors that other models have and that the forward pass would leave out.
  Status Without(const std::string& prefix, std::initializer_list<const char*> names) const {
    for (const char* name : names) {
      if (file_.FindTensor(prefix + name) != nullptr) {
        return {Code::kUnsupportedModel, "This model has a part (" + std::string(name) +
                                             ") that this engine does not run yet. Choose another model."};
      }
    }
    return Status::Ok();
  }

  Status Matrix(const std::string& name, uint64_t columns, uint64_t rows, PanelMatrix* out) {
    const TensorInfo* tensor;
    PADDOCK_RETURN_IF_ERROR(Find(name, columns, rows, &tensor));
    out->type = tensor->type;
    out->activations = exact_ ? ActivationKind::kFloat : KindFor(tensor->type);
    out->rows = static_cast<int>(rows);
    out->columns = static_cast<int>(columns);
    out->panel_bytes = kernels_.panel_bytes(tensor->type, out->columns);
    out->panel_stride = out->panel_bytes;
    out->panel_count = (out->rows + kernels_.lanes - 1) / kernels_.lanes;
    jobs_.push_back({tensor, out});
    return Status::Ok();
  }

  Status Vector(const std::string& name, uint64_t size, bool required, std::vector<float>* out) {
    if (!required && file_.FindTensor(name) == nullptr) return Status::Ok();
    const TensorInfo* tensor;
    PADDOCK_RETURN_IF_ERROR(Find(name, size, 1, &tensor));
    out->resize(size);
    vector_bytes_ += size * sizeof(float);
    Dequantize(tensor->type, tensor->data.data(), size, out->data());
    return Status::Ok();
  }

  const GgufFile& file_;
  const Hyperparameters& h_;
  const KernelTable& kernels_;
  const bool exact_;
  std::vector<Job> jobs_;
  uint64_t vector_bytes_ = 0;
};

size_t OffsetIn(const GgufFile& file, const uint8_t* data) {
  return static_cast<size_t>(data - file.mapping().bytes().data());
}

// Packs one tensor on all threads; stops early when cancelled.
void PackTensor(const GgufFile& file, const KernelTable& kernels, ThreadPool& pool, const std::atomic<bool>* cancel,
                const Binder::Job& job, Weights* weights) {
  constexpr int kPanelsPerClaim = 16;
  const PanelMatrix& m = *job.matrix;
  // The buffer is ours; kernels only ever read it.
  uint8_t* out = weights->panels.data() + (m.panels - weights->panels.data());
  const size_t row_bytes = RowBytes(m.type, static_cast<size_t>(m.columns));
  const int pieces = (m.panel_count + kPanelsPerClaim - 1) / kPanelsPerClaim;
  pool.Run(cancel, [&](int thread) {
    for (int piece; (piece = pool.Claim(thread, pieces)) < pieces;) {
      const int begin = piece * kPanelsPerClaim, end = std::min(begin + kPanelsPerClaim, m.panel_count);
      const auto source = [&](int panel) {
        return job.source->data.data() + static_cast<size_t>(std::min(panel * kernels.lanes, m.rows)) * row_bytes;
      };
      file.mapping().Populate(OffsetIn(file, source(begin)), static_cast<size_t>(source(end) - source(begin)));
      for (int i = begin; i < end; ++i) {
        kernels.pack_panel(m.type, source(i), row_bytes, std::min(m.rows - i * kernels.lanes, kernels.lanes), m.columns,
                           out + static_cast<size_t>(i) * m.panel_stride);
      }
    }
  });
}

}  // namespace

bool Weights::exact() const {
  const auto of_floats = [](const PanelMatrix& m) { return m.activations == ActivationKind::kFloat; };
  return of_floats(head) && std::all_of(layers.begin(), layers.end(), [&](const LayerWeights& layer) {
           const auto matrices = layer.matrices();
           return std::all_of(matrices.begin(), matrices.end(), [&](const PanelMatrix* m) { return of_floats(*m); });
         });
}

Result<uint64_t> WeightBytes(const GgufFile& file, const Hyperparameters& h, const KernelTable& kernels) {
  Weights weights;
  Binder binder(file, h, kernels);
  PADDOCK_RETURN_IF_ERROR(binder.Bind(&weights));
  return binder.PanelBytes() + binder.VectorBytes();
}

Status LoadWeights(const GgufFile& file, const Hyperparameters& h, const KernelTable& kernels, bool exact,
                   ThreadPool& pool, const std::atomic<bool>* cancel, const std::function<void(double)>& progress,
                   Weights* weights) {
  Binder binder(file, h, kernels, exact);
  PADDOCK_RETURN_IF_ERROR(binder.Bind(weights));
  const uint64_t total = binder.PanelBytes();
  if (!weights->panels.Allocate(total)) {
    return {Code::kOutOfMemory, "There is not enough memory for this model's weights (" + std::to_string(total >> 20) +
                                    " MiB). Close other programs or choose a smaller model."};
  }
  uint64_t offset = 0;
  for (const Binder::Job& job : binder.jobs()) {
    job.matrix->panels = weights->panels.data() + offset;
    offset += Binder::JobBytes(job);
  }
  // What is multiplied together is read as one stream.
  for (LayerWeights& layer : weights->layers) {
    if (layer.gate.panel_bytes != layer.up.panel_bytes) continue;
    layer.gate.panel_stride = layer.up.panel_stride = 2 * layer.gate.panel_bytes;
    layer.up.panels = layer.gate.panels + layer.gate.panel_bytes;
  }
  // The largest first, while the buffer is still mostly untouched: the peak is then the panels and one small tensor.
  std::vector<Binder::Job> jobs = binder.jobs();
  std::stable_sort(jobs.begin(), jobs.end(), [](const Binder::Job& a, const Binder::Job& b) {
    return Binder::JobBytes(a) > Binder::JobBytes(b);
  });
  uint64_t done = 0;
  for (const Binder::Job& job : jobs) {
    PackTensor(file, kernels, pool, cancel, job, weights);
    if (cancel != nullptr && cancel->load()) return {Code::kCancelled, "Loading was cancelled."};
    file.mapping().Drop(OffsetIn(file, job.source->data.data()), job.source->data.size());
    done += Binder::JobBytes(job);
    if (progress) progress(static_cast<double>(done) / static_cast<double>(total));
  }
  return Status::Ok();
}

}  // namespace paddock
