"""llama.cpp without rounded activations: what the files themselves say, for record-exact.py and perplexity.py.

Built with a BLAS, it multiplies batches in single precision with dequantized weights; otherwise activations become
8-bit integers, as in any build where few tokens are multiplied or weights are repacked. Needs numpy and
  CMAKE_ARGS="-DGGML_BLAS=ON -DGGML_BLAS_VENDOR=OpenBLAS" \\
    pip install --no-binary llama-cpp-python llama-cpp-python==0.3.36
"""

import ctypes

import llama_cpp
import numpy as np

LEAST_BATCH = 32  # with fewer tokens it does not use the BLAS


def load(path, n_ctx):
    """A model whose eval() of at least LEAST_BATCH tokens rounds no activations."""
    find = llama_cpp.llama_cpp._lib.ggml_backend_reg_by_name
    find.restype, find.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    if not find(b'BLAS'):
        raise SystemExit('This llama-cpp-python was built without BLAS; see exact.py.')
    defaults = llama_cpp.llama_cpp.llama_model_default_params

    def not_repacked():
        params = defaults()
        params.use_extra_bufts = False
        return params

    llama_cpp.llama_cpp.llama_model_default_params = not_repacked
    try:
        return llama_cpp.Llama(path, n_ctx=n_ctx, n_batch=512, n_threads=1, logits_all=True, flash_attn=True, verbose=False)
    finally:
        llama_cpp.llama_cpp.llama_model_default_params = defaults


def log_probabilities(llm, ids):
    """[ids][vocabulary]: of what follows each of the ids, in nats."""
    # What comes behind a token changes nothing about it.
    rest = len(ids) % llm.n_batch
    llm.reset()
    llm.eval(ids + [ids[-1]] * (LEAST_BATCH - rest if 0 < rest < LEAST_BATCH else 0))
    logits = llm.scores[: len(ids)].astype(np.float64)
    peak = logits.max(axis=1, keepdims=True)
    return logits - peak - np.log(np.exp(logits - peak).sum(axis=1, keepdims=True))
