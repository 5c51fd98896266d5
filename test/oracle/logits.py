"""What a loaded model says of given tokens, in nats."""

import numpy as np

LEAST_BATCH = 32  # with fewer tokens llama.cpp does not use a BLAS


def log_probabilities(llm, ids):
    """[ids][vocabulary]: of what follows each of the ids."""
    # What comes behind a token changes nothing about it.
    rest = len(ids) % llm.n_batch
    llm.reset()
    llm.eval(ids + [ids[-1]] * (LEAST_BATCH - rest if 0 < rest < LEAST_BATCH else 0))
    logits = llm.scores[: len(ids)].astype(np.float64)
    peak = logits.max(axis=1, keepdims=True)
    return logits - peak - np.log(np.exp(logits - peak).sum(axis=1, keepdims=True))


def likelihoods(llm, ids):
    """The negative log-likelihood of each id but the first, given those before it."""
    rows = log_probabilities(llm, ids[:-1])
    return [round(float(x), 5) for x in -rows[np.arange(len(ids) - 1), ids[1:]]]
