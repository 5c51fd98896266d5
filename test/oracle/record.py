"""Records what llama.cpp answers, so that the engine can be compared with it without building it each time.

Needs the Python package llama-cpp-python 0.3.36 and numpy. For each model it writes recorded/NAME.json:
  texts    base64 of the bytes, their ids with and without control tokens parsed
  score    ids of score.txt (at most 2,001) and the negative log-likelihood in nats of each but the first
  greedy   for some prompts the ids, the greedy continuation, and at each step the margin of the best logit
  spread   what changes when the reference's attention takes its other path: the mean absolute difference of the
           likelihoods, and the most that the margin between the two best tokens moves. int8 activations turn the
           last bit of a float into a whole step here and there, so two right implementations lie this far apart.
and record-exact.py adds what `exact` is there.
Usage: python record.py MODEL.gguf NAME
"""

import base64
import pathlib
import sys

import llama_cpp
import numpy as np
import recording
from logits import likelihoods
from texts import all_texts

HERE = pathlib.Path(__file__).parent
PROMPTS = [
    'The capital of France is', 'def quicksort(items):\n', 'Once upon a time, in a small village,', '#include <stdio.h>\n\nint main() {\n', 'import numpy as np\n\n# Compute the mean of an array\n',
    '今天天气', 'SELECT name FROM users WHERE', 'function debounce(fn, ms) {\n', 'Q: What is 17 + 25?\nA:', 'The three laws of thermodynamics are',
    '<|im_start|>user\nWrite a Python function that reverses a string.<|im_end|>\n<|im_start|>assistant\n',
    '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nExplain what a hash map is.<|im_end|>\n<|im_start|>assistant\n',
]
GREEDY_TOKENS = 48


def load(path, flash_attn, n_ctx=2304):
    # One thread: the reference spins at barriers, which takes minutes beside anything else.
    return llama_cpp.Llama(path, n_ctx=n_ctx, n_batch=512, n_threads=1, logits_all=True, flash_attn=flash_attn, verbose=False)


def record(path, flash_attn):
    """Ids of the texts, score and greedy continuations, computed by one of the reference's two attention paths."""
    llm = load(path, flash_attn)

    def tokenize(data, special):
        return list(llm.tokenize(data, add_bos=False, special=special)) if data else []

    texts = [{'bytes': base64.b64encode(t).decode(), 'plain': tokenize(t, False), 'special': tokenize(t, True)} for t in all_texts()]

    ids = tokenize((HERE / 'score.txt').read_bytes(), False)[:2001]
    nll = likelihoods(llm, ids)

    greedy = []
    for prompt in PROMPTS:
        prompt_ids = tokenize(prompt.encode(), True)
        llm.reset()
        llm.eval(prompt_ids)
        tokens, margins = [], []
        for _ in range(GREEDY_TOKENS):
            row = llm.scores[llm.n_tokens - 1]
            best = int(row.argmax())
            two = np.partition(row, -2)[-2:]
            tokens.append(best)
            margins.append(round(float(two[1] - two[0]), 4))
            llm.eval([best])
        greedy.append({'prompt': prompt, 'ids': prompt_ids, 'tokens': tokens, 'margins': margins})
    return texts, {'ids': ids, 'nll': nll}, greedy


def rows_along(path, flash_attn, greedy):
    """Logits at every greedy choice, with the recorded tokens given: one array [choices, vocabulary] per prompt."""
    llm = load(path, flash_attn, n_ctx=512)
    out = []
    for one in greedy:
        ids = one['ids'] + one['tokens'][:-1]
        llm.reset()
        llm.eval(ids)
        out.append(llm.scores[len(one['ids']) - 1 : len(ids)].copy())
    return out


def margin_spread(path, greedy):
    """How far the reference's other attention path moves the margin between the two best tokens, at most."""
    largest = 0.0
    for on, off in zip(rows_along(path, True, greedy), rows_along(path, False, greedy)):
        two = np.argpartition(on, -2, axis=1)[:, -2:]
        one = np.diff(np.take_along_axis(on, two, axis=1), axis=1)
        other = np.diff(np.take_along_axis(off, two, axis=1), axis=1)
        largest = max(largest, float(np.abs(one - other).max()))
    return round(largest, 4)


def main():
    path, name = sys.argv[1:]
    # Flash attention is what llama.cpp itself chooses.
    texts, score, greedy = record(path, True)
    _, other_score, _ = record(path, False)
    nll = float(np.abs(np.array(score['nll']) - np.array(other_score['nll'])).mean())
    out = {
        'reference': f'llama.cpp in llama-cpp-python {llama_cpp.__version__}',
        'texts': texts,
        'score': score,
        'greedy': greedy,
        'spread': {'nll': round(nll, 5), 'margin': margin_spread(path, greedy)},
    }
    recording.write(name, out)


if __name__ == '__main__':
    main()
