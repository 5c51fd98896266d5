// A transformer with adapters as its papers define it, in double precision and without any of the engine's code but
// the reading of weights: the oracle of gradients. Slow; for tiny models.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "quant/dequantize.h"
#include "tiny_model.h"
#include "train/lora.h"

namespace paddock::test {

// The model below wants adapters; with zeros as their values these add nothing.
inline Lora NoAdapters(const TinyModel& model) {
  Hyperparameters h{};
  h.layers = model.layers;
  h.embedding = model.embedding_length;
  h.ffn = model.ffn;
  h.heads = model.heads;
  h.kv_heads = model.kv_heads;
  h.head_dim = model.head_dim();
  LoraOptions everything;
  everything.targets.fill(true);
  return Lora(everything, h);
}

class ReferenceModel {
 public:
  using Rows = std::vector<std::vector<double>>;

  ReferenceModel(const TinyModel& model, const Lora& lora) : model_(model), lora_(lora) {
    const GgufWriter writer = model.Writer();
    for (const auto& tensor : writer.tensors) {
      size_t count = 1;
      for (const uint64_t n : tensor.shape) count *= static_cast<size_t>(n);
      std::vector<float> floats(count);
      Dequantize(static_cast<TensorType>(tensor.type), tensor.data.data(), count, floats.data());
      weights_[tensor.name].assign(floats.begin(), floats.end());
    }
  }

  // The sum of -ln p of the counted tokens; `values` as Lora::values().
  double Loss(const std::vector<int32_t>& ids, const std::vector<uint8_t>& counted,
              const std::vector<double>& values) const {
    const size_t hidden = static_cast<size_t>(model_.embedding_length);
    const std::vector<double>& embedding = weights_.at("token_embd.weight");
    Rows x;
    for (const int32_t id : ids) {
      const auto begin = embedding.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(id) * hidden);
      x.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(hidden));
    }
    for (int layer = 0; layer < model_.layers; ++layer) {
      const std::string blk = "blk." + std::to_string(layer) + ".";
      const Rows normalized = Norm(x, blk + "attn_norm.weight");
      const auto linear = [&](LoraTarget target, const Rows& in) { return Linear(layer, target, in, values); };
      Rows q = linear(LoraTarget::kQ, normalized), k = linear(LoraTarget::kK, normalized),
           v = linear(LoraTarget::kV, normalized);
      if (model_.architecture == "qwen3") {
        q = NormHeads(q, blk + "attn_q_norm.weight");
        k = NormHeads(k, blk + "attn_k_norm.weight");
      }
      Rotate(&q);
      Rotate(&k);
      Add(&x, linear(LoraTarget::kO, Attend(q, k, v)));
      const Rows middle = Norm(x, blk + "ffn_norm.weight");
      Rows gate = linear(LoraTarget::kGate, middle);
      const Rows up = linear(LoraTarget::kUp, middle);
      for (size_t i = 0; i < gate.size(); ++i) {
        for (size_t j = 0; j < gate[i].size(); ++j) gate[i][j] *= up[i][j] / (1 + std::exp(-gate[i][j]));
      }
      Add(&x, linear(LoraTarget::kDown, gate));
    }
    const Rows last = Norm(x, "output_norm.weight");
    double total = 0;
    for (size_t i = 1; i < ids.size(); ++i) {
      if (counted[i] == 0) continue;
      const std::vector<double> logits = Times(embedding, last[i - 1], embedding.size() / hidden);
      double sum = 0;
      for (const double logit : logits) sum += std::exp(logit);
      total += std::log(sum) - logits[static_cast<size_t>(ids[i])];
    }
    return total;
  }

  // The sum, over all tokens of all losses so far, of the squares of what a matrix was multiplied with, [columns].
  const std::vector<double>& Squares(const std::string& matrix) const { return squares_.at(matrix); }

 private:
  static std::vector<double> Times(const std::vector<double>& w, const std::vector<double>& x, size_t rows) {
    std::vector<double> out(rows);
    for (size_t r = 0; r < rows; ++r) {
      for (size_t c = 0; c < x.size(); ++c) out[r] += w[r * x.size() + c] * x[c];
    }
    return out;
  }

  Rows Linear(int layer, LoraTarget target, const Rows& in, const std::vector<double>& values) const {
    const std::string name = LoraTensorName(target, layer);
    const std::vector<double>& w = weights_.at(name);
    const auto bias = weights_.find(name.substr(0, name.size() - 6) + "bias");
    const Lora::Pair& pair = lora_.At(layer, target);
    const size_t rank = static_cast<size_t>(lora_.options().rank), columns = static_cast<size_t>(pair.in),
                 rows = static_cast<size_t>(pair.out);
    const double scale = static_cast<double>(lora_.options().alpha) / static_cast<double>(rank);
    Rows out;
    std::vector<double>& squares = squares_[name];
    squares.resize(columns);
    for (const std::vector<double>& x : in) {
      for (size_t c = 0; c < columns; ++c) squares[c] += x[c] * x[c];
      std::vector<double> y = Times(w, x, rows);
      for (size_t r = 0; r < rank; ++r) {
        double z = 0;
        for (size_t c = 0; c < columns; ++c) z += values[pair.a + r * columns + c] * x[c];
        for (size_t i = 0; i < rows; ++i) y[i] += scale * z * values[pair.b + r * rows + i];
      }
      if (bias != weights_.end()) {
        for (size_t i = 0; i < rows; ++i) y[i] += bias->second[i];
      }
      out.push_back(std::move(y));
    }
    return out;
  }

  Rows Norm(const Rows& x, const std::string& name) const {
    const std::vector<double>& w = weights_.at(name);
    Rows out = x;
    for (std::vector<double>& row : out) {
      double squares = 0;
      for (const double v : row) squares += v * v;
      const double scale = 1 / std::sqrt(squares / static_cast<double>(row.size()) + 1e-5);
      for (size_t i = 0; i < row.size(); ++i) row[i] *= scale * w[i];
    }
    return out;
  }

  Rows NormHeads(const Rows& x, const std::string& name) const {
    const auto dim = static_cast<std::ptrdiff_t>(model_.head_dim());
    Rows out;
    for (const std::vector<double>& row : x) {
      Rows heads;
      for (auto head = row.begin(); head != row.end(); head += dim) heads.emplace_back(head, head + dim);
      std::vector<double>& joined = out.emplace_back();
      for (const std::vector<double>& head : Norm(heads, name)) joined.insert(joined.end(), head.begin(), head.end());
    }
    return out;
  }

  void Rotate(Rows* x) const {
    const size_t dim = static_cast<size_t>(model_.head_dim());
    const bool halves = model_.architecture != "llama";
    for (size_t position = 0; position < x->size(); ++position) {
      std::vector<double>& row = (*x)[position];
      for (size_t head = 0; head < row.size(); head += dim) {
        for (size_t i = 0; i < dim / 2; ++i) {
          const double angle = static_cast<double>(position) *
                               std::pow(10000.0, -2.0 * static_cast<double>(i) / static_cast<double>(dim));
          double& a = row[head + (halves ? i : 2 * i)];
          double& b = row[head + (halves ? i + dim / 2 : 2 * i + 1)];
          const double x0 = a, x1 = b;
          a = x0 * std::cos(angle) - x1 * std::sin(angle);
          b = x0 * std::sin(angle) + x1 * std::cos(angle);
        }
      }
    }
  }

  Rows Attend(const Rows& q, const Rows& k, const Rows& v) const {
    const size_t dim = static_cast<size_t>(model_.head_dim());
    const size_t group = static_cast<size_t>(model_.heads / model_.kv_heads);
    Rows out(q.size(), std::vector<double>(q[0].size()));
    for (size_t i = 0; i < q.size(); ++i) {
      for (size_t head = 0; head < static_cast<size_t>(model_.heads); ++head) {
        const size_t at = head * dim, kv = head / group * dim;
        std::vector<double> p(i + 1);
        for (size_t j = 0; j <= i; ++j) {
          for (size_t c = 0; c < dim; ++c) p[j] += q[i][at + c] * k[j][kv + c];
          p[j] /= std::sqrt(static_cast<double>(dim));
        }
        const double peak = *std::max_element(p.begin(), p.end());
        double sum = 0;
        for (double& score : p) sum += score = std::exp(score - peak);
        for (size_t j = 0; j <= i; ++j) {
          for (size_t c = 0; c < dim; ++c) out[i][at + c] += p[j] / sum * v[j][kv + c];
        }
      }
    }
    return out;
  }

  static void Add(Rows* x, const Rows& y) {
    for (size_t i = 0; i < y.size(); ++i) {
      for (size_t j = 0; j < y[i].size(); ++j) (*x)[i][j] += y[i][j];
    }
  }

  const TinyModel& model_;
  const Lora& lora_;
  mutable std::map<std::string, std::vector<double>> squares_;
  std::map<std::string, std::vector<double>> weights_;
};

}  // namespace paddock::test
