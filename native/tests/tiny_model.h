// A whole model of a few hundred kilobytes with random weights: small enough to damage, load and run in milliseconds.
#pragma once

#include <string>
#include <vector>

#include "gguf_writer.h"
#include "random_tensor.h"
#include "tokenizer/pretokenizer.h"

namespace paddock::test {

struct TinyModel {
  std::string architecture = "llama";
  TensorType matrix = TensorType::kQ4_K, down = TensorType::kQ6_K, embedding = TensorType::kQ8_0;
  int layers = 2, embedding_length = 256, ffn = 512, heads = 4, kv_heads = 2, context = 1024;
  int key_length = 0;  // of a head, where it is not embedding_length / heads
  bool tied = true;

  int head_dim() const { return key_length > 0 ? key_length : embedding_length / heads; }

  static constexpr int kEnd = 258;  // <|end|>

  // 256 bytes, two merged tokens, one control token, padding up to 272.
  static std::vector<std::string> Vocabulary() {
    std::vector<std::string> tokens;
    uint32_t next = 0x100;
    for (uint32_t b = 0; b < 256; ++b) {
      const bool printable = (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
      std::string text;
      AppendUtf8(printable ? b : next++, &text);
      tokens.push_back(text);
    }
    tokens.insert(tokens.end(), {"ab", "abc", "<|end|>"});
    while (tokens.size() < 272) tokens.push_back("<pad" + std::to_string(tokens.size()) + ">");
    return tokens;
  }

  // As the family has it: its heads are together wider than the residual stream, and normalized.
  static TinyModel Qwen3() {
    TinyModel model;
    model.architecture = "qwen3";
    model.key_length = 128;
    return model;
  }

  // Of blocks of 32, and no multiple of 256 columns wide.
  static TinyModel Blocks32() {
    TinyModel model;
    model.matrix = TensorType::kQ4_1;
    model.down = TensorType::kQ5_0;
    model.embedding_length = 320;
    model.ffn = 544;
    model.heads = 5;
    model.kv_heads = 1;
    return model;
  }

  GgufWriter Writer() const {
    GgufWriter w;
    const auto key = [&](const char* name) { return architecture + "." + name; };
    w.String("general.architecture", architecture);
    w.String("general.name", "tiny");
    w.Uint32(key("block_count"), static_cast<uint32_t>(layers));
    w.Uint32(key("context_length"), static_cast<uint32_t>(context));
    w.Uint32(key("embedding_length"), static_cast<uint32_t>(embedding_length));
    w.Uint32(key("feed_forward_length"), static_cast<uint32_t>(ffn));
    w.Uint32(key("attention.head_count"), static_cast<uint32_t>(heads));
    w.Uint32(key("attention.head_count_kv"), static_cast<uint32_t>(kv_heads));
    if (key_length > 0) w.Uint32(key("attention.key_length"), static_cast<uint32_t>(key_length));
    if (key_length > 0) w.Uint32(key("attention.value_length"), static_cast<uint32_t>(key_length));
    w.Float32(key("attention.layer_norm_rms_epsilon"), 1e-5f);
    w.Float32(key("rope.freq_base"), 10000.0f);
    w.String("tokenizer.ggml.model", "gpt2");
    w.String("tokenizer.ggml.pre", "gpt-2");
    const std::vector<std::string> tokens = Vocabulary();
    w.Strings("tokenizer.ggml.tokens", tokens);
    std::vector<int32_t> types(tokens.size(), 1);
    for (size_t i = kEnd; i < types.size(); ++i) types[i] = 3;
    w.Int32s("tokenizer.ggml.token_type", types);
    w.Strings("tokenizer.ggml.merges", {"a b", "ab c"});
    w.Uint32("tokenizer.ggml.eos_token_id", kEnd);
    w.String("tokenizer.chat_template", "{% for m in messages %}{{ m.content }}{% endfor %}");

    Random random(11);
    const int q = heads * head_dim(), kv = kv_heads * head_dim();
    const auto matrix_of = [&](const std::string& name, TensorType type, int columns, int rows) {
      w.tensors.push_back({name,
                           {static_cast<uint64_t>(columns), static_cast<uint64_t>(rows)},
                           static_cast<uint32_t>(type),
                           RandomTensor(type, rows, columns, 0.15f, random),
                           0,
                           false});
    };
    const auto vector_of = [&](const std::string& name, int n, float base, float spread) {
      std::vector<uint8_t> data(static_cast<size_t>(n) * 4);
      for (int i = 0; i < n; ++i) {
        const float v = base + spread * random.Uniform();
        std::memcpy(&data[static_cast<size_t>(i) * 4], &v, 4);
      }
      w.tensors.push_back({name, {static_cast<uint64_t>(n)}, 0, data, 0, false});
    };
    matrix_of("token_embd.weight", embedding, embedding_length, static_cast<int>(tokens.size()));
    vector_of("output_norm.weight", embedding_length, 1, 0.1f);
    if (!tied) matrix_of("output.weight", TensorType::kQ6_K, embedding_length, static_cast<int>(tokens.size()));
    for (int i = 0; i < layers; ++i) {
      const std::string blk = "blk." + std::to_string(i) + ".";
      vector_of(blk + "attn_norm.weight", embedding_length, 1, 0.1f);
      matrix_of(blk + "attn_q.weight", matrix, embedding_length, q);
      matrix_of(blk + "attn_k.weight", matrix, embedding_length, kv);
      matrix_of(blk + "attn_v.weight", down, embedding_length, kv);
      if (architecture == "qwen2") {
        vector_of(blk + "attn_q.bias", q, 0, 0.5f);
        vector_of(blk + "attn_k.bias", kv, 0, 0.5f);
        vector_of(blk + "attn_v.bias", kv, 0, 0.5f);
      }
      if (architecture == "qwen3") {
        vector_of(blk + "attn_q_norm.weight", head_dim(), 1, 0.5f);
        vector_of(blk + "attn_k_norm.weight", head_dim(), 1, 0.5f);
      }
      matrix_of(blk + "attn_output.weight", matrix, q, embedding_length);
      vector_of(blk + "ffn_norm.weight", embedding_length, 1, 0.1f);
      matrix_of(blk + "ffn_gate.weight", matrix, embedding_length, ffn);
      matrix_of(blk + "ffn_up.weight", matrix, embedding_length, ffn);
      matrix_of(blk + "ffn_down.weight", down, ffn, embedding_length);
    }
    return w;
  }
};

}  // namespace paddock::test
