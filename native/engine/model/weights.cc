#include "model/weights.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <string>

#include "base/content_hash.h"
#include "quant/dequantize.h"
#include "quant/finite.h"

namespace paddock {
namespace {

Status Invalid(const std::string& what) {
  return {StatusCode::kInvalidModel,
          "This model cannot be used: " + what + ". Download it again or choose another file."};
}

// Walks the tensors of a model in one order, for sizing and for loading alike.
class Binder {
 public:
  Binder(const GgufFile& file, const Hyperparameters& h, const KernelTable& kernels, bool float_activations = false)
      : file_(file), h_(h), kernels_(kernels), float_activations_(float_activations) {}

  struct Job {
    const TensorInfo* source;
    PanelMatrix* matrix;  // null: only looked at
  };
  struct Norm {
    const TensorInfo* source;
    std::vector<float>* values;
  };

  Status Bind(Weights* w) {
    const uint64_t hidden = static_cast<uint64_t>(h_.embedding), ff = static_cast<uint64_t>(h_.ffn);
    const uint64_t q = static_cast<uint64_t>(h_.q_rows()), kv = static_cast<uint64_t>(h_.kv_rows());
    const uint64_t vocabulary = static_cast<uint64_t>(h_.vocabulary);
    const TensorInfo* embedding;
    PADDOCK_RETURN_IF_ERROR(Find("token_embd.weight", hidden, vocabulary, &embedding));
    w->embedding = EmbeddingRows(embedding->type, h_.vocabulary, h_.embedding, embedding->offset);
    PADDOCK_RETURN_IF_ERROR(Vector("output_norm.weight", hidden, true, &w->output_norm));
    PADDOCK_RETURN_IF_ERROR(
        Vector("rope_freqs.weight", static_cast<uint64_t>(h_.rope_dim) / 2, false, &w->rope_factors));
    w->layers.resize(h_.layers);
    for (int i = 0; i < h_.layers; ++i) {
      LayerWeights& layer = w->layers[i];
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
      PADDOCK_RETURN_IF_ERROR(Vector(prefix + "ffn_norm.weight", hidden, true, &layer.ffn_norm));
      PADDOCK_RETURN_IF_ERROR(Matrix(prefix + "ffn_gate.weight", hidden, ff, &layer.gate));
      PADDOCK_RETURN_IF_ERROR(Matrix(prefix + "ffn_up.weight", hidden, ff, &layer.up));
      PADDOCK_RETURN_IF_ERROR(Matrix(prefix + "ffn_down.weight", ff, hidden, &layer.down));
      if (h_.architecture->qk_norm) {
        const uint64_t dim = static_cast<uint64_t>(h_.head_dim);
        PADDOCK_RETURN_IF_ERROR(Vector(prefix + "attn_q_norm.weight", dim, true, &layer.q_norm));
        PADDOCK_RETURN_IF_ERROR(Vector(prefix + "attn_k_norm.weight", dim, true, &layer.k_norm));
      }
    }
    const bool tied = file_.FindTensor("output.weight") == nullptr;
    PADDOCK_RETURN_IF_ERROR(Matrix(tied ? "token_embd.weight" : "output.weight", hidden, vocabulary, &w->lm_head));
    if (!tied) jobs_.push_back({embedding, nullptr});
    return NothingLeft();
  }

  // Every tensor of the file is in one of these.
  const std::vector<Job>& jobs() const { return jobs_; }
  const std::vector<Norm>& norms() const { return norms_; }

  uint64_t PanelBytes() const {
    uint64_t bytes = 0;
    for (const Job& job : jobs_) bytes += JobBytes(job);
    return bytes;
  }
  uint64_t NormBytes() const {
    uint64_t bytes = 0;
    for (const Norm& norm : norms_) bytes += norm.source->columns() * sizeof(float);
    return bytes;
  }

  static uint64_t JobBytes(const Job& job) {
    if (job.matrix == nullptr) return 0;
    const uint64_t bytes =
        static_cast<uint64_t>(job.matrix->panel_bytes) * static_cast<uint64_t>(job.matrix->panel_count);
    return (bytes + 63) / 64 * 64;
  }

 private:
  Status Find(const std::string& name, uint64_t columns, uint64_t rows, const TensorInfo** out) {
    const TensorInfo* tensor = file_.FindTensor(name);
    if (tensor == nullptr) return Invalid("the tensor " + name + " is missing");
    if (tensor->columns() != columns || tensor->shape[1] != rows || tensor->shape[2] != 1 || tensor->shape[3] != 1) {
      return Invalid("the tensor " + name + " has the shape " + std::to_string(tensor->columns()) + " x " +
                     std::to_string(tensor->rows()) + " where " + std::to_string(columns) + " x " +
                     std::to_string(rows) + " was expected");
    }
    used_.insert(tensor);
    *out = tensor;
    return Status::Ok();
  }

  // An unread tensor means a variant of the family with another norm, bias or layer, whose results would be wrong.
  Status NothingLeft() const {
    for (const TensorInfo& tensor : file_.tensors()) {
      if (used_.contains(&tensor)) continue;
      return {StatusCode::kUnsupportedModel,
              "This model has a tensor, " + std::string(tensor.name.substr(0, 80)) + ", that models of the family " +
                  h_.architecture->name +
                  " do not have here: it is a variant that this engine does not run. Choose "
                  "another model."};
    }
    return Status::Ok();
  }

  Status Matrix(const std::string& name, uint64_t columns, uint64_t rows, PanelMatrix* out) {
    const TensorInfo* tensor;
    PADDOCK_RETURN_IF_ERROR(Find(name, columns, rows, &tensor));
    out->type = tensor->type;
    out->activations = float_activations_ ? ActivationKind::kFloat : ActivationKindOf(tensor->type);
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
    norms_.push_back({tensor, out});
    return Status::Ok();
  }

  const GgufFile& file_;
  const Hyperparameters& h_;
  const KernelTable& kernels_;
  const bool float_activations_;
  std::vector<Job> jobs_;
  std::vector<Norm> norms_;
  std::set<const TensorInfo*> used_;
};

// Reads tensors whole, in pieces on all threads, and names what they say.
class TensorReader {
 public:
  TensorReader(const GgufFile& file, const Team& team, const std::atomic<bool>* cancel)
      : file_(file), team_(team), cancel_(cancel), digests_(file.tensors().size()) {}

  // Room for pieces of the widest rows. False when there is not enough memory.
  bool Allocate() {
    size_t widest = 0;
    for (const TensorInfo& tensor : file_.tensors()) widest = std::max(widest, PieceRows(tensor) * BytesOfRow(tensor));
    piece_bytes_ = (widest + 63) / 64 * 64;
    return buffer_.Allocate(piece_bytes_ * team_.size());
  }

  // Calls use(row, count, bytes) for pieces of `count` rows from `row`, a multiple of kMaxLanes, on.
  template <typename Use>
  Status Read(const TensorInfo& tensor, Use use) {
    const size_t rows = tensor.rows(), step = PieceRows(tensor), row_bytes = BytesOfRow(tensor);
    const int pieces = static_cast<int>((rows + step - 1) / step);
    std::vector<ContentHash> hashes(pieces);
    std::atomic<bool> finite{true};
    std::mutex mutex;
    Status status;
    team_.Run(cancel_, [&](const Worker& worker) {
      uint8_t* const buffer = buffer_.data() + piece_bytes_ * worker.index;
      for (int piece; (piece = worker.Claim(pieces)) < pieces;) {
        const size_t row = piece * step, count = std::min(step, rows - row);
        const std::span<uint8_t> bytes(buffer, count * row_bytes);
        if (Status read = file_.Read(tensor, row * row_bytes, bytes); !read.ok()) {
          const std::lock_guard lock(mutex);
          status = std::move(read);
          return;
        }
        if (!AllFinite(tensor.type, buffer, bytes.size())) finite.store(false, std::memory_order_relaxed);
        hashes[piece] = HashContent(bytes);
        use(row, count, buffer);
      }
    });
    PADDOCK_RETURN_IF_ERROR(status);
    if (cancel_ != nullptr && cancel_->load()) return {StatusCode::kCancelled, "Loading was cancelled."};
    if (!finite.load()) {
      return {StatusCode::kInvalidModel,
              "This model cannot be used: the tensor " + std::string(tensor.name.substr(0, 80)) +
                  " has weights that are no numbers. Download it again or choose another file."};
    }
    digests_[&tensor - file_.tensors().data()] = DigestOf(hashes);
    return Status::Ok();
  }

  // After all tensors have been read.
  Sha256::Digest Digest() const {
    Sha256 sha;
    sha.Add(DigestOf({HashContent(file_.header())}));
    for (const Sha256::Digest& digest : digests_) sha.Add(digest);
    return sha.Finish();
  }

 private:
  static size_t BytesOfRow(const TensorInfo& tensor) { return RowBytes(tensor.type, tensor.columns()); }
  // The same for every kernel table, since the digest depends on it.
  static size_t PieceRows(const TensorInfo& tensor) {
    constexpr size_t kPieceBytes = size_t{512} << 10, kLanes = kMaxLanes;
    return std::clamp(kPieceBytes / BytesOfRow(tensor) / kLanes * kLanes, kLanes, size_t{256});
  }
  static Sha256::Digest DigestOf(const std::vector<ContentHash>& hashes) {
    Sha256 sha;
    sha.Add({reinterpret_cast<const uint8_t*>(hashes.data()), hashes.size() * sizeof(ContentHash)});
    return sha.Finish();
  }

  const GgufFile& file_;
  const Team team_;
  const std::atomic<bool>* const cancel_;
  std::vector<Sha256::Digest> digests_;  // [tensor]
  Buffer buffer_;                        // [thread][piece_bytes_]
  size_t piece_bytes_ = 0;
};

// Packs rows that were read, whole panels unless they are the last.
void PackRows(const KernelTable& kernels, const PanelMatrix& m, size_t row, size_t count, const uint8_t* source,
              uint8_t* panels) {
  const size_t lanes = kernels.lanes, row_bytes = RowBytes(m.type, m.columns);
  for (size_t at = 0; at < count; at += lanes) {
    kernels.pack_panel(m.type, source + at * row_bytes, row_bytes, static_cast<int>(std::min(lanes, count - at)),
                       m.columns, panels + (row + at) / lanes * m.panel_stride);
  }
}

Status LoadNorms(const std::vector<Binder::Norm>& norms, TensorReader* reader) {
  for (const Binder::Norm& norm : norms) {
    const size_t size = norm.source->columns();
    norm.values->resize(size);
    PADDOCK_RETURN_IF_ERROR(reader->Read(*norm.source, [&](size_t, size_t, const uint8_t* bytes) {
      Dequantize(norm.source->type, bytes, size, norm.values->data());
    }));
  }
  return Status::Ok();
}

// Gives every matrix its place in the buffer.
void PlacePanels(const Binder& binder, Weights* weights) {
  uint64_t offset = 0;
  for (const Binder::Job& job : binder.jobs()) {
    if (job.matrix != nullptr) job.matrix->panels = weights->panels.data() + offset;
    offset += Binder::JobBytes(job);
  }
  // Gate and up are multiplied together, so their panels alternate and are read as one stream.
  for (LayerWeights& layer : weights->layers) {
    if (layer.gate.panel_bytes != layer.up.panel_bytes) continue;
    layer.gate.panel_stride = layer.up.panel_stride = 2 * layer.gate.panel_bytes;
    layer.up.panels = layer.gate.panels + layer.gate.panel_bytes;
  }
}

}  // namespace

bool Weights::float_activations() const {
  const auto of_floats = [](const PanelMatrix& m) { return m.activations == ActivationKind::kFloat; };
  return of_floats(lm_head) && std::all_of(layers.begin(), layers.end(), [&](const LayerWeights& layer) {
           const auto matrices = layer.matrices();
           return std::all_of(matrices.begin(), matrices.end(), [&](const PanelMatrix* m) { return of_floats(*m); });
         });
}

Result<uint64_t> WeightBytes(const GgufFile& file, const Hyperparameters& h, const KernelTable& kernels) {
  Weights weights;
  Binder binder(file, h, kernels);
  PADDOCK_RETURN_IF_ERROR(binder.Bind(&weights));
  return binder.PanelBytes() + binder.NormBytes();
}

Status LoadWeights(const GgufFile& file, const Hyperparameters& h, const KernelTable& kernels, bool float_activations,
                   const Team& team, const std::atomic<bool>* cancel, const std::function<void(double)>& progress,
                   Weights* weights) {
  Binder binder(file, h, kernels, float_activations);
  PADDOCK_RETURN_IF_ERROR(binder.Bind(weights));
  const uint64_t total = binder.PanelBytes();
  if (!weights->panels.Allocate(total)) {
    return {StatusCode::kOutOfMemory, "There is not enough memory for this model's weights (" +
                                          std::to_string(total >> 20) +
                                          " MiB). Close other programs or choose a smaller model."};
  }
  PlacePanels(binder, weights);
  TensorReader reader(file, team, cancel);
  if (!reader.Allocate()) return {StatusCode::kOutOfMemory, "There is not enough memory to read this model."};
  PADDOCK_RETURN_IF_ERROR(LoadNorms(binder.norms(), &reader));
  // In the order of the file: disks like to read ahead.
  std::vector<Binder::Job> jobs = binder.jobs();
  std::sort(jobs.begin(), jobs.end(),
            [](const Binder::Job& a, const Binder::Job& b) { return a.source->offset < b.source->offset; });
  uint64_t done = 0, all = 0;
  for (const Binder::Job& job : jobs) all += job.source->bytes;
  for (const Binder::Job& job : jobs) {
    PADDOCK_RETURN_IF_ERROR(reader.Read(*job.source, [&](size_t row, size_t count, const uint8_t* bytes) {
      if (job.matrix == nullptr) return;
      // The buffer is ours; kernels only ever read it.
      uint8_t* panels = weights->panels.data() + (job.matrix->panels - weights->panels.data());
      PackRows(kernels, *job.matrix, row, count, bytes, panels);
    }));
    done += job.source->bytes;
    if (progress) progress(static_cast<double>(done) / static_cast<double>(all));
  }
  weights->digest = reader.Digest();
  return Status::Ok();
}

}  // namespace paddock
