"""Adds to recorded/NAME.json what llama.cpp answers where no activation is rounded:
  exact.nll     the likelihoods of the ids of `score`
  exact.greedy  the greedy continuations of the prompts of `greedy`, with the margin of the best logit at each step
See exact.py for what it needs.
Usage: python record-exact.py NAME MODEL.gguf
"""

import sys

import exact
import logits
import numpy as np
import recording


def continue_greedily(llm, prompt, guess):
    """As many tokens as `guess` has, and margins in nats. Only the time depends on how good the guess is."""
    tokens, margins = [], []
    while len(tokens) < len(guess):
        tried = guess[len(tokens) :] if tokens == guess[: len(tokens)] else []
        rows = logits.log_probabilities(llm, prompt + tokens + tried)
        for row in rows[len(prompt) + len(tokens) - 1 :][: len(guess) - len(tokens)]:
            second, first = np.partition(row, -2)[-2:]
            tokens.append(int(row.argmax()))
            margins.append(round(float(first - second), 4))
            if tokens[-1] != guess[len(tokens) - 1]:
                break
    return tokens, margins


def main():
    name, path = sys.argv[1:]
    recorded = recording.read(name)
    llm = exact.load(path, n_ctx=2304)
    nll = logits.likelihoods(llm, recorded['score']['ids'])
    greedy = []
    for one in recorded['greedy']:
        tokens, margins = continue_greedily(llm, one['ids'], one['tokens'])
        greedy.append({'prompt': one['prompt'], 'ids': one['ids'], 'tokens': tokens, 'margins': margins})
    recorded['exact'] = {'nll': nll, 'greedy': greedy}
    recording.write(name, recorded)


if __name__ == '__main__':
    main()
