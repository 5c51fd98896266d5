"""Records perplexity and divergence over score.txt as llama.cpp's logits give them, in perplexity.json.

Needs llama-cpp-python 0.3.36 and numpy, and two files that the product makes of its model of 135M parameters:
  paddock quantize smollm2-135m-instruct --type F16 --out BASE.gguf
  paddock quantize smollm2-135m-instruct --type Q4_0 --out MODEL.gguf
The definitions are those of llama.cpp's perplexity tool; the base is not rounded to 16 bits on the way. With --exact no
activations are rounded either; exact.py says what that needs.
Usage: python perplexity.py [--exact] BASE.gguf MODEL.gguf
"""

import json
import pathlib
import sys

import exact
import llama_cpp
import logits
import numpy as np

HERE = pathlib.Path(__file__).parent
CONTEXT = 512


def load(path):
    if kind == 'exact':
        return exact.load(path, CONTEXT)
    return llama_cpp.Llama(path, n_ctx=CONTEXT, n_batch=CONTEXT, n_threads=1, logits_all=True, verbose=False)


def second_halves(path):
    """[tokens][vocabulary] for the second half of each window, and the tokens that came."""
    llm = load(path)
    ids = llm.tokenize((HERE / 'score.txt').read_bytes(), add_bos=False, special=False)
    rows, came = [], []
    for begin in range(0, len(ids) - CONTEXT + 1, CONTEXT):
        window = ids[begin : begin + CONTEXT]
        rows.append(logits.log_probabilities(llm, window)[CONTEXT // 2 : CONTEXT - 1])
        came += window[CONTEXT // 2 + 1 :]
    return np.concatenate(rows), np.array(came)


kind = 'exact' if sys.argv[1] == '--exact' else 'rounded'
base_path, model_path = sys.argv[-2:]
base, came = second_halves(base_path)
model, _ = second_halves(model_path)
at = np.arange(len(came)), came
kld = np.where(base > -16, np.exp(base) * (base - model), 0).sum(axis=1)
delta = np.exp(model[at]) - np.exp(base[at])
file = HERE / 'perplexity.json'
result = {**json.loads(file.read_text()), 'model': 'smollm2-135m-instruct', 'tokens': len(came)}
result[kind] = {
    'base': float(np.exp(-base[at].mean())),
    'perplexity': float(np.exp(-model[at].mean())),
    'kld': float(kld.mean()),
    'median': float(np.median(kld)),
    'p99': float(np.quantile(kld, 0.99)),
    'rms': float(np.sqrt((delta**2).mean())),
    'sameTop': float((base.argmax(axis=1) == model.argmax(axis=1)).mean()),
}
file.write_text(json.dumps(result, indent=2) + '\n')
print(result)
