"""llama.cpp without rounded activations: what the files themselves say, for record-exact.py and perplexity.py.

Built with a BLAS, it multiplies batches in single precision with dequantized weights; otherwise activations become
8-bit integers, as in any build where few tokens are multiplied or weights are repacked. Needs numpy and
  CMAKE_ARGS="-DGGML_BLAS=ON -DGGML_BLAS_VENDOR=OpenBLAS" \\
    pip install --no-binary llama-cpp-python llama-cpp-python==0.3.36
"""

import ctypes

import llama_cpp


def load(path, n_ctx):
    """A model that rounds no activations where logits.py evaluates it."""
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
