"""Training speed of PyTorch and PEFT on the shapes of a model; weights are random, which changes no time.

    train_peft.py '{"architecture": "qwen2", "hidden": 896, ...}' bfloat16|float32 TOKENS RANK TARGETS SECONDS THREADS

Prints one JSON line: tokens per second of each step after the first, and the peak of resident memory while training.
"""
import json
import sys
import time

import peft
import torch
import transformers

shape, precision, tokens, rank, targets, seconds, threads = sys.argv[1:8]
shape, tokens = json.loads(shape), int(tokens)
torch.set_num_threads(int(threads))
torch.manual_seed(0)
make = {"llama": transformers.LlamaConfig, "qwen2": transformers.Qwen2Config,
        "qwen3": transformers.Qwen3Config}[shape["architecture"]]
config = make(vocab_size=shape["vocabulary"], hidden_size=shape["hidden"], intermediate_size=shape["feedForward"],
              num_hidden_layers=shape["layers"], num_attention_heads=shape["heads"],
              num_key_value_heads=shape["kvHeads"], tie_word_embeddings=True, use_cache=False,
              head_dim=shape.get("headSize") or shape["hidden"] // shape["heads"])
model = transformers.AutoModelForCausalLM.from_config(config, dtype=getattr(torch, precision))
modules = ["q_proj", "v_proj"] if targets == "qv" else "all-linear"
model = peft.get_peft_model(model, peft.LoraConfig(r=int(rank), lora_alpha=32, lora_dropout=0.0,
                                                   target_modules=modules, task_type="CAUSAL_LM"))
model.train()
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-5)


def step():
    ids = torch.randint(0, shape["vocabulary"], (1, tokens))
    model(input_ids=ids, labels=ids).loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def resident():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024


open("/proc/self/clear_refs", "w").write("5")
step()
speeds, begin = [], time.perf_counter()
while not speeds or time.perf_counter() - begin < float(seconds):
    start = time.perf_counter()
    step()
    speeds.append(tokens / (time.perf_counter() - start))
print(json.dumps({"tokensPerSecond": speeds, "peakBytes": resident()}))
