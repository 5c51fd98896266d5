"""Records what PyTorch and PEFT make of the tiny models of native/tests/tiny_model.h, for native/tests/training_test.cc:

    pip install torch transformers peft
    python test/oracle/record-peft.py

Weights and samples come from the same generator as the tests', so the recording holds results only: the first logits
after the last sample without adapters, the losses and gradients of the adapters, and the losses of fifty steps of AdamW.
"""
import pathlib

import numpy
import peft
import torch
import transformers

LAYERS, HIDDEN, FEED_FORWARD, HEADS, KV_HEADS, VOCABULARY = 2, 64, 96, 4, 2, 272
RANK, ALPHA, STEPS, RATE, LOGITS = 4, 8, 50, 5e-3, 80
TESTS = pathlib.Path(__file__).resolve().parents[2] / "native" / "tests"
CONFIGS = {"llama": transformers.LlamaConfig, "qwen2": transformers.Qwen2Config, "qwen3": transformers.Qwen3Config}
HEADS_OF = {"llama": HIDDEN // HEADS, "qwen2": HIDDEN // HEADS, "qwen3": 32}


class Random:
    """native/tests/random.h"""

    def __init__(self, seed):
        self.state = (seed * 2 + 1) % 2**64

    def next(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % 2**32

    def below(self, n):
        return self.next() % n

    def floats(self, *shape, scale):
        count = int(numpy.prod(shape))
        values = [numpy.float32(self.next()) / numpy.float32(2147483648) * numpy.float32(2) - numpy.float32(1)
                  for _ in range(count)]
        return numpy.array(values, dtype=numpy.float32).reshape(shape) * numpy.float32(scale)


def tiny_weights(architecture):
    """The tensors of TinyModel::Writer(), in its order."""
    random = Random(11)
    head = HEADS_OF[architecture]
    q, kv = HEADS * head, KV_HEADS * head
    matrix = lambda rows, columns: random.floats(rows, columns, scale=0.15)
    vector = lambda n, base, spread: numpy.float32(base) + random.floats(n, scale=spread)
    tensors = {"token_embd": matrix(VOCABULARY, HIDDEN), "output_norm": vector(HIDDEN, 1, 0.1)}
    for layer in range(LAYERS):
        put = lambda name, value: tensors.__setitem__(f"{layer}.{name}", value)
        put("attn_norm", vector(HIDDEN, 1, 0.1))
        put("q", matrix(q, HIDDEN))
        put("k", matrix(kv, HIDDEN))
        put("v", matrix(kv, HIDDEN))
        if architecture == "qwen2":
            put("q_bias", vector(q, 0, 0.5))
            put("k_bias", vector(kv, 0, 0.5))
            put("v_bias", vector(kv, 0, 0.5))
        if architecture == "qwen3":
            put("q_norm", vector(head, 1, 0.5))
            put("k_norm", vector(head, 1, 0.5))
        put("o", matrix(HIDDEN, q))
        put("ffn_norm", vector(HIDDEN, 1, 0.1))
        put("gate", matrix(FEED_FORWARD, HIDDEN))
        put("up", matrix(FEED_FORWARD, HIDDEN))
        put("down", matrix(HIDDEN, FEED_FORWARD))
    return tensors


def halves(rows, head):
    """Where llama's files put the two halves of a head's rows in turns, the original has one after the other."""
    order = numpy.arange(rows).reshape(-1, head // 2, 2)
    return numpy.concatenate([order[:, :, 0], order[:, :, 1]], axis=1).reshape(-1)


def build(architecture):
    tensors = tiny_weights(architecture)
    head = HEADS_OF[architecture]
    config = CONFIGS[architecture](
        vocab_size=VOCABULARY, hidden_size=HIDDEN, intermediate_size=FEED_FORWARD, num_hidden_layers=LAYERS,
        num_attention_heads=HEADS, num_key_value_heads=KV_HEADS, head_dim=head, rms_norm_eps=1e-5,
        tie_word_embeddings=True, max_position_embeddings=1024, attn_implementation="eager")
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    order = {"q": halves(HEADS * head, head), "k": halves(KV_HEADS * head, head)} if architecture == "llama" else {}
    with torch.no_grad():
        put = lambda parameter, value: parameter.copy_(torch.from_numpy(value.copy()))
        put(model.model.embed_tokens.weight, tensors["token_embd"])
        put(model.model.norm.weight, tensors["output_norm"])
        for layer, block in enumerate(model.model.layers):
            get = lambda name: tensors[f"{layer}.{name}"]
            for name in "qkvo":
                projection = getattr(block.self_attn, f"{name}_proj")
                put(projection.weight, get(name)[order[name]] if name in order else get(name))
                if projection.bias is not None:
                    put(projection.bias, get(f"{name}_bias"))
            for name in ("q_norm", "k_norm"):
                if hasattr(block.self_attn, name):
                    put(getattr(block.self_attn, name).weight, get(name))
            for name in ("gate", "up", "down"):
                put(getattr(block.mlp, f"{name}_proj").weight, get(name))
            put(block.input_layernorm.weight, get("attn_norm"))
            put(block.post_attention_layernorm.weight, get("ffn_norm"))
    adapted = peft.get_peft_model(model, peft.LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0,
                                                         target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))
    random = Random(17)
    pairs = []
    for layer, block in enumerate(adapted.base_model.model.model.layers):
        for name in "qv":
            module = getattr(block.self_attn, f"{name}_proj")
            a, b = module.lora_A["default"].weight, module.lora_B["default"].weight
            rows = order.get(name, numpy.arange(b.shape[0]))
            with torch.no_grad():
                a.copy_(torch.from_numpy(random.floats(RANK, a.shape[1], scale=0.05)))
                b.copy_(torch.from_numpy(random.floats(RANK, b.shape[0], scale=0.05).T[rows].copy()))
            pairs.append((a, b, rows))
    return adapted, pairs


def samples():
    """Data({23, 12, 40}, 5) of the test: ids below 256, of which the first third does not count."""
    random = Random(5)
    for length in (23, 12, 40):
        ids = torch.tensor([[random.below(256) for _ in range(length)]])
        labels = ids.clone()
        labels[0, : length // 3] = -100
        yield ids, labels


def mean_loss(model):
    total, count = 0, 0
    for ids, labels in samples():
        logits = model(input_ids=ids).logits[0, :-1]
        total = total + torch.nn.functional.cross_entropy(logits, labels[0, 1:], ignore_index=-100, reduction="sum")
        count += int((labels[0, 1:] != -100).sum())
    return total / count


def numbers(values):
    lines = [", ".join(f"{value:.7g}f" for value in values[i : i + 8]) for i in range(0, len(values), 8)]
    return "{\n    " + ",\n    ".join(lines) + "}"


def main():
    torch.manual_seed(0)
    head = ("// Written by test/oracle/record-peft.py with "
            f"PyTorch {torch.__version__.split('+')[0]}, PEFT {peft.__version__}, Transformers {transformers.__version__}.\n"
            "// clang-format off\n"
            "#pragma once\n")
    for architecture in CONFIGS:
        model, pairs = build(architecture)
        with torch.no_grad(), model.disable_adapter():
            logits = model(input_ids=list(samples())[-1][0]).logits[0, -1, :LOGITS].tolist()
        loss = mean_loss(model)
        loss.backward()
        gradient = []
        for a, b, rows in pairs:
            back = numpy.empty_like(b.grad.numpy())
            back[rows] = b.grad.numpy()
            gradient += a.grad.numpy().reshape(-1).tolist() + back.T.reshape(-1).tolist()
        parameters = [p for pair in pairs for p in pair[:2]]
        optimizer = torch.optim.AdamW(parameters, lr=RATE, weight_decay=0.0)
        curve = []
        for _ in range(STEPS):
            optimizer.zero_grad()
            step_loss = mean_loss(model)
            step_loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            curve.append(step_loss.item())
        recorded = {"Logits": logits, "Gradient": gradient, "Losses": curve}
        arrays = [f"\nconst float k{architecture.capitalize()}{name}[] = {numbers(values)};\n"
                  for name, values in recorded.items()]
        (TESTS / f"peft_{architecture}.h").write_text(head + "".join(arrays))
        print(f"{architecture}: loss {loss.item():.6f}, after {STEPS} steps {curve[-1]:.6f}")


main()
